"""Localizers with every number given, for tests on arrays."""

from collections.abc import Callable
from typing import Any

import pytest

from cellstorm.camera import Camera
from cellstorm.localize import GaussianLocalizer
from cellstorm.localize.gaussian import LocalMaximumDetector, WaveletFilter

SIZE_PX = 25


def make_localizer(**changes: Any) -> GaussianLocalizer:
    """A single-emitter likelihood localizer for 25 px windows of photoelectrons."""
    values: dict[str, Any] = {
        "camera": Camera(),
        "region": (0, SIZE_PX, 0, SIZE_PX),
        "emitters": "single",
        "filter": WaveletFilter(),
        "detector": LocalMaximumDetector(),
        "threshold": 3.5,
        "fit": "mle",
        "width": "fixed",
        "sigma_px": 1.3,
        "fit_radius_px": 4,
        "background_radius_px": 12,
        "least_snr": 3.0,
        "rounds": 4,
    }
    if changes.get("emitters") == "multi":
        values["filter"] = None
    return GaussianLocalizer(**(values | changes))


@pytest.fixture
def localizer_of() -> Callable[..., GaussianLocalizer]:
    """Makes localizers; see `make_localizer` for what is taken unless given."""
    return make_localizer
