"""Pairs from a real movie and a table of its molecules."""

from cellstorm.camera import Camera
from cellstorm.localizations import Localizations
from cellstorm.movie import Movie
from cellstorm.train.pairs.alignment import check_alignment
from cellstorm.train.pairs.recording import PairedRecording
from cellstorm.train.pairs.table_rows import molecules_of

__all__ = ["experimental_recording"]


def experimental_recording(
    movie: Movie,
    table: Localizations,
    camera: Camera,
    *,
    frames: tuple[int, int] | None = None,
    pixel_size_nm: float | None = None,
) -> PairedRecording:
    """Frames of a movie with the molecules that a table says are in them.

    The table may be our own (``gaussian`` at a high threshold, on a movie under good
    conditions) or imported. It is compared with the frames before it is believed.

    Parameters
    ----------
    movie
        The movie; the frames are held in memory.
    table
        Molecules with their photons.
    camera
        Of the movie.
    frames
        First and last (exclusive) frame; all when None.
    pixel_size_nm
        Edge of a pixel, nm; the table's own when None.

    Raises
    ------
    TableError
        The table has no photons, no molecule in these frames, or no pixel size.
    MisalignedPairs
        The molecules do not lie where the frames show light.
    MovieError
        The movie cannot be read.
    """
    first, last = frames if frames is not None else (0, movie.shape[0])
    found = molecules_of(table, first, last, pixel_size_nm=pixel_size_nm, name=movie.name)
    shown = movie.read_chunk(first, last)
    shift = (0, 0) if shown.coding is None else shown.coding.grid_offset_px
    recording = PairedRecording.of(
        shown.frames,
        camera,
        frame=found.frame,
        x_px=found.x_px,
        y_px=found.y_px,
        photons=found.photons,
        origin="experimental",
        name=movie.name,
        grid_shift_px=shift,
    )
    check_alignment(recording)
    return recording
