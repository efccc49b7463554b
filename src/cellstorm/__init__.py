"""From a compressed video of blinking molecules to a super-resolved picture.

The rooms, in the order the data passes through them: ``movie`` (frames and codec
facts), ``camera`` (grey values to photoelectrons), ``localize`` (frames to
molecules), ``localizations`` (the one table and its file formats), ``render``
(table to picture), ``evaluate`` (how good is it), ``run`` (the whole pipeline).
"""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("cellstorm")
