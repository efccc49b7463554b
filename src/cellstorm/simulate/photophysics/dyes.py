"""Dyes that are known by name."""

from cellstorm.simulate.photophysics.switching import SwitchingPhotophysics

__all__ = ["PHOTOPHYSICS_PRESETS", "photophysics_by_name"]

# Not in the table, and set by the laser (the light of a blink and the duty cycle hardly depend
# on it). With this on-time bleaching alone leaves exp(-400 s / (cycles (on + dark))) = 0.81 and
# 0.76 of the molecules after 400 s; measured were 0.83 and 0.73.
_ON_S = 1.0 / 15.0


def _dye(photons_per_blink: float, duty_cycle: float, cycles: float) -> SwitchingPhotophysics:
    return SwitchingPhotophysics(
        on_s=_ON_S,
        dark_s=_ON_S * (1.0 - duty_cycle) / duty_cycle,
        cycles=cycles,
        photons_per_s=photons_per_blink / _ON_S,
        # photons per blink are exponential (Dempsey et al. 2011, fig. 2g), and exponential
        # on-times of equal brightness make them so
        photon_spread=0.0,
    )


PHOTOPHYSICS_PRESETS: dict[str, SwitchingPhotophysics] = {
    # Dempsey et al. 2011, Nat. Methods 8:1027, table 1: detected photons per switching event,
    # duty cycle in equilibrium (400-600 s), mean number of switching cycles; glucose oxidase
    # and catalase, 647 nm
    "alexa-647-mea": _dye(3823.0, 0.0005, 14.0),
    "alexa-647-bme": _dye(5202.0, 0.0012, 26.0),
}
"""Alexa Fluor 647 in a buffer with mercaptoethylamine (MEA) or beta-mercaptoethanol (BME), as
the scientific camera of Dempsey et al. 2011 saw it; a phone gets less of the light."""


def photophysics_by_name(name: str) -> SwitchingPhotophysics:
    """A preset.

    Raises
    ------
    ValueError
        There is none of that name; says which there are, and which kinds.
    """
    if name not in PHOTOPHYSICS_PRESETS:
        known = ("steady", "switching", *PHOTOPHYSICS_PRESETS)
        raise ValueError(f"there is no kind or preset {name!r}; it can be {', '.join(known)}")
    return PHOTOPHYSICS_PRESETS[name]
