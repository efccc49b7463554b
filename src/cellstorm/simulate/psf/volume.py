"""A measured PSF: a stack of images of a bead, or the output of another program."""

import struct
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import tifffile
from pydantic import Field

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.psf.integral_volume import IntegralVolume
from cellstorm.simulate.psf.tabulated import TabulatedPointSpread

__all__ = ["VolumePsf"]

_WANTED = "psf.path takes a TIFF or NPY stack with the axes (z, y, x)."

# what broken files make the readers and their decompressors raise
_UNREADABLE = (
    OSError,
    EOFError,
    LookupError,
    RuntimeError,
    ValueError,
    struct.error,
    tifffile.TiffFileError,
)


class VolumePsf(TabulatedPointSpread):
    """A point spread function read from a file, placed at any sub-pixel position and depth.

    The file is a TIFF or NPY stack (z, y, x), z rising with the planes, of light per voxel:
    a bead seen by a camera, its background taken away, or what a program computed. Values
    under zero count as zero and every plane is scaled to the same light. The stack is
    centred on the centroid of the plane in focus; the planes keep their shift against each
    other. Between voxels the integral of the light is a cubic spline, between planes it
    changes linearly.
    """

    kind: Literal["volume"] = "volume"
    path: Path = Field(description="TIFF or NPY file, axes (z, y, x)")
    pixel_nm: float = Field(gt=0, le=1e4, description="edge of a voxel in x and y, nm")
    z_step_nm: float = Field(gt=0, le=1e4, description="distance of the planes, nm")
    focus_plane: int | None = Field(
        None, ge=0, description="plane at z = 0, counted from 0; None: the sharpest"
    )

    def _volume(self) -> IntegralVolume:
        try:
            changed_ns = self.path.stat().st_mtime_ns
        except OSError as error:
            raise ConfigurationError(
                f"the PSF stack cannot be read: {error.strerror}.", where=self.path, todo=_WANTED
            ) from error
        return _read_volume(self.path, changed_ns, self.pixel_nm, self.z_step_nm, self.focus_plane)


@lru_cache(maxsize=4)
def _read_volume(
    path: Path, changed_ns: int, pixel_nm: float, z_step_nm: float, focus_plane: int | None
) -> IntegralVolume:
    """Read and check a stack; ``changed_ns`` makes a changed file another one."""
    try:
        stack = (
            np.load(path, allow_pickle=False)
            if path.suffix.lower() == ".npy"
            else tifffile.imread(path)
        )
    except _UNREADABLE as error:
        raise ConfigurationError(
            "this is not a TIFF or NPY stack.", where=path, todo=_WANTED
        ) from error
    if stack.ndim != 3 or min(stack.shape) < 2:
        raise ConfigurationError(
            f"a PSF stack has at least two planes, axes (z, y, x); this array has the shape "
            f"{stack.shape}",
            where=path,
        )
    if not (np.issubdtype(stack.dtype, np.integer) or np.issubdtype(stack.dtype, np.floating)):
        raise ConfigurationError(f"a PSF stack holds numbers, not {stack.dtype}", where=path)
    light = stack.astype(np.float64)
    if not np.isfinite(light).all():
        raise ConfigurationError("the PSF stack holds values that are not finite", where=path)
    light = np.maximum(light, 0.0)
    dark = np.flatnonzero(light.sum(axis=(1, 2)) <= 0)
    if dark.size:
        raise ConfigurationError(f"plane {dark[0]} of the PSF stack holds no light", where=path)
    if focus_plane is not None and focus_plane >= light.shape[0]:
        raise ConfigurationError(
            f"psf.focus_plane is {focus_plane}, but the planes count from 0 to "
            f"{light.shape[0] - 1}",
            where=path,
        )
    return IntegralVolume.from_planes(
        light, voxel_nm=pixel_nm, z_step_nm=z_step_nm, focus_plane=focus_plane
    )
