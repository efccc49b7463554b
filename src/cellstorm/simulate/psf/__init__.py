"""The image of one molecule: positions, depths and light in, expected photons per pixel
added to a stack of frames. Each kind also tells how wide it is at a depth, which bounds and
scores need."""

from cellstorm.simulate.psf.astigmatic import AstigmaticPsf
from cellstorm.simulate.psf.defocus import DefocusPsf
from cellstorm.simulate.psf.gaussian import GaussianPsf
from cellstorm.simulate.psf.kinds import Psf
from cellstorm.simulate.psf.pupil import PupilPsf
from cellstorm.simulate.psf.volume import VolumePsf

__all__ = ["AstigmaticPsf", "DefocusPsf", "GaussianPsf", "Psf", "PupilPsf", "VolumePsf"]
