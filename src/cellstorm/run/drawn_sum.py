"""The sum of what a localizer drew of every frame, as a picture beside the table."""

from pathlib import Path

import numpy as np

from cellstorm.errors import OutputError
from cellstorm.localize.localizer import Drawing, Localizer
from cellstorm.render import Picture, save_picture
from cellstorm.run.kept_sum import KeptSum
from cellstorm.run.plan import Plan

__all__ = ["DrawnSum", "drawn_path", "draws"]

# half a gigabyte as double precision; of larger fields there is the table
_MOST_PIXELS = 1 << 26


def draws(localizer: Localizer, plan: Plan) -> bool:
    """Whether there is a picture to sum, of a size that memory holds."""
    if not isinstance(localizer, Drawing):
        return False
    x0, x1, y0, y1 = plan.request.region
    return (x1 - x0) * (y1 - y0) * localizer.factor**2 <= _MOST_PIXELS


def drawn_path(table: Path) -> Path:
    """Where the sum lies beside a table."""
    return table.with_suffix(".sum.tif")


class DrawnSum(KeptSum):
    """What Diederich et al. 2019 show: all frames as a network drew them, added up.

    Parameters
    ----------
    plan
        Of the run.
    folder
        Of the unfinished run.
    factor
        Pixels of the drawing along one of the frame.
    """

    def __init__(self, plan: Plan, folder: Path, factor: int) -> None:
        x0, x1, y0, y1 = plan.request.region
        super().__init__(folder, "drawn", (factor * (y1 - y0), factor * (x1 - x0)))
        self._plan = plan
        self._factor = factor

    def take_up(self, chunks: int) -> None:
        """Go on from the sum of the first ``chunks`` chunks.

        Raises
        ------
        OutputError
            It is lost, and with it what those frames looked like.
        """
        if not self.restored(chunks):
            raise OutputError(
                "the sum of what was drawn so far is lost.",
                where=self._folder,
                todo="Begin again with --restart.",
            )

    def write(self, path: Path) -> None:
        """Write the sum as a TIFF of floating-point numbers.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        x0, _, y0, _ = self._plan.request.region
        size_nm = self._plan.pixel_size_nm
        picture = Picture(
            values=self.values.astype(np.float32),
            pixel_nm=size_nm / self._factor,
            origin_nm=(x0 * size_nm, y0 * size_nm),
            label=f"sum of {self._plan.frames_total} frames of {self._plan.movie_name} as drawn",
        )
        save_picture(picture, path)
