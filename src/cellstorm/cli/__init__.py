"""The command line: ``cellstorm info | localize | render | convert | demo``.

One module a verb, loaded when that verb is called, so that ``--help`` comes at once. In go
the words of the command line, out comes an exit code: 0, 2 for what the person can put
right (one sentence on stderr, no traceback), 130 after Ctrl-C.
"""

from cellstorm.cli.application import main

__all__ = ["main"]
