"""Pairs from the forward model."""

import polars as pl

from cellstorm.simulate import Simulation, make_clip
from cellstorm.train.pairs.recording import PairedRecording

__all__ = ["simulated_recording"]

# of the light under which nobody can be asked to see a molecule
_LEAST_SHARE = 0.67


def simulated_recording(simulation: Simulation) -> PairedRecording:
    """Simulate, code and decode a clip, and keep the truth that can be seen in it.

    Parameters
    ----------
    simulation
        What to make; all of it is held in memory. Its camera is taken as known.

    Returns
    -------
    PairedRecording
        Without molecules under two thirds of `Simulation.faintest_photons`: asked for what
        noise hides, a network learns to draw molecules where there are none.
    """
    clip = make_clip(simulation)
    seen = clip.truth.filter(pl.col("photons") >= _LEAST_SHARE * simulation.faintest_photons)
    size_nm = simulation.pixel_size_nm
    return PairedRecording.of(
        clip.frames,
        simulation.recorded_camera,
        frame=seen["frame"].to_numpy(),
        x_px=seen["x_nm"].to_numpy() / size_nm,
        y_px=seen["y_nm"].to_numpy() / size_nm,
        photons=seen["photons"].to_numpy(),
        origin="simulated",
        name=f"simulation {simulation.seed}",
        grid_shift_px=clip.grid_shift_px,
    )
