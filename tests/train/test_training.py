"""Training: examples that agree with their truth, a run that resumes, a file that works."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cellstorm.errors import ConfigurationError  # noqa: E402
from cellstorm.localize.net import ModelFacts, load_model  # noqa: E402
from cellstorm.localize.net.inputs import PLANES  # noqa: E402
from cellstorm.simulate import Simulation  # noqa: E402
from cellstorm.train.conditions import Conditions  # noqa: E402
from cellstorm.train.net.examples import ClipPool, training_clip  # noqa: E402
from cellstorm.train.net.export import export_network, network_of  # noqa: E402
from cellstorm.train.net.network import NetworkShape, StormNet, without_norm  # noqa: E402
from cellstorm.train.net.quantisation import quantise  # noqa: E402
from cellstorm.train.net.training import (  # noqa: E402
    TrainingProgress,
    TrainingSettings,
    load_trained,
    train_network,
)
from cellstorm.train.onnx_export import write_facts  # noqa: E402

SHAPE = NetworkShape(frame_channels=8, channels=8, deep_channels=8, deep_layers=2)
BRIGHT = Conditions(
    size_px=64,
    frames=8,
    photons=(3000.0, 3000.0),
    density_per_um2_frame=(0.05, 0.05),
    sigma_px=(1.0, 1.0),
    background_photons=(1.0, 1.0),
    haze_share=0.0,
    out_of_focus_share=0.0,
    isp_share=0.0,
    crf=(5.0, 10.0),
)
QUICK = TrainingSettings(
    shape=SHAPE, conditions=BRIGHT, steps=12, batch_windows=4, window_px=32, pool_clips=32
)


@pytest.fixture(scope="module")
def pool() -> Iterator[ClipPool]:
    made = ClipPool(BRIGHT, size=32, seed=3, context_frames=3, window_px=32)
    yield made
    made.close()


def test_every_draw_of_the_conditions_is_a_simulation_that_can_be_run() -> None:
    random = np.random.default_rng(0)
    conditions = Conditions(size_px=32, frames=4)
    kinds = set()
    for _ in range(60):
        simulation = conditions.draw(random)
        kinds.add(simulation.codec.kind)
        clip = training_clip(simulation, random)
        assert np.isfinite(clip.planes.astype(np.float32)).all()
        assert np.isfinite(clip.log_background.astype(np.float32)).all()
        assert clip.first_row[-1] == clip.x_px.size
    assert kinds == {"h264", "hevc", "vp9", "none"}


def test_light_stands_where_the_truth_says_in_every_turned_window(pool: ClipPool) -> None:
    batches = pool.batches(16, np.random.default_rng(1))
    at_truth, elsewhere = [], []
    for _ in range(8):
        batch = next(batches)
        light = batch.frames[:, 1, PLANES.index("light")]
        targets = batch.targets
        # a little outside belongs to the pixels on the edge
        assert (targets.x_px > -0.7).all() and (targets.x_px < 32.7).all()
        rows, columns = (at.clamp(0, 31).long() for at in (targets.y_px, targets.x_px))
        at_truth.append(light[targets.window, rows, columns])
        elsewhere.append(light.flatten())
    # a molecule of 3000 photons on a background of 1
    assert torch.cat(at_truth).median() > torch.cat(elsewhere).median() + 1.0


def test_codec_facts_are_withheld_from_a_part_of_the_windows(pool: ClipPool) -> None:
    batches = pool.batches(16, np.random.default_rng(2))
    known = torch.cat([next(batches).frames[:, 1, 2].amax(dim=(1, 2)) for _ in range(10)])
    assert 0.1 < known.mean() < 0.9


def test_a_run_that_was_stopped_goes_on_and_other_settings_are_refused(tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"steps": 70})
    assert not train_network(settings, tmp_path, stop_after_s=0.0)
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert 0 < stored["step"] < settings.steps
    assert train_network(settings, tmp_path)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == settings.steps
    kept, network = load_trained(tmp_path / "checkpoint.pt")
    assert kept == settings
    assert isinstance(network, StormNet)
    with pytest.raises(ConfigurationError, match="other settings"):
        train_network(settings.model_copy(update={"seed": 9}), tmp_path)


def test_a_finished_run_that_is_made_longer_goes_on_from_before_it_cooled(tmp_path: Path) -> None:
    assert train_network(QUICK, tmp_path)
    listened: list[TrainingProgress] = []
    longer = QUICK.model_copy(update={"steps": 20})
    assert train_network(longer, tmp_path, listener=listened.append)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["step"] == 20
    # AdamW counts the steps that made the weights: none of those that had cooled
    taken = {float(one["step"]) for one in state["optimiser"]["state"].values()}
    assert taken == {20.0}
    assert listened[-1].step == 20


def test_a_run_that_begins_small_grows_and_goes_on_from_either_side(tmp_path: Path) -> None:
    small = SHAPE.model_copy(update={"channels": SHAPE.channels // 2})
    settings = QUICK.model_copy(update={"steps": 110, "first_shape": small, "grown_at": 55})
    widths = []
    while not train_network(settings, tmp_path, stop_after_s=0.0):
        kept, network = load_trained(tmp_path / "checkpoint.pt")
        widths.append(network.shape.channels)
        assert kept == settings
    # stopped at 50, after growing at 100
    assert widths == [small.channels, SHAPE.channels]
    assert load_trained(tmp_path / "checkpoint.pt")[1].shape == SHAPE
    rates = [settings.learning_rate_at(step) for step in (54, 55)]
    assert rates[1] < 0.1 * rates[0]


def test_the_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    settings = QUICK.model_copy(update={"steps": 4000, "learning_rate": 1e-3})
    rates = [settings.learning_rate_at(step) for step in range(4000)]
    assert rates[0] < 1e-5
    assert set(rates[300:3000]) == {1e-3}
    assert rates[3500] == pytest.approx(5e-4)
    assert rates[-1] < 2e-6


def test_batches_that_cannot_be_shared_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="shared by 3"):
        train_network(QUICK, tmp_path, devices=3)


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path: Path) -> None:
    assert train_network(QUICK, tmp_path, devices=2, threads=1)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["step"] == QUICK.steps
    # clips of both are counted
    assert state["clips"] >= 64


@pytest.mark.slow
def test_a_few_seconds_of_training_lower_the_loss(tmp_path: Path) -> None:
    losses = []
    settings = QUICK.model_copy(update={"steps": 300, "learning_rate": 3e-3})
    train_network(settings, tmp_path, listener=lambda progress: losses.append(progress.loss))
    assert losses[-1] < losses[0] - 5.0


def _facts() -> ModelFacts:
    return ModelFacts(
        name="test",
        cellstorm_version="0",
        created="2026-01-01",
        planes=PLANES,
        context_frames=SHAPE.context_frames,
        least_mass=0.5,
        join_px=0.8,
        training={"shape": SHAPE.model_copy(update={"batch_norm": False}).model_dump()},
    )


def _network_after_some_frames() -> StormNet:
    torch.manual_seed(0)
    network = StormNet(SHAPE)
    for _ in range(30):
        network(2.0 * torch.randn(4, SHAPE.context_frames, len(PLANES), 16, 16) + 1.0)
    return network.eval()


def test_normalisation_worked_into_the_weights_changes_nothing() -> None:
    network = _network_after_some_frames()
    plain = without_norm(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in plain.modules())
    frames = torch.randn(2, SHAPE.context_frames, len(PLANES), 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(plain(frames), network(frames), atol=1e-4, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_model_file_computes_what_the_network_does_at_any_size(tmp_path: Path) -> None:
    network = without_norm(_network_after_some_frames())
    path = tmp_path / "model.onnx"
    export_network(network, _facts(), path)
    model = load_model(path)
    assert model.facts == _facts()
    for frames, height, width in ((7, 64, 64), (5, 20, 36)):
        shown = torch.randn(frames, len(PLANES), height, width)
        with torch.no_grad():
            expected = network.sequence(shown).numpy()
        np.testing.assert_allclose(model.maps(shown.numpy()), expected, atol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_eight_bits_change_little_and_keep_the_weights_and_the_facts(tmp_path: Path) -> None:
    network = without_norm(_network_after_some_frames())
    path = tmp_path / "model.onnx"
    export_network(network, _facts(), path)
    shown = [
        2.0 * torch.randn(7, len(PLANES), 32, 32, generator=torch.manual_seed(seed)).numpy() + 1.0
        for seed in range(4)
    ]
    exact = load_model(path).maps(shown[0])
    quantise(path, iter(shown))
    model = load_model(path, path.stat().st_mtime_ns)
    assert model.facts == _facts()
    rounded = model.maps(shown[0])
    assert not np.array_equal(rounded, exact)
    spread = exact.std(axis=(0, 2, 3))
    assert ((rounded - exact).std(axis=(0, 2, 3)) < 0.05 * spread).all()
    again = network_of(path)
    for name, weight in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weight, atol=1e-4, rtol=1e-4)
    told = _facts().model_copy(update={"name": "another"})
    write_facts(path, told, path)
    renamed = load_model(path, path.stat().st_mtime_ns)
    assert renamed.facts == told
    np.testing.assert_array_equal(renamed.maps(shown[0]), rounded)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_model_file_can_be_trained_on(tmp_path: Path) -> None:
    network = without_norm(_network_after_some_frames())
    path = tmp_path / "model.onnx"
    export_network(network, _facts(), path)
    again = network_of(path)
    for name, weight in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weight)
    with pytest.raises(ConfigurationError, match="no such model"):
        network_of(tmp_path / "missing.onnx")


def test_block_phases_of_turned_windows_still_rise_from_the_blocks_edge(pool: ClipPool) -> None:
    batches = pool.batches(16, np.random.default_rng(5))
    phases = set()
    for _ in range(6):
        frames = next(batches).frames[:, 2].float()
        for name, axis in (("block_phase_x", 2), ("block_phase_y", 1)):
            plane = frames[:, PLANES.index(name)]
            step = torch.diff(plane, dim=axis)
            # rises by a seventh of the range, and falls by all of it where a block begins
            rising = (step - 2.0 / 7.0).abs() < 0.02
            falling = (step + 2.0).abs() < 0.02
            assert (rising | falling | (step == 0)).all()
            assert (torch.diff(plane, dim=3 - axis) == 0).all()
            phases |= set(plane[:, 0, 0].mul(7).round().int().tolist())
    # -7, -5 ... 7, and 0 where nothing is known
    assert phases == {*range(-7, 8, 2), 0}


def test_a_camera_that_is_a_little_off_changes_light_and_truth_together() -> None:
    simulation = Simulation(width_px=64, height_px=64, frames=6, seed=2)
    clips = [training_clip(simulation, np.random.default_rng(seed)) for seed in (0, 1)]
    shift = clips[1].log_photons - clips[0].log_photons
    np.testing.assert_allclose(shift, shift[0], atol=1e-5)
    background = (clips[1].log_background - clips[0].log_background).astype(np.float32)
    np.testing.assert_allclose(background, shift[0], atol=0.01)


def test_a_run_can_be_looked_at_in_a_browser(tmp_path: Path) -> None:
    train_network(QUICK, tmp_path)
    page = (tmp_path / "progress.html").read_text(encoding="utf-8")
    assert f"{QUICK.steps} of {QUICK.steps}" in page
    assert page.count("data:image/png;base64,") == 2
