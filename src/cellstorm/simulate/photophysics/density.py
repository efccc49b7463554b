"""How many molecules give light in a frame, out of those there are."""

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["share_giving_light"]

# the last few molecules would have to be on nearly all the time
_MOST = 0.99


def share_giving_light(density_per_um2_frame: float, view: FieldOfView, sites: int) -> float:
    """The share of a structure's molecules that a density asks to give light in a frame.

    Parameters
    ----------
    density_per_um2_frame
        Mean number of molecules that give light, per um2 of the field and frame.
    view
        The field.
    sites
        How many molecules there are.

    Returns
    -------
    float
        Under 1.

    Raises
    ------
    ConfigurationError
        The structure has too few molecules.
    """
    wanted = density_per_um2_frame * view.area_um2
    if wanted > _MOST * sites:
        raise ConfigurationError(
            f"density_per_um2_frame: {density_per_um2_frame:g} per um2 and frame are {wanted:.3g}"
            f" molecules at a time, but the structure has {sites}",
            todo=f"Ask for at most {_MOST * sites / view.area_um2:.3g}, or label more densely.",
        )
    return wanted / sites
