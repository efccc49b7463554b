"""Movies that would have other files opened: a way to read what nobody gave away."""

import os
import re
from pathlib import Path

import av
import tifffile

from cellstorm.errors import MovieError
from cellstorm.movie.sniff import Kind, kind_of_content, kind_of_name

__all__ = ["refuse_outside_references"]

# Containers that hold their frames themselves, by ffmpeg's names. Not among them: play lists
# and descriptions of streams (hls, dash, concat, sdp, imf), whose files can be anywhere.
_CONTAINERS = ",".join(
    "mov mp4 m4a 3gp 3g2 mj2 matroska webm avi mpegts mpegtsraw mpeg mpegvideo asf flv ogg gif apng"
    " h264 hevc ivf mjpeg mjpeg_2000 yuv4mpegpipe m4v av1 obu nut mxf dv vc1 rm wtv png_pipe"
    " jpeg_pipe bmp_pipe".split()
)
_TO_OTHER_FILES = re.compile(r'(?:FileName|MetadataFile)\s*=\s*["\']([^"\']*)["\']')
_TODO = "Save it as one file that holds its frames itself (MP4, TIFF)."


def refuse_outside_references(movie: Path) -> None:
    """Refuse a movie that names files elsewhere as its frames.

    Parameters
    ----------
    movie
        A file or the folder of one.

    Raises
    ------
    MovieError
        It is a play list, a TIFF whose description leads to other folders, or a folder with
        links out of it.
    """
    if movie.is_dir():
        _refuse_links_out(movie)
        return
    try:
        with movie.open("rb") as file:
            head = file.read(4096)
    except OSError:
        # whoever opens it says so
        return
    held = kind_of_content(head, movie) or kind_of_name(movie) or Kind.VIDEO
    if held is Kind.VIDEO:
        _refuse_play_lists(movie)
    elif held is Kind.TIFF:
        _refuse_far_parts(movie)


def _refuse_play_lists(movie: Path) -> None:
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        with av.open(f"file:{movie}", options=options, metadata_errors="ignore"):
            pass
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MovieError(
            "this is no video of a kind that holds its frames itself, or it is damaged.",
            where=movie,
            todo=_TODO,
        ) from error


def _refuse_far_parts(movie: Path) -> None:
    try:
        # the first page only: nothing that it refers to is opened
        with tifffile.TiffFile(movie) as tif:
            described = tif.pages.first.description
    except Exception:  # damage, of whatever class: the reader describes it
        return
    for name in _TO_OTHER_FILES.findall(described):
        if "/" in name or "\\" in name or name in ("", "."):
            raise MovieError(
                "the TIFF's description leads to files in other folders.", where=movie, todo=_TODO
            )


def _refuse_links_out(folder: Path) -> None:
    root = folder.resolve()
    for place, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(place, name)
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise MovieError("the folder holds links that lead out of it.", where=folder)
