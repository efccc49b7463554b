"""What the paper's network was trained on: the structures, densities and codec to draw from."""

import math
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from cellstorm.parameters import Parameters
from cellstorm.simulate import FieldOfView, Simulation
from cellstorm.simulate.codec import H264Codec
from cellstorm.simulate.photophysics import SteadyPhotophysics
from cellstorm.simulate.random_streams import RandomStreams
from cellstorm.simulate.structures import (
    ClusterStructure,
    FilamentStructure,
    ImageStructure,
    LinePairStructure,
    Structure,
)
from cellstorm.train.conditions import Conditions, Range

__all__ = ["PairConditions", "structure_share"]

# about as wide as a labelled microtubule: what a drawing of the structure would fill
_STRUCTURE_CELL_NM = 50.0
# of the sites; more cannot give light at a time
_MOST_SITES = 0.95


def _per_cent(ends: tuple[float, float]) -> tuple[float, float]:
    if not 0.0 <= ends[0] <= ends[1] <= 100.0:
        raise ValueError("give two numbers from 0 to 100, the smaller one first")
    return ends


class PairConditions(Parameters):
    """Simulations that pairs are made of (Diederich et al. 2019, section 5.4.4).

    Molecules lie 4 to 6 per um2 *of the structure* in every frame, and the movie is H.264 at
    a "video quality" of 80 to 90 with the block grid at a phase of its own. Camera,
    background, PSF and image processor differ from clip to clip as ``recording`` says.
    """

    recording: Conditions = Field(
        Conditions(
            size_px=96,
            frames=24,
            photons=(50.0, 2000.0),
            empty_share=0.05,
            sigma_px=(0.9, 1.9),
            background_photons=(0.5, 80.0),
            haze_photons=(5.0, 100.0),
        ),
        description="everything but structure, density and codec",
    )
    density_per_um2: Range = Field(
        (4.0, 6.0), description="molecules giving light per um2 of the structure and frame"
    )
    quality_percent: Annotated[tuple[float, float], AfterValidator(_per_cent)] = Field(
        (80.0, 90.0), description="video quality as MATLAB counts it, drawn evenly, %"
    )

    def draw(self, random: np.random.Generator) -> Simulation:
        """One simulation with conditions of its own.

        Parameters
        ----------
        random
            Same state, same simulation.
        """
        drawn = self.recording.draw(random)
        structure = _structure(random)
        blinks = drawn.photophysics
        assert isinstance(blinks, SteadyPhotophysics)
        if blinks.density_per_um2_frame > 0.0:
            share, sites = structure_share(structure, drawn.view, drawn.seed)
            wanted = share * random.uniform(*self.density_per_um2)
            most = _MOST_SITES * sites / drawn.view.area_um2
            blinks = blinks.model_copy(update={"density_per_um2_frame": min(wanted, most)})
        codec = H264Codec(
            quality_percent=random.uniform(*self.quality_percent),
            gop=int(random.choice(self.recording.gop_frames)),
            preset="veryfast",
            value_range=str(random.choice(self.recording.value_ranges)),
            grid_shift_px="random",
        )
        return drawn.model_copy(
            update={"structure": structure, "photophysics": blinks, "codec": codec}
        )


def structure_share(structure: Structure, view: FieldOfView, seed: int) -> tuple[float, int]:
    """The share of a field that a structure fills, and its number of sites.

    Parameters
    ----------
    structure
        What is labelled.
    view
        The field.
    seed
        Of the simulation: the sites are those that it draws.

    Returns
    -------
    tuple[float, int]
        Share of cells of 50 nm that hold a site, and how many sites there are.
    """
    sites = structure.sites(view, RandomStreams(seed).generator("sites"))
    columns = math.ceil(view.width_nm / _STRUCTURE_CELL_NM)
    lines = math.ceil(view.height_nm / _STRUCTURE_CELL_NM)
    cells = (sites[:, :2] / _STRUCTURE_CELL_NM).astype(np.int64)
    cells = np.clip(cells, 0, [columns - 1, lines - 1])
    filled = np.unique(cells[:, 1] * columns + cells[:, 0]).size
    share = filled * _STRUCTURE_CELL_NM**2 / (view.width_nm * view.height_nm)
    return min(share, 1.0), int(sites.shape[0])


def _structure(random: np.random.Generator) -> Structure:
    kind = random.choice(4, p=[0.55, 0.2, 0.15, 0.1])
    if kind == 0:
        least, most = math.log(0.3), math.log(2.5)
        return FilamentStructure(
            filament_um_per_um2=math.exp(random.uniform(least, most)),
            persistence_um=random.uniform(3.0, 40.0),
        )
    if kind == 1:
        return LinePairStructure()
    if kind == 2:
        return ImageStructure(path="logo")
    return ClusterStructure(clusters_per_um2=random.uniform(0.3, 3.0))
