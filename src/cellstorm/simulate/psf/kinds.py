"""Every point spread function, told apart by ``kind``."""

from typing import Annotated

from pydantic import Field

from cellstorm.simulate.psf.astigmatic import AstigmaticPsf
from cellstorm.simulate.psf.defocus import DefocusPsf
from cellstorm.simulate.psf.gaussian import GaussianPsf
from cellstorm.simulate.psf.pupil import PupilPsf
from cellstorm.simulate.psf.volume import VolumePsf

__all__ = ["Psf"]

Psf = Annotated[
    GaussianPsf | DefocusPsf | AstigmaticPsf | PupilPsf | VolumePsf,
    Field(discriminator="kind"),
]
