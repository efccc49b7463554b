"""Compiled kernels are made anew when any kernel's source is newer than they are.

Numba keeps a compiled function as long as the file it stands in is unchanged, also when a
function that it calls, in another file, has changed.
"""

from pathlib import Path

import cellstorm


def pytest_configure() -> None:
    """Take stale compiled kernels away."""
    package = Path(cellstorm.__file__).parent
    compiled = [*package.rglob("__pycache__/*.nbi"), *package.rglob("__pycache__/*.nbc")]
    newest_source = max(path.stat().st_mtime for path in package.rglob("*.py"))
    if any(path.stat().st_mtime < newest_source for path in compiled):
        for path in compiled:
            path.unlink(missing_ok=True)
