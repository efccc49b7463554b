"""What is said of a file that ends too early."""

from pathlib import Path

from cellstorm.errors import MovieError

__all__ = ["truncated_file", "truncation_notice"]


def truncated_file(kind: str, path: Path | None, readable: int, frames: int) -> MovieError:
    """The error for reading past the last whole frame.

    Parameters
    ----------
    kind
        ``"video"``, ``"TIFF"``: what the file is called.
    path
        The file.
    readable
        Number of whole frames.
    frames
        Number of frames that the file announces.
    """
    return MovieError(
        f"the {kind} ends in the middle of frame {readable + 1} of {frames} (truncated file).",
        where=path,
        todo=(
            f"The first {readable} frames are readable: run again with --frames 0:{readable}."
            if readable
            else "Copy the file again from where it came from."
        ),
    )


def truncation_notice(readable: int, frames: int) -> str:
    """The notice given when such a file is opened."""
    return f"The file is truncated: the first {readable} of {frames} frames are readable."
