"""Cameras that are known by name, and reading a camera from a file."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from cellstorm.camera.model import Camera
from cellstorm.camera.pixel_maps import PixelMaps
from cellstorm.errors import CameraError
from cellstorm.parameters import describe_validation_error, describe_yaml_error

__all__ = ["PRESETS", "load_camera"]

_PRESETS = (
    Camera(
        name="huawei-p9",
        # Diederich et al. 2019 (PLoS ONE 14:e0209827), fig. 7: photon transfer at ISO 3200
        offset_adu=4.1,
        gain_e_per_adu=0.69,
        saturation_adu=220.0,
        # the paper's text gives 2.5 e at ISO 3200; its table 1.23 e (no ISO named)
        read_noise_e=2.5,
        # fig. 8: video clips dark pixels to zero
        dark_clip_adu=0.0,
        bit_depth=8,
        notes="Huawei P9, monochrome Sony IMX286 at ISO 3200 (Diederich et al. 2019, fig. 7).",
    ),
    Camera(
        name="ixon-897",
        # Diederich et al. 2019, table: 14 bit, 0.2 e RMS with electron multiplication
        bit_depth=14,
        read_noise_e=0.2,
        # Robbins & Hadwen 2003: F^2 tends to 2 at high multiplication
        excess_noise_factor=2.0,
        # typical settings: baseline clamp at 100 counts, about 5 e per count before
        # multiplication at the highest pre-amplification, multiplied 100 times
        offset_adu=100.0,
        gain_e_per_adu=0.05,
        saturation_adu=16000.0,
        notes="Andor iXon EM+ 897; read noise and bits from Diederich et al. 2019. Offset and"
        " gain depend on the settings: take them from the camera's data sheet.",
    ),
    Camera(
        name="scmos",
        # Hamamatsu ORCA-Flash4.0 V2 data sheet: 16 bit, 0.46 e/count, offset 100, 1.6 e RMS
        bit_depth=16,
        offset_adu=100.0,
        gain_e_per_adu=0.46,
        read_noise_e=1.6,
        saturation_adu=65000.0,
        notes="Typical sCMOS (Hamamatsu ORCA-Flash4.0 V2 data sheet), all pixels alike.",
    ),
    Camera(
        name="generic-phone",
        # rounded from the P9's; other phones' photon transfer at high ISO is of this order
        offset_adu=4.0,
        gain_e_per_adu=0.7,
        read_noise_e=2.5,
        # limited-range video ends at 235, and tone curves bend near the top
        saturation_adu=220.0,
        dark_clip_adu=0.0,
        bit_depth=8,
        notes="A phone at high ISO; a guess after the Huawei P9.",
    ),
)

PRESETS: dict[str, Camera] = {camera.name: camera for camera in _PRESETS}


def load_camera(name_or_path: str | Path) -> Camera:
    """A preset by name, or a camera from the YAML file that `Camera.save` wrote.

    In a file, ``maps`` may be an ``.npz`` with the arrays ``offset_adu``,
    ``gain_e_per_adu`` and ``variance_adu2`` (each optional), or a mapping of these names to
    ``.npy`` files; paths count from the YAML file's folder.

    Raises
    ------
    CameraError
        Neither a preset nor a file, or the file is not a camera.
    """
    if str(name_or_path) in PRESETS:
        return PRESETS[str(name_or_path)]
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        known = ", ".join(PRESETS)
        if isinstance(error, FileNotFoundError):
            raise CameraError(
                f"there is no camera or camera file {str(name_or_path)!r};"
                f" known cameras are {known}."
            ) from error
        raise CameraError(
            f"the camera file cannot be read ({error}); known cameras are {known}.", where=path
        ) from error
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CameraError(f"this is not YAML: {describe_yaml_error(error)}.", where=path) from error
    if not isinstance(values, dict):
        raise CameraError("expected a YAML mapping of a camera's names to values.", where=path)
    maps = values.get("maps")
    if isinstance(maps, str):
        values["maps"] = PixelMaps.load(path.parent / maps)
    elif isinstance(maps, dict):
        values["maps"] = {
            key: str(path.parent / item) if isinstance(item, str) else item
            for key, item in maps.items()
        }
    try:
        return Camera.model_validate(values)
    except ValidationError as error:
        raise CameraError(describe_validation_error(error), where=path) from error
