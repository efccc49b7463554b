"""How the sample moves under the microscope: one shift of all molecules per frame."""

import math
from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from cellstorm.parameters import Parameters
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["Drift", "LinearDrift", "RandomWalkDrift", "StageJumpDrift", "SumDrift"]


class _DriftParameters(Parameters, ABC):
    model_config: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)

    @abstractmethod
    def path_nm(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        """Where the sample is in each frame.

        Parameters
        ----------
        view
            How many frames, and how fast.
        random
            Source of all randomness.

        Returns
        -------
        NDArray[np.float64]
            ``(frames, 3)`` shift in x, y, z, nm; zero in the first frame.
        """


class LinearDrift(_DriftParameters):
    """A constant velocity, as of a stage that warms up or a sample that slides."""

    kind: Literal["linear"] = "linear"
    x_nm_per_s: float = Field(1.0, description="velocity to the right, nm/s")
    y_nm_per_s: float = Field(0.5, description="velocity downwards, nm/s")
    z_nm_per_s: float = Field(0.0, description="velocity along the optical axis, nm/s")

    def path_nm(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        time_s = np.arange(view.frames) / view.frame_rate_hz
        velocity = np.array([self.x_nm_per_s, self.y_nm_per_s, self.z_nm_per_s])
        path: NDArray[np.float64] = time_s[:, None] * velocity
        return path


class RandomWalkDrift(_DriftParameters):
    """Diffusion: the shift after a time t has a standard deviation of its rate x sqrt(t)."""

    kind: Literal["random_walk"] = "random_walk"
    nm_per_sqrt_s: float = Field(
        3.0, ge=0, description="standard deviation after 1 s in x and in y, nm"
    )
    z_nm_per_sqrt_s: float = Field(0.0, ge=0, description="the same along the optical axis, nm")

    def path_nm(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        rate = np.array([self.nm_per_sqrt_s, self.nm_per_sqrt_s, self.z_nm_per_sqrt_s])
        steps = random.normal(size=(view.frames, 3)) * rate / math.sqrt(view.frame_rate_hz)
        steps[0] = 0.0
        path: NDArray[np.float64] = np.cumsum(steps, axis=0)
        return path


class StageJumpDrift(_DriftParameters):
    """Sudden jumps between frames at random times (Poisson), each in a direction of its own."""

    kind: Literal["stage_jumps"] = "stage_jumps"
    jumps_per_minute: float = Field(6.0, ge=0, description="mean number of jumps in a minute")
    size_nm: float = Field(50.0, ge=0, description="length of every jump in the plane, nm")
    z_size_nm: float = Field(0.0, ge=0, description="its height, up or down, nm")

    def path_nm(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        steps = np.zeros((view.frames, 3))
        # what happens within the time of a frame shows from the next one on
        time_s = (view.frames - 1) / view.frame_rate_hz
        count = int(random.poisson(self.jumps_per_minute * time_s / 60.0))
        if count:
            frame = random.integers(1, view.frames, size=count)
            angle = random.uniform(0.0, 2.0 * math.pi, count)
            jump = np.stack(
                [
                    self.size_nm * np.cos(angle),
                    self.size_nm * np.sin(angle),
                    self.z_size_nm * random.choice((-1.0, 1.0), count),
                ],
                axis=1,
            )
            np.add.at(steps, frame, jump)
        path: NDArray[np.float64] = np.cumsum(steps, axis=0)
        return path


class SumDrift(_DriftParameters):
    """Several drifts at once."""

    kind: Literal["sum"] = "sum"
    parts: tuple[
        Annotated[LinearDrift | RandomWalkDrift | StageJumpDrift, Field(discriminator="kind")], ...
    ] = Field(min_length=1, description="the drifts that add up")

    def path_nm(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        path = np.zeros((view.frames, 3))
        for part in self.parts:
            path += part.path_nm(view, random)
        return path


Drift = Annotated[
    LinearDrift | RandomWalkDrift | StageJumpDrift | SumDrift, Field(discriminator="kind")
]
