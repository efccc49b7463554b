"""What the movie has to say in a report."""

from collections.abc import Iterator

from cellstorm.movie.description import CodecSummary, MovieDescription
from cellstorm.report.movie_look import MovieLook
from cellstorm.report.parts import Number, Section, Untold, as_text

__all__ = ["movie_section"]


def movie_section(movie: MovieLook) -> Section:
    """Size, coding, clipping, and the rhythm of the frames."""
    numbers: list[Number] = []
    readings: list[str] = []
    description = movie.description
    if isinstance(description, Untold):
        numbers.append(Number("movie", "", "", untold=description.why))
    else:
        numbers += _of_the_file(description)
        readings.append(f"{movie.name}: {_coding(description)}")
    if isinstance(movie.widefield, Untold):
        numbers.append(Number("widefield picture", "", "", untold=movie.widefield.why))
    rhythm, counts = movie.rhythm, movie.key_frames
    if isinstance(rhythm, Untold):
        numbers.append(Number("rhythm of the frames", "", "", untold=rhythm.why))
    else:
        numbers.append(
            Number(
                "background from frame to frame",
                as_text(rhythm.spread_adu, 2),
                "ADU",
                "standard deviation of the offsets, beyond their own error",
            )
        )
        if rhythm.key_frame_dip_adu is not None:
            numbers.append(
                Number(
                    "background of key frames",
                    _signed(rhythm.key_frame_dip_adu),
                    "ADU",
                    "over other frames",
                    as_text(rhythm.key_frame_dip_error_adu or 0.0, 1),
                )
            )
    if isinstance(counts, Untold):
        numbers.append(Number("localizations in key frames", "", "", untold=counts.why))
    else:
        numbers.append(
            Number(
                "localizations in key frames",
                _signed(100 * counts.change),
                "%",
                f"beside the frames around them; {counts.key_frames} compared",
                as_text(100 * counts.error, 2),
            )
        )
    return Section("movie", "What was filmed?", tuple(readings), tuple(numbers))


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{as_text(abs(value), 2)}"


def _of_the_file(movie: MovieDescription) -> Iterator[Number]:
    yield Number("size", f"{movie.width_px} × {movie.height_px}", "px")
    yield Number("length", f"{movie.frames:,}", "frames", movie.format)
    if movie.frame_rate_hz is not None:
        yield Number("frame rate", as_text(movie.frame_rate_hz), "frames per second")
    yield Number("grey values", str(movie.bit_depth), "bit", movie.dtype)
    grey = movie.grey
    yield Number(
        "grey range",
        f"{grey.minimum:.5g} to {grey.maximum:.5g}",
        "ADU",
        f"median {grey.median:.5g}, from {grey.frames} frames",
    )
    black = max(grey.share_at_zero, grey.share_at_black or 0.0)
    white = max(grey.share_at_maximum, grey.share_at_white or 0.0)
    yield Number("at the black end", as_text(100 * black, 2), "%", "of the pixels")
    yield Number("at the white end", as_text(100 * white, 2), "%", "of the pixels")
    if movie.codec is not None:
        yield from _of_the_codec(movie.codec)


def _of_the_codec(codec: CodecSummary) -> Iterator[Number]:
    yield Number("bits", as_text(codec.bits_per_pixel, 2), "per pixel", codec.codec)
    yield Number("bit rate", as_text(codec.bit_rate_bits_per_s / 1e6), "Mbit/s")
    yield Number(
        "key frames", f"{codec.key_frames:,}", "frames", f"{codec.gop_length_frames} frames apart"
    )
    if codec.quantiser_step_adu is not None and codec.median_qp is not None:
        yield Number(
            "quantiser step",
            as_text(codec.quantiser_step_adu),
            "ADU",
            f"median QP {codec.median_qp:.3g}",
        )


def _coding(movie: MovieDescription) -> str:
    if movie.codec is None:
        return f"{movie.format}, not compressed."
    return (
        f"{movie.format}, {as_text(movie.codec.bits_per_pixel, 2)} bits per pixel: what the"
        " encoder threw away no method brings back."
    )
