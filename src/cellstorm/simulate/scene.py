"""The sample as light sees it, before any camera: molecules and background, in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.simulate.background import Background, BackgroundLight
from cellstorm.simulate.drift import Drift
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.photophysics import Photophysics
from cellstorm.simulate.random_streams import RandomStreams
from cellstorm.simulate.structures import Structure
from cellstorm.simulate.truth import TRUTH_SCHEMA

__all__ = ["ActiveMolecules", "Scene"]


@dataclass(frozen=True)
class ActiveMolecules:
    """The molecules that shine in a block of frames, one row per molecule and frame.

    Attributes
    ----------
    frames
        First frame of the block and the one after its last.
    molecule, frame
        ``(rows,)`` int64: which one, and when (frames from 0, rising).
    x_nm, y_nm, z_nm
        ``(rows,)`` where it is in that frame.
    photons
        ``(rows,)`` its light in that frame.
    """

    frames: tuple[int, int]
    molecule: NDArray[np.int64]
    frame: NDArray[np.int64]
    x_nm: NDArray[np.float64]
    y_nm: NDArray[np.float64]
    z_nm: NDArray[np.float64]
    photons: NDArray[np.float64]


class Scene:
    """Structure, drift, blinking and background of one movie, everything random drawn.

    Parameters
    ----------
    view
        What is looked at.
    structure, drift, photophysics, background
        The parts.
    streams
        Random numbers.
    block_frames
        Frames of a block.
    """

    def __init__(
        self,
        view: FieldOfView,
        *,
        structure: Structure,
        drift: Drift | None,
        photophysics: Photophysics,
        background: Background,
        streams: RandomStreams,
        block_frames: int,
    ) -> None:
        self._view = view
        self._photophysics = photophysics
        self._background = background
        self._streams = streams
        self._block_frames = block_frames
        self._sites = structure.sites(view, streams.generator("sites"))
        self._drift = None if drift is None else drift.path_nm(view, streams.generator("drift"))
        self.background = self._light(background, view)

    def parts(self) -> Iterator[ActiveMolecules]:
        """The molecules of one block of frames after the other."""
        for activity in self._photophysics.activity(
            self._view, self._sites.shape[0], self._streams.key("blinks"), self._block_frames
        ):
            at = self._sites[activity.molecule]
            if self._drift is not None:
                at = at + self._drift[activity.frame]
            yield ActiveMolecules(
                (activity.start, activity.stop),
                activity.molecule,
                activity.frame,
                at[:, 0],
                at[:, 1],
                at[:, 2],
                activity.photons,
            )

    def background_on(self, height_px: int, width_px: int) -> BackgroundLight:
        """The same background on smaller pixels, as photons per pixel of these."""
        factor = width_px / self._view.width_px
        finer = replace(
            self._view,
            width_px=width_px,
            height_px=height_px,
            pixel_size_nm=self._view.pixel_size_nm / factor,
        )
        return self._light(self._background.scaled(factor), finer)

    def truth(self, molecules: ActiveMolecules, background: NDArray[np.float32]) -> pl.DataFrame:
        """The rows that lie in the field, with the background under each.

        Parameters
        ----------
        molecules
            Of one block.
        background
            ``(n, height, width)`` photons per pixel in the frames of the block.
        """
        view = self._view
        inside = (molecules.x_nm >= 0) & (molecules.x_nm < view.width_nm)
        inside &= (molecules.y_nm >= 0) & (molecules.y_nm < view.height_nm)
        x_nm, y_nm = molecules.x_nm[inside], molecules.y_nm[inside]
        frame = molecules.frame[inside]
        # rounding can carry a molecule at the very edge over it
        column = np.minimum(x_nm / view.pixel_size_nm, view.width_px - 1).astype(np.int64)
        row = np.minimum(y_nm / view.pixel_size_nm, view.height_px - 1).astype(np.int64)
        return pl.DataFrame(
            {
                "frame": frame.astype(np.uint32),
                "id": molecules.molecule[inside].astype(np.uint64),
                "x_nm": x_nm,
                "y_nm": y_nm,
                "z_nm": molecules.z_nm[inside],
                "photons": molecules.photons[inside].astype(np.float32),
                "background_photons": background[frame - molecules.frames[0], row, column],
            },
            schema=TRUTH_SCHEMA,
        )

    def _light(self, background: Background, view: FieldOfView) -> BackgroundLight:
        return background.light(view, self._sites, self._streams.key("background"))
