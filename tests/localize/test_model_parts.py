"""A network in two halves gives what the whole gives, for whole frames and for parts of them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.localize.net import SHIPPED_MODEL, load_model
from cellstorm.localize.net.inputs import CELL_PX, input_planes
from cellstorm.localize.net.model_file import NetworkModel
from cellstorm.localize.net.model_parts import split_model
from cellstorm.localize.onnx_protobuf import encoded
from cellstorm.simulate import Simulation

HEIGHT, WIDTH = 48, 72


@pytest.fixture(scope="module")
def planes() -> NDArray[np.float32]:
    simulation = Simulation(frames=7, seed=4, height_px=HEIGHT, width_px=WIDTH)
    return input_planes(simulation.stack(), simulation.camera, None, (0, WIDTH, 0, HEIGHT))


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    return load_model(SHIPPED_MODEL)


def test_the_network_that_comes_along_is_computed_in_two_halves(
    model: NetworkModel, planes: NDArray[np.float32]
) -> None:
    assert model.parts is not None
    halves = model.maps_of(model.features(planes))
    assert halves.shape == (3, 9, HEIGHT, WIDTH)
    np.testing.assert_allclose(halves, model.maps(planes), atol=1e-4)


@pytest.mark.parametrize(
    "inside",
    [
        (slice(4, 7), slice(9, 12)),
        (slice(0, 1), slice(0, 2)),
        (slice(10, 12), slice(5, 18)),
        (slice(0, 12), slice(0, 18)),
    ],
)
@pytest.mark.parametrize("split", [True, False])
def test_a_part_is_what_stands_there_in_the_whole(
    model: NetworkModel,
    planes: NDArray[np.float32],
    inside: tuple[slice, slice],
    split: bool,
) -> None:
    used = model if split else replace(model, parts=None)
    features = used.features(planes)
    rows, columns = (slice(CELL_PX * of.start, CELL_PX * of.stop) for of in inside)
    part = used.maps_of(features, inside)
    np.testing.assert_allclose(part, used.maps_of(features)[:, :, rows, columns], atol=1e-4)


def test_features_of_a_frame_do_not_hang_on_the_others(
    model: NetworkModel, planes: NDArray[np.float32]
) -> None:
    np.testing.assert_array_equal(model.features(planes)[2:5], model.features(planes[2:5]))


def test_a_file_of_other_layers_is_not_cut() -> None:
    node = encoded(1, "frames") + encoded(2, "maps") + encoded(4, "Identity")
    values = [encoded(of, encoded(1, name)) for of, name in ((11, "frames"), (12, "maps"))]
    graph = encoded(1, node) + b"".join(values)
    assert split_model(encoded(1, 8) + encoded(7, graph)) is None
