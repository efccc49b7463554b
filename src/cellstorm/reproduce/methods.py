"""The methods that the paper's figures compare."""

import hashlib
import shutil
from pathlib import Path

from cellstorm.atomic_file import atomic_file, output_error
from cellstorm.localize import GanMethod, GaussianMethod, Method, NetMethod
from cellstorm.localize.gan import load_gan
from cellstorm.localize.gaussian.detectors import LocalMaximumDetector
from cellstorm.localize.gaussian.filters import WaveletFilter
from cellstorm.localize.model_names import find_model

__all__ = [
    "CLASSICAL",
    "GAN",
    "NET",
    "THUNDERSTORM",
    "compared_methods",
    "gan_method",
    "spoken",
]

GAN, CLASSICAL, NET = "gan", "as ThunderSTORM", "net"
"""What tables and pictures call the three."""

_SPOKEN = {
    GAN: "the gan",
    CLASSICAL: "the fit with ThunderSTORM's settings",
    NET: "our network",
}

THUNDERSTORM = GaussianMethod(
    emitters="single",
    filter=WaveletFilter(order=3, scale=2.0),
    detector=LocalMaximumDetector(connectivity=8),
    threshold="std(Wave.F1)",
    fit="wls",
    width="free",
    sigma_px=1.6,
    fit_radius_px=3,
    # neither is known to ThunderSTORM
    least_snr=0.0,
    coding_noise=False,
)
"""The settings of Diederich et al. 2019: wavelets of order 3 and scale 2, maxima of eight
neighbours over std(Wave.F1), integrated Gaussian, radius 3, weighted least squares, initial
width 1.6 px."""


def spoken(name: str) -> str:
    """A method's name within a sentence."""
    return _SPOKEN.get(name, name)


def gan_method(model: Path | str | None, folder: Path) -> GanMethod:
    """The image-to-image network that is meant.

    It is copied under the hash of its content, so that what was made with
    another model of the same name is not taken for its own.

    Parameters
    ----------
    model
        File or name; None for the one that comes along.
    folder
        Where copies are kept.

    Raises
    ------
    ConfigurationError
        There is no such model, or it is no image-to-image network.
    OutputError
        It cannot be copied.
    """
    path = find_model(model, "gan")
    load_gan(path, path.stat().st_mtime_ns)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    kept = folder / f"{path.stem}-{digest}.onnx"
    if not kept.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(error, folder) from error
        with atomic_file(kept) as temporary:
            shutil.copyfile(path, temporary)
    return GanMethod(model=kept)


def compared_methods(gan: GanMethod) -> dict[str, Method]:
    """The paper's two methods and our own network, by the names of tables."""
    return {GAN: gan, CLASSICAL: THUNDERSTORM, NET: NetMethod()}
