"""The light from which on a molecule can be asked for is three times the best detector's noise."""

import numpy as np
import pytest

from cellstorm.simulate import SIMULATION_PRESETS, Simulation

DARK: dict[str, object] = {
    "width_px": 128,
    "height_px": 128,
    "frames": 40,
    "density_per_um2_frame": 1e-6,
}


def matched_filter_spread(simulation: Simulation) -> float:
    """Standard deviation, in photons, of the best linear estimate where no molecule is."""
    camera = simulation.recorded_camera
    photons = (simulation.stack() - camera.offset_adu) * camera.gain_e_per_adu
    sigma, _ = simulation.psf.widths_px(np.zeros(1), pixel_size_nm=simulation.pixel_size_nm)
    at = np.arange(16) - 7.5
    spot = np.exp(-(at**2 + at[:, None] ** 2) / (2 * float(sigma[0]) ** 2))
    spot /= spot.sum()
    # windows that share no pixel are independent
    windows = photons.reshape(-1, 8, 16, 8, 16).swapaxes(2, 3)
    estimates = (windows * spot).sum(axis=(3, 4)) / (spot**2).sum()
    return float(estimates.std())


@pytest.mark.parametrize(
    ("preset", "background"), [("paper-fig5", 5.0), ("paper-fig5", 40.0), ("emccd", 20.0)]
)
def test_the_faintest_light_is_three_times_the_noise_of_the_matched_filter(
    preset: str, background: float
) -> None:
    simulation = SIMULATION_PRESETS[preset].changed(DARK | {"background.photons": background})
    # pixels widen the spot, which the formula leaves out: 4 % at most here
    assert simulation.faintest_photons == pytest.approx(
        3.0 * matched_filter_spread(simulation), rel=0.06
    )
