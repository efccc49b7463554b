"""The network and its loss: shapes, sharing, and a minimum at the truth."""

import math

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from cellstorm.errors import ConfigurationError  # noqa: E402
from cellstorm.localize.net.inputs import PLANES  # noqa: E402
from cellstorm.train.net.growth import grown  # noqa: E402
from cellstorm.train.net.loss import Targets, detection_loss  # noqa: E402
from cellstorm.train.net.network import OUTPUTS, NetworkShape, StormNet  # noqa: E402
from cellstorm.train.net.silent_layers import without_silent_layers  # noqa: E402

SMALL = NetworkShape(frame_channels=8, channels=8, deep_channels=8, deep_layers=2)


def _targets(x_px: float, y_px: float) -> Targets:
    return Targets(
        window=torch.zeros(1, dtype=torch.int64),
        x_px=torch.tensor([x_px]),
        y_px=torch.tensor([y_px]),
        log_photons=torch.tensor([6.0]),
        log_background=torch.full((1, 16, 16), 3.0),
        weight=torch.ones(1),
    )


def _maps(x_px: float, y_px: float, *, logit: float = 6.0, sigma_px: float = 0.1) -> Tensor:
    """Maps that say there is exactly one molecule, there."""
    maps = torch.zeros(1, len(OUTPUTS), 16, 16)
    column, row = int(x_px), int(y_px)
    maps[:, OUTPUTS.index("probability_logit")] = -12.0
    maps[:, OUTPUTS.index("probability_logit"), row, column] = logit
    maps[:, OUTPUTS.index("x_px"), row, column] = x_px - column - 0.5
    maps[:, OUTPUTS.index("y_px"), row, column] = y_px - row - 0.5
    maps[:, OUTPUTS.index("log_photons")] = 6.0
    maps[:, OUTPUTS.index("log_background")] = 3.0
    for name in ("log_sigma_x_px", "log_sigma_y_px"):
        maps[:, OUTPUTS.index(name)] = math.log(sigma_px)
    return maps  # type: ignore[no-any-return]


def test_a_sequence_gives_what_its_windows_give_alone() -> None:
    torch.manual_seed(0)
    network = StormNet(SMALL).eval()
    frames = torch.randn(8, len(PLANES), 32, 24)
    windows = torch.stack([frames[i : i + 5] for i in range(4)])
    with torch.no_grad():
        torch.testing.assert_close(network.sequence(frames), network(windows))


def test_maps_have_the_size_of_the_frames() -> None:
    assert StormNet(SMALL)(torch.zeros(2, 5, len(PLANES), 16, 20)).shape == (
        2,
        len(OUTPUTS),
        16,
        20,
    )


def test_the_loss_is_least_where_the_molecule_is() -> None:
    truth = _targets(7.3, 9.8)
    right = detection_loss(_maps(7.3, 9.8), truth).total
    for x_px, y_px in ((7.5, 9.8), (7.3, 9.6), (6.3, 9.8), (12.3, 3.8)):
        assert detection_loss(_maps(x_px, y_px), truth).total > right


def test_the_loss_wants_one_molecule_and_the_right_uncertainty() -> None:
    truth = _targets(7.5, 9.5)
    shown = _maps(7.5, 9.5)
    doubled = shown.clone()
    doubled[0, 0, 3, 3] = 6.0
    missed = _maps(7.5, 9.5, logit=-8.0)
    assert detection_loss(doubled, truth).total > detection_loss(shown, truth).total
    assert detection_loss(missed, truth).total > detection_loss(shown, truth).total
    # errors of 0.2 px reported as such cost less than as 0.05 or as 0.8
    losses = {
        sigma_px: float(detection_loss(_maps(7.7, 9.5, sigma_px=sigma_px), truth).total)
        for sigma_px in (0.05, 0.2, 0.8)
    }
    assert min(losses, key=lambda sigma_px: losses[sigma_px]) == 0.2


def test_windows_without_molecules_teach_too() -> None:
    nothing = torch.zeros(0)
    targets = Targets(
        window=torch.zeros(0, dtype=torch.int64),
        x_px=nothing,
        y_px=nothing,
        log_photons=nothing,
        log_background=torch.full((1, 16, 16), 3.0),
        weight=torch.ones(1),
    )
    empty = _maps(7.5, 9.5, logit=-12.0)
    assert detection_loss(_maps(7.5, 9.5), targets).total > detection_loss(empty, targets).total


def test_windows_of_no_weight_do_not_count() -> None:
    truth = _targets(7.7, 9.5)
    both = Targets(
        window=torch.tensor([0, 1]),
        x_px=truth.x_px.repeat(2),
        y_px=truth.y_px.repeat(2),
        log_photons=truth.log_photons.repeat(2),
        log_background=truth.log_background.repeat(2, 1, 1),
        weight=torch.tensor([2.0, 0.0]),
    )
    maps = torch.cat([_maps(7.6, 9.5), _maps(3.0, 3.0)])
    alone = detection_loss(maps[:1], truth)
    joined = detection_loss(maps, both)
    for part in ("total", "count", "mixture", "background"):
        assert float(getattr(joined, part)) == pytest.approx(float(getattr(alone, part)), rel=1e-5)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_grown_network_says_what_the_small_one_said_and_learns_with_all_of_it(
    *, batch_norm: bool
) -> None:
    torch.manual_seed(0)
    shape = SMALL.model_copy(update={"batch_norm": batch_norm, "late_layers": 1})
    small = StormNet(shape)
    frames = 3.0 * torch.rand(2, 5, len(PLANES), 16, 16)
    small(frames)  # moves the statistics of the normalisation
    wider = {"frame_channels": 12, "channels": 16, "deep_channels": 12}
    larger = grown(small, shape.model_copy(update={**wider, "late_layers": 2, "deep_layers": 3}))
    before, after = small.eval()(frames), larger.eval()(frames)
    assert torch.allclose(before, after, atol=0.02)
    begun = {name: value.detach().clone() for name, value in larger.named_parameters()}
    optimiser = torch.optim.Adam(larger.parameters(), lr=1e-3)
    for _ in range(4):
        optimiser.zero_grad()
        larger.train()(frames).square().mean().backward()
        optimiser.step()
    same = [name for name, value in larger.named_parameters() if torch.equal(value, begun[name])]
    # what is normalised afterwards has no use for a constant
    assert [name for name in same if not (batch_norm and name.endswith(".0.bias"))] == []


def test_a_network_cannot_shrink() -> None:
    with pytest.raises(ConfigurationError):
        grown(StormNet(SMALL), SMALL.model_copy(update={"channels": 4}))
    with pytest.raises(ConfigurationError):
        grown(StormNet(SMALL), SMALL.model_copy(update={"context_frames": 3}))


def test_a_layer_that_adds_nothing_is_left_out_and_nothing_changes() -> None:
    torch.manual_seed(3)
    shape = NetworkShape(
        frame_channels=4, channels=6, deep_channels=6, late_layers=3, batch_norm=False
    )
    network = StormNet(shape).eval()
    with torch.no_grad():
        network.get_submodule("last.1.layer.0").get_parameter("weight").zero_()
        network.get_submodule("last.1.layer.0").get_parameter("bias").fill_(-1.0)
    frames = torch.randn(7, shape.input_planes, 16, 16)
    lean = without_silent_layers(network, [frames.numpy()])
    assert lean.shape.late_layers == 2
    with torch.no_grad():
        torch.testing.assert_close(lean.sequence(frames), network.sequence(frames), rtol=0, atol=0)
    assert without_silent_layers(lean, [frames.numpy()]).shape == lean.shape
