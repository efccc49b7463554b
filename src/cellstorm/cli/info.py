"""``cellstorm info``: what a movie or a table is, for a person or a program."""

import dataclasses
import json as json_format
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cellstorm.cli.facts_grid import print_facts
from cellstorm.cli.table_info import print_table_info
from cellstorm.localizations.formats import is_table
from cellstorm.movie import open_movie
from cellstorm.movie.description import (
    CodecSummary,
    GreySample,
    MovieDescription,
    describe_movie,
    range_limits,
)

__all__ = ["info"]

_LOSSLESS = frozenset({"ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "png", "magicyuv"})
_TRANSFER_CURVES = {
    "unknown": "not flagged (phones mean the BT.709 camera curve)",
    "bt709": "BT.709 camera curve",
    "smpte170m": "BT.601 camera curve (the same as BT.709)",
    "iec61966_2_1": "sRGB",
    "linear": "linear",
    "gamma22": "gamma 2.2",
    "gamma28": "gamma 2.8",
    "smpte2084": "PQ (HDR)",
    "arib_std_b67": "HLG (HDR)",
    "bt2020_10": "BT.2020 camera curve",
    "bt2020_12": "BT.2020 camera curve",
}


def info(movie: Path, /, *, json: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Say what a movie is: frames, times, codec, grey values, pixel size.

    Reads the head of the file and a sample of at most 64 frames. Of a table of molecules:
    its format, origin, field, frames and columns.

    Parameters
    ----------
    movie
        Any video, TIFF, Zarr or camera file, or a folder of TIFFs; or a table.
    json
        Print one JSON object instead of a table.
    """
    if is_table(movie):
        print_table_info(movie, as_json=json)
        return
    with open_movie(movie) as opened:
        description = describe_movie(opened)
    if json:
        print(json_format.dumps(dataclasses.asdict(description), indent=2))
        return
    print_facts(_lines(description), description.notices)


def _lines(movie: MovieDescription) -> Iterator[tuple[str, str]]:
    if movie.path is not None:
        yield "file", movie.path
    yield "format", movie.format
    yield "size", f"{movie.width_px} x {movie.height_px} px"
    yield "frames", f"{movie.frames}"
    if movie.duration_s is not None and movie.frame_rate_hz is not None:
        yield "duration", _duration(movie.duration_s)
        rate = f"{movie.frame_rate_hz:.4g} per second"
        if movie.variable_frame_rate:
            rate += f", variable (longest gap {movie.longest_gap_s:.3g} s)"
        yield "frame rate", rate
    yield "grey values", f"{movie.bit_depth} bit, {movie.dtype}"
    if movie.codec is not None:
        yield from _codec_lines(movie.codec, movie.bit_depth, movie.frames)
    yield from _grey_lines(movie.grey, movie.codec, movie.bit_depth)
    size = movie.pixel_size_nm
    yield "pixel size", f"{size:.4g} nm" if size else "unknown (give it with --pixel-size-nm)"


def _codec_lines(codec: CodecSummary, bit_depth: int, frames: int) -> Iterator[tuple[str, str]]:
    name = f"{codec.codec} {codec.profile}".strip()
    yield "codec", f"{name}, {codec.pixel_format}, blocks of {codec.block_size_px} px"
    black, white = range_limits(codec.color_range, bit_depth)
    yield (
        "colour range",
        {
            "limited": f"limited: {black} is black, {white} is white",
            "full": f"full: {black} is black, {white} is white",
        }.get(
            codec.color_range, f"not flagged (players take {black} for black, {white} for white)"
        ),
    )
    yield "tone curve", _TRANSFER_CURVES.get(codec.transfer, codec.transfer)
    if codec.rotation_deg:
        yield (
            "rotation",
            f"shown turned {codec.rotation_deg} degrees clockwise (frames are left as stored)",
        )
    if codec.key_frames == frames:
        yield "key frames", "every frame stands alone"
    else:
        apart = f", typically {codec.gop_length_frames} frames apart"
        yield "key frames", f"{codec.key_frames}{apart if codec.key_frames > 1 else ''}"
    if codec.picture_type_shares:
        yield (
            "pictures",
            ", ".join(f"{share:.0%} {kind}" for kind, share in codec.picture_type_shares.items()),
        )
    if codec.median_qp is not None and codec.quantiser_step_adu is not None:
        yield (
            "quantiser",
            f"QP {codec.median_qp:.3g} (median),"
            f" steps of {codec.quantiser_step_adu:.3g} grey values",
        )
    yield (
        "compression",
        f"{codec.bits_per_pixel:.2g} bits per pixel,"
        f" {codec.bit_rate_bits_per_s / 1e6:.3g} Mbit/s: {_strength(codec)}",
    )


def _strength(codec: CodecSummary) -> str:
    """What bits per pixel do to dim molecules, in words.

    The limits follow the measured loss of molecules of H.264 phone movies: little down
    to about 1 bit per pixel, half of the efficiency gone at 0.1.
    """
    if codec.codec in _LOSSLESS:
        return "lossless"
    for limit, words in (
        (2.0, "lightly compressed"),
        (0.5, "moderately compressed"),
        (0.15, "strongly compressed, dim molecules suffer"),
    ):
        if codec.bits_per_pixel >= limit:
            return words
    return "very strongly compressed, dim molecules are lost"


def _grey_lines(
    grey: GreySample, codec: CodecSummary | None, bit_depth: int
) -> Iterator[tuple[str, str]]:
    yield (
        "grey range",
        f"{grey.minimum:.5g} to {grey.maximum:.5g}, median {grey.median:.5g},"
        f" 1 % below {grey.percentile_1:.5g}, 1 % above {grey.percentile_99:.5g}"
        f" ({grey.frames} frames)",
    )
    clipped = f"{_percent(grey.share_at_zero)} at 0"
    if bit_depth <= 16:
        clipped += f", {_percent(grey.share_at_maximum)} at {(1 << bit_depth) - 1}"
    if codec is not None and codec.color_range != "full":
        black, white = range_limits(codec.color_range, bit_depth)
        clipped += (
            f"; {_percent(grey.share_at_black or 0.0)} at or below {black},"
            f" {_percent(grey.share_at_white or 0.0)} at or above {white}"
        )
    yield "clipped", clipped


def _percent(share: float) -> str:
    return "none" if share == 0 else f"{100 * share:.3g} %"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {rest:.1f} s" if minutes else f"{rest:.3g} s"
