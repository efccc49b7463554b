"""Any black-and-white picture as a structure."""

import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydantic import Field

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import label_count, positions

__all__ = ["ImageStructure"]

_LOGO = Path(__file__).with_name("logo.png")


class ImageStructure(AxialExtent):
    """Labels all over the foreground of a PNG, which is fitted into the field.

    The picture keeps its proportions and stands in the middle. Grey is taken as the
    nearer of black and white, transparent pixels as background.
    """

    kind: Literal["image"] = "image"
    path: str = Field("logo", min_length=1, description="a PNG file, or logo for our own")
    foreground: Literal["white", "black"] = Field("white", description="what carries labels")
    fill: float = Field(
        0.95, gt=0, le=1, description="share of the field's edge that the picture spans"
    )
    labels_per_um2: float = Field(2000.0, gt=0, le=1e5, description="labels per um2 of foreground")

    def sites(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        """Where labels sit.

        Parameters
        ----------
        view
            The field to fill.
        random
            Source of all randomness.

        Returns
        -------
        NDArray[np.float64]
            ``(n, 3)`` x, y, z in nm, inside the field; one at least.

        Raises
        ------
        ConfigurationError
            The picture cannot be found, is not a PNG, or has no foreground.
        """
        mask = self.mask()
        height_px, width_px = mask.shape
        scale_nm = self.fill * min(view.width_nm / width_px, view.height_nm / height_px)
        row, column = np.nonzero(mask)
        count = label_count(self.labels_per_um2, row.size * scale_nm**2 / 1e6)
        chosen = random.integers(row.size, size=count)
        within = random.random((count, 2))
        left_nm = (view.width_nm - scale_nm * width_px) / 2.0
        top_nm = (view.height_nm - scale_nm * height_px) / 2.0
        x_nm = left_nm + scale_nm * (column[chosen] + within[:, 0])
        y_nm = top_nm + scale_nm * (row[chosen] + within[:, 1])
        # a picture that spans the whole field ends at its edge but for rounding
        return positions(
            np.clip(x_nm, 0.0, np.nextafter(view.width_nm, 0.0)),
            np.clip(y_nm, 0.0, np.nextafter(view.height_nm, 0.0)),
            self.heights_nm(count, random),
        )

    def mask(self) -> NDArray[np.bool_]:
        """Where the picture's foreground is, ``(height, width)``.

        Raises
        ------
        ConfigurationError
            The picture cannot be found, is not a PNG, or has no foreground.
        """
        path = _LOGO if self.path == "logo" else Path(self.path)
        mask = _foreground(path, self.foreground)
        if not mask.any():
            other = "black" if self.foreground == "white" else "white"
            raise ConfigurationError(
                f"the picture has no {self.foreground} pixel.",
                where=path,
                todo=f"Choose a picture with some, or structure.foreground={other}.",
            )
        return mask


def _foreground(path: Path, foreground: Literal["white", "black"]) -> NDArray[np.bool_]:
    allowed = "structure.path takes a black-and-white PNG file, or logo."
    try:
        # only warned about by Pillow: a few kilobytes that unpack to gigabytes
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            with Image.open(path, formats=["PNG"]) as image:
                deep = image.mode.startswith("I")
                levels = np.asarray(image if deep else image.convert("LA"))
    except FileNotFoundError as error:
        raise ConfigurationError("there is no such picture.", where=path, todo=allowed) from error
    except UnidentifiedImageError as error:
        raise ConfigurationError("this is not a PNG picture.", where=path, todo=allowed) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ConfigurationError(
            "the picture is too large.", where=path, todo="Scale it to some thousand pixels a side."
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ConfigurationError(
            f"the picture cannot be read ({error}).", where=path, todo=allowed
        ) from error
    if deep:
        white: NDArray[np.bool_] = levels >= 2**15
        return white if foreground == "white" else ~white
    opaque = levels[..., 1] >= 128
    white = levels[..., 0] >= 128
    return opaque & (white if foreground == "white" else ~white)
