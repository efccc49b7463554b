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
from cellstorm.train.net.export import export_network  # noqa: E402
from cellstorm.train.net.network import NetworkShape, StormNet  # noqa: E402
from cellstorm.train.net.training import (  # noqa: E402
    TrainingSettings,
    load_trained,
    train_network,
)

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
        assert (targets.x_px >= 0).all() and (targets.x_px < 32).all()
        rows, columns = targets.y_px.long(), targets.x_px.long()
        at_truth.append(light[targets.window, rows, columns])
        elsewhere.append(light.flatten())
    # a molecule of 3000 photons on a background of 1
    assert torch.cat(at_truth).median() > torch.cat(elsewhere).median() + 1.0


def test_codec_facts_are_withheld_from_a_part_of_the_windows(pool: ClipPool) -> None:
    batches = pool.batches(16, np.random.default_rng(2))
    known = torch.cat([next(batches).frames[:, 1, 2].amax(dim=(1, 2)) for _ in range(10)])
    assert 0.1 < known.mean() < 0.9


def test_a_run_that_was_stopped_goes_on_and_other_settings_are_refused(tmp_path: Path) -> None:
    train_network(QUICK, tmp_path, stop_after_s=0.0)
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert 0 < stored["step"] < QUICK.steps
    train_network(QUICK, tmp_path)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == QUICK.steps
    settings, network = load_trained(tmp_path / "checkpoint.pt")
    assert settings == QUICK
    assert isinstance(network, StormNet)
    with pytest.raises(ConfigurationError, match="other settings"):
        train_network(QUICK.model_copy(update={"seed": 9}), tmp_path)


@pytest.mark.slow
def test_a_few_seconds_of_training_lower_the_loss(tmp_path: Path) -> None:
    losses = []
    settings = QUICK.model_copy(update={"steps": 300, "learning_rate": 3e-3})
    train_network(settings, tmp_path, listener=lambda progress: losses.append(progress.loss))
    assert losses[-1] < losses[0] - 5.0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_model_file_computes_what_the_network_does_at_any_size(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = StormNet(SHAPE).eval()
    facts = ModelFacts(
        name="test",
        cellstorm_version="0",
        created="2026-01-01",
        planes=PLANES,
        context_frames=3,
        least_mass=0.5,
        join_px=0.8,
    )
    path = tmp_path / "model.onnx"
    export_network(network, facts, path)
    model = load_model(path)
    assert model.facts == facts
    for shape in ((5, 4, 64, 64), (3, 4, 20, 36)):
        frames = torch.randn(shape)
        with torch.no_grad():
            expected = network.sequence(frames).numpy()
        np.testing.assert_allclose(model.maps(frames.numpy()), expected, atol=1e-4)


def test_a_camera_that_is_a_little_off_changes_light_and_truth_together() -> None:
    simulation = Simulation(width_px=64, height_px=64, frames=6, seed=2)
    clips = [training_clip(simulation, np.random.default_rng(seed)) for seed in (0, 1)]
    shift = clips[1].log_photons - clips[0].log_photons
    np.testing.assert_allclose(shift, shift[0], atol=1e-5)
    background = (clips[1].log_background - clips[0].log_background).astype(np.float32)
    np.testing.assert_allclose(background, shift[0], atol=0.01)
