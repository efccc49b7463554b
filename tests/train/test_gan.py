"""The paper's network: its losses as written, no shift, any crop, runs that go on."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import convolve2d

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from cellstorm.errors import ConfigurationError  # noqa: E402
from cellstorm.localize.gan import BrightnessScale, GanFacts, load_gan  # noqa: E402
from cellstorm.localize.gan._peak_kernel import find_peaks  # noqa: E402
from cellstorm.localize.gan.tiling import tiled_maps  # noqa: E402
from cellstorm.localize.net import load_model  # noqa: E402
from cellstorm.train.conditions import Conditions  # noqa: E402
from cellstorm.train.gan.export import export_generator  # noqa: E402
from cellstorm.train.gan.generator import Generator, GeneratorShape  # noqa: E402
from cellstorm.train.gan.loss import (  # noqa: E402
    LossWeights,
    PsfBlur,
    discriminator_loss,
    generator_loss,
)
from cellstorm.train.gan.training import (  # noqa: E402
    GAN_PRESETS,
    GanProgress,
    GanSettings,
    GanTrainer,
    load_generator,
    train_gan,
)
from cellstorm.train.pairs import (  # noqa: E402
    PairBatch,
    PairConditions,
    PatchSettings,
    rasterised,
)

Float = NDArray[np.float64]
SMALL = GeneratorShape(levels=3, width=8, last_channels=8, factor=4)
BRIGHT = PairConditions(
    recording=Conditions(
        size_px=32,
        frames=6,
        photons=(2000.0, 3000.0),
        sigma_px=(1.0, 1.2),
        background_photons=(1.0, 2.0),
        haze_share=0.0,
        out_of_focus_share=0.0,
        isp_share=0.0,
    )
)
QUICK = GanSettings(
    generator=GeneratorShape(levels=2, width=4, last_channels=4, factor=4),
    discriminator={"layers": 2, "width": 4},
    conditions=BRIGHT,
    patches=PatchSettings(factor=4, patch_px=16),
    weights=LossWeights(adversarial_from=2, adversarial_every=2),
    steps=8,
    batch_patches=2,
    pool_clips=2,
    mixed_precision=False,
)


# Diederich et al. 2019, section 5.4, written down as it stands: sums over pixels divided by
# their number for the norms, natural logarithms, the convolution by its definition.
def _psf(sigma: float, size: int) -> Float:
    steps = np.arange(size) - size // 2
    psf: Float = np.exp(-0.5 * (steps[:, None] ** 2 + steps[None, :] ** 2) / sigma**2)
    return psf


def _judge(x: Float, blurred: Float) -> Float:
    """Something that depends on both, for the discriminator: a probability per pixel."""
    return np.asarray(1.0 / (1.0 + np.exp(-(0.7 * x + 1.3 * blurred - 0.2))))


def _equations(x: Float, y: Float, drawn: Float, weights: LossWeights) -> dict[str, float]:
    psf = _psf(weights.blur_sigma_fine_px, weights.blur_size_fine_px)
    drawn_blurred = convolve2d(drawn, psf, mode="same")
    truth_blurred = convolve2d(y, psf, mode="same")
    on_truth, on_drawn = _judge(x, truth_blurred), _judge(x, drawn_blurred)
    return {
        "discriminator": -float(np.log(on_truth).mean() + np.log(1.0 - on_drawn).mean()),
        "adversarial": -float(np.log(on_drawn).mean()),
        "l1": float(np.abs(truth_blurred - drawn_blurred).mean()),
        "sparse": float(np.abs(drawn).mean()),
    }


def _torch_judge(x: Tensor, blurred: Tensor) -> Tensor:
    return 0.7 * x + 1.3 * blurred - 0.2


@pytest.fixture
def arrays() -> tuple[Float, Float, Float]:
    random = np.random.default_rng(0)
    x = random.normal(size=(14, 17))
    y = np.where(random.random((14, 17)) < 0.05, random.random((14, 17)), 0.0)
    return x, y, random.random((14, 17)) * 0.1


def test_the_losses_are_the_papers_equations(arrays: tuple[Float, Float, Float]) -> None:
    x, y, drawn = arrays
    weights = LossWeights(blur_sigma_fine_px=1.5, blur_size_fine_px=7)
    wanted = _equations(x, y, drawn, weights)
    blur = PsfBlur(weights).double()
    tx, ty, tdrawn = (torch.from_numpy(a)[None, None] for a in (x, y, drawn))
    drawn_blurred, truth_blurred = blur(tdrawn), blur(ty)
    verdict = _torch_judge(tx, drawn_blurred)
    losses = generator_loss(tdrawn, drawn_blurred, truth_blurred, verdict, weights, adversarial=3.0)
    for name in ("adversarial", "l1", "sparse"):
        assert float(getattr(losses, name)) == pytest.approx(wanted[name], rel=1e-6)
    total = 3.0 * wanted["adversarial"] + 100.0 * wanted["l1"] + 100.0 * wanted["sparse"]
    assert float(losses.total) == pytest.approx(total, rel=1e-6)
    judged = discriminator_loss(_torch_judge(tx, truth_blurred), verdict)
    assert float(judged) == pytest.approx(wanted["discriminator"], rel=1e-6)


def test_the_gradient_is_that_of_the_equations(arrays: tuple[Float, Float, Float]) -> None:
    x, y, drawn = arrays
    weights = LossWeights(blur_sigma_fine_px=1.5, blur_size_fine_px=7)
    blur = PsfBlur(weights).double()
    tx, ty = (torch.from_numpy(a)[None, None] for a in (x, y))
    tdrawn = torch.from_numpy(drawn)[None, None].requires_grad_()
    drawn_blurred = blur(tdrawn)
    verdict = _torch_judge(tx, drawn_blurred)
    generator_loss(
        tdrawn, drawn_blurred, blur(ty), verdict, weights, adversarial=3.0
    ).total.backward()  # type: ignore[no-untyped-call]

    def total(changed: Float) -> float:
        parts = _equations(x, y, changed, weights)
        return 3.0 * parts["adversarial"] + 100.0 * (parts["l1"] + parts["sparse"])

    assert tdrawn.grad is not None
    for row, column in ((0, 0), (5, 9), (13, 16), (7, 3)):
        step = np.zeros_like(drawn)
        step[row, column] = 1e-7
        slope = (total(drawn + step) - total(drawn - step)) / 2e-7
        assert float(tdrawn.grad[0, 0, row, column]) == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_the_truth_costs_less_than_black_than_a_shift_and_than_a_blur() -> None:
    weights = LossWeights()
    blur = PsfBlur(weights)
    truth = torch.zeros(1, 1, 64, 64)
    truth[0, 0, 30, 33] = 0.4

    def cost(drawn: Tensor) -> float:
        drawn_blurred, truth_blurred = blur(drawn), blur(truth)
        return float(
            generator_loss(
                drawn, drawn_blurred, truth_blurred, None, weights, adversarial=0.0
            ).total
        )

    smeared = torch.nn.functional.avg_pool2d(truth, 3, stride=1, padding=1)
    right = cost(truth)
    assert right < 0.1 * cost(torch.zeros_like(truth))
    assert right < cost(truth.roll(1, dims=3))
    assert right < cost(smeared)
    assert right < cost(0.7 * truth)


def test_the_discriminator_counts_after_1000_iterations_in_every_third() -> None:
    weights = LossWeights()
    counts = [step for step in range(1200) if weights.adversarial_at(step) > 0]
    assert counts[0] >= 1000
    assert set(np.diff(counts)) == {3}
    assert {weights.adversarial_at(step) for step in counts} == {3.0}


@pytest.mark.parametrize(("name", "millions"), [("phone", 0.75), ("paper", 5.5)])
def test_the_generators_are_as_large_as_the_papers(name: str, millions: float) -> None:
    generator = Generator(GAN_PRESETS[name].generator)
    count = sum(weight.numel() for weight in generator.parameters())
    assert count == pytest.approx(millions * 1e6, rel=0.02)


def _randomised(shape: GeneratorShape, seed: int = 0) -> Generator:
    torch.manual_seed(seed)
    generator = Generator(shape)
    with torch.no_grad():
        generator.head.weight.mul_(2.0)
        generator.head.bias.fill_(0.4)  # type: ignore[union-attr]
    if shape.batch_norm:
        for _ in range(5):
            generator(2.0 * torch.randn(4, 1, 16, 16) + 1.0)
    return generator.eval()


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("factor", "levels"), [(4, 3), (5, 2)])
def test_any_crop_and_any_batch_gives_the_same_map(
    *, factor: int, levels: int, batch_norm: bool
) -> None:
    shape = SMALL.model_copy(update={"factor": factor, "levels": levels, "batch_norm": batch_norm})
    generator = _randomised(shape)
    light = torch.randn(3, 45, 53).numpy()

    def compute(frames: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.no_grad():
            maps: NDArray[np.float32] = generator(torch.from_numpy(frames)).numpy()
        return maps

    whole = compute(light[:, None])[:, 0]
    assert whole.shape == (3, factor * 45, factor * 53)
    assert whole.min() >= 0.0 and whole.max() <= 1.0 and np.ptp(whole) > 0.1
    tiled = tiled_maps(
        compute, light, factor=factor, core_px=8, halo_px=shape.halo_px, align_px=shape.align_px
    )
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    np.testing.assert_allclose(compute(light[1:2, None])[0, 0], whole[1], atol=1e-5)


def test_enlarging_moves_nothing() -> None:
    random = np.random.default_rng(1)
    steps = np.arange(24) + 0.5
    for factor in (4, 5):
        generator = Generator(SMALL.model_copy(update={"factor": factor}))
        offsets = []
        for x_px, y_px in random.uniform(11.0, 13.0, (20, 2)):
            spot = np.exp(-0.5 * ((steps - x_px) ** 2 + (steps[:, None] - y_px) ** 2) / 1.3**2)
            frame = torch.from_numpy(spot.astype(np.float32))[None, None]
            fine = generator.enlarged(frame)[0, 0].numpy().astype(np.float64)
            at = np.arange(24 * factor) + 0.5
            offsets.append(
                (
                    (fine.sum(axis=0) * at).sum() / fine.sum() - factor * x_px,
                    (fine.sum(axis=1) * at).sum() / fine.sum() - factor * y_px,
                )
            )
        assert np.abs(offsets).max() < 0.05


def _spots(count: int, random: np.random.Generator) -> tuple[PairBatch, Float]:
    """Noiseless molecules, one in every patch of 8 px, and their places ``(count, 2)``, px."""
    size, factor = 8, 4
    steps = np.arange(size) + 0.5
    light = np.empty((count, 1, size, size), np.float32)
    truth = np.zeros((count, 1, factor * size, factor * size), np.float32)
    places = random.uniform(2.5, size - 2.5, (count, 2))
    for patch, (x_px, y_px) in enumerate(places):
        photons = random.uniform(800.0, 3000.0, 1)
        distance2 = (steps - x_px) ** 2 + (steps[:, None] - y_px) ** 2
        shown = photons / (2.0 * np.pi * 1.2**2) * np.exp(-0.5 * distance2 / 1.2**2)
        light[patch, 0] = 0.1 * (2.0 * np.sqrt(shown + 2.0) - 10.0)
        truth[patch, 0] = BrightnessScale().of_photons(
            rasterised(
                np.array([x_px]), np.array([y_px]), photons, shape_px=(size, size), factor=factor
            )
        )
    return PairBatch(light, truth), places


def _toy(steps: int, learning_rate: float, blur_sigma_fine_px: float) -> GanTrainer:
    settings = GanSettings(
        generator=GeneratorShape(levels=2, width=16, factor=4),
        patches=PatchSettings(factor=4, patch_px=8),
        weights=LossWeights(
            adversarial_from=10**6,
            adversarial_every=10**6,
            blur_sigma_fine_px=blur_sigma_fine_px,
        ),
        steps=steps,
        learning_rate=learning_rate,
        cooling_share=0.5,
        mixed_precision=False,
        seed=3,
    )
    return GanTrainer(settings)


def _brightest(trainer: GanTrainer, batch: PairBatch) -> tuple[int, Float]:
    """How many molecules are found, and the place of each patch's brightest, fine px."""
    trainer.generator.eval()
    with torch.no_grad():
        maps = trainer.generator(torch.from_numpy(batch.light))[:, 0].numpy()
    found = find_peaks(maps, 0.3 * maps.max(axis=(1, 2)).astype(np.float64), 2)
    of_patches = [found[found[:, 0] == patch] for patch in range(maps.shape[0])]
    return len(found), np.array([rows[rows[:, 3].argmax(), 1:3] for rows in of_patches])


@pytest.mark.slow
def test_eight_pairs_are_learned_to_next_to_no_error() -> None:
    batch, places = _spots(8, np.random.default_rng(2))
    trainer = _toy(1200, 3e-3, 4.0)
    for number in range(1200):
        losses = trainer.step(batch, number + 1)
    black = float(PsfBlur(LossWeights())(torch.from_numpy(batch.truth)).mean())
    assert float(losses.generator.l1) < 0.15 * black
    assert float(losses.generator.sparse) == pytest.approx(float(batch.truth.mean()), rel=0.1)
    _, found = _brightest(trainer, batch)
    # the paper's PSF of 4 fine px says little of where in a pixel the brightness lies
    assert np.hypot(*(found - np.floor(4.0 * places) - 0.5).T).max() < 1.5


@pytest.mark.slow
def test_single_molecules_come_back_without_a_shift() -> None:
    random = np.random.default_rng(4)
    trainer = _toy(1200, 2e-3, 2.0)
    for number in range(1200):
        trainer.step(_spots(8, random)[0], number + 1)
    batch, places = _spots(400, np.random.default_rng(5))
    count, found = _brightest(trainer, batch)
    assert count < 410
    errors = found - 4.0 * places
    assert np.abs(errors.mean(axis=0)).max() < 0.1
    # better than the rounding of its truth, which is 0.29
    assert errors.std(axis=0).max() < 0.29


def test_a_run_that_was_stopped_goes_on_and_other_settings_are_refused(tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"steps": 52})
    assert not train_gan(settings, tmp_path, stop_after_s=0.0)
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert stored["step"] == 50
    listened: list[GanProgress] = []
    assert train_gan(settings, tmp_path, listener=listened.append)
    assert listened[-1].step == 52
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    taken = {float(one["step"]) for one in state["generator_steps"]["state"].values()}
    assert taken == {52.0}
    kept, generator = load_generator(tmp_path / "checkpoint.pt")
    assert kept == settings
    assert not generator.training
    page = (tmp_path / "progress.html").read_text(encoding="utf-8")
    assert "52 of 52" in page
    assert page.count("data:image/png;base64,") == 2
    with pytest.raises(ConfigurationError, match="other settings"):
        train_gan(settings.model_copy(update={"seed": 9}), tmp_path)


def test_the_same_pairs_give_the_same_weights_after_going_on_as_without_a_stop() -> None:
    batches = [_spots(2, np.random.default_rng(seed))[0] for seed in range(6)]
    through, before = GanTrainer(QUICK), GanTrainer(QUICK)
    for number, batch in enumerate(batches):
        through.step(batch, number)
    for number in range(3):
        before.step(batches[number], number)
    after = GanTrainer(QUICK.model_copy(update={"seed": 5}))
    after.take_up(before.state())
    for number in range(3, 6):
        after.step(batches[number], number)
    for name, weight in through.generator.state_dict().items():
        torch.testing.assert_close(after.generator.state_dict()[name], weight)
    for name, weight in through.discriminator.state_dict().items():
        torch.testing.assert_close(after.discriminator.state_dict()[name], weight)


def test_the_generator_leaves_the_discriminator_as_it_is() -> None:
    trainer = GanTrainer(QUICK)
    batch, _ = _spots(2, np.random.default_rng(0))
    before = {name: value.clone() for name, value in trainer.discriminator.named_parameters()}
    losses = trainer.step(batch, 3)
    assert losses.discriminator is None
    for name, value in trainer.discriminator.named_parameters():
        assert torch.equal(value, before[name])
    judged = trainer.step(batch, 4)
    assert judged.discriminator is not None and float(judged.generator.adversarial) > 0.0
    changed = [not torch.equal(v, before[n]) for n, v in trainer.discriminator.named_parameters()]
    assert any(changed)


def test_pairs_of_another_fineness_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="5 times finer"):
        GanTrainer(QUICK.model_copy(update={"patches": PatchSettings(factor=5, patch_px=16)}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_model_file_takes_native_frames_of_any_size(
    tmp_path: Path, *, batch_norm: bool
) -> None:
    shape = SMALL.model_copy(update={"batch_norm": batch_norm})
    generator = _randomised(shape)
    facts = GanFacts(
        name="test",
        cellstorm_version="0",
        created="2026-01-01",
        factor=shape.factor,
        halo_px=shape.halo_px,
        align_px=shape.align_px,
    )
    path = tmp_path / "model.onnx"
    export_generator(generator, facts, path)
    model = load_gan(path)
    assert model.facts == facts
    for frames, height, width in ((1, 32, 32), (3, 21, 38)):
        light = torch.randn(frames, 1, height, width)
        with torch.no_grad():
            wanted = generator(light).numpy()
        # of weights in 16 bits; brightness goes from 0 to 1
        np.testing.assert_allclose(model.maps(light.numpy()), wanted, atol=2e-3)
        np.testing.assert_allclose(model.maps(light.numpy()).mean(), wanted.mean(), rtol=2e-3)
    with pytest.raises(ConfigurationError, match="--method gan, not for --method net"):
        load_model(path)
