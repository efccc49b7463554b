"""The file formats of the table: every module here that defines ``FORMAT`` is one.

A format's module turns that format's names, units, origin and frame base into ours and
back; nothing outside this folder knows about them.
"""

from cellstorm.localizations.formats._registry import (
    format_for_reading,
    format_for_writing,
    formats,
    is_named_after,
    is_table,
)

__all__ = ["format_for_reading", "format_for_writing", "formats", "is_named_after", "is_table"]
