"""Simulated series of the Huawei P9 without molecules: lit unevenly, and dark."""

from cellstorm.simulate import Simulation

__all__ = ["dark_p9", "lit_p9"]

_RATE_HZ = 29.0


def lit_p9(*, frames: int, edge_px: int, seed: int, codec: dict[str, object]) -> Simulation:
    """A still scene from dark to beyond the knee: 2 to 232 photons per pixel.

    Parameters
    ----------
    frames, edge_px, seed
        Of the movie.
    codec
        Settings of the codec, ``{"codec": "none"}``.
    """
    haze = {"kind": "lowpass", "peak_photons": 230.0, "correlation_um": 4.0}
    return _empty(frames, edge_px, seed).changed(
        {"background.photons": 2.0, "background.haze": haze, **codec}
    )


def dark_p9(
    *,
    frames: int,
    edge_px: int,
    seed: int,
    codec: dict[str, object],
    clip_adu: float | None = None,
    fall_adu: float = 0.0,
    fall_time_s: float = 90.0,
) -> Simulation:
    """The same without any light.

    Parameters
    ----------
    frames, edge_px, seed, codec
        As for `lit_p9`.
    clip_adu
        Values at or under it become 0.
    fall_adu, fall_time_s
        How far the offset falls in the end, and the time to 1/e of that.
    """
    changes: dict[str, object] = {"background.photons": 0.0, **codec}
    if clip_adu is not None:
        changes["isp.dark_clip"] = {"threshold_adu": clip_adu}
    simulation = _empty(frames, edge_px, seed).changed(changes)
    if not fall_adu:
        return simulation
    return simulation.changed(
        {
            "defects.offset_drift_e": fall_adu * simulation.camera.gain_e_per_adu,
            "defects.offset_drift_time_s": fall_time_s,
        }
    )


def _empty(frames: int, edge_px: int, seed: int) -> Simulation:
    return Simulation(
        width_px=edge_px, height_px=edge_px, frames=frames, frame_rate_hz=_RATE_HZ, seed=seed
    ).changed({"camera": "huawei-p9", "structure": "uniform", "density_per_um2_frame": 0.0})
