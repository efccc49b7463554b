"""A network for one's own phone: trained on, compared, written, gone on with."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cellstorm.cli import main  # noqa: E402
from cellstorm.localizations import read_table  # noqa: E402
from cellstorm.localize import NetMethod  # noqa: E402
from cellstorm.localize.net import SHIPPED_MODEL, load_model  # noqa: E402
from cellstorm.localize.net.inputs import input_planes  # noqa: E402
from cellstorm.localize.net.recording_measurement import measure_recording  # noqa: E402
from cellstorm.movie import open_movie  # noqa: E402
from cellstorm.simulate import Simulation  # noqa: E402
from cellstorm.train.narrowing import conditions_like  # noqa: E402
from cellstorm.train.net.export import network_of  # noqa: E402
from cellstorm.train.net.fine_tuning import (  # noqa: E402
    FineTuning,
    FineTuningReport,
    held_back_movies,
    shipped_facts,
    train_on,
)

SIMULATION = Simulation(width_px=96, height_px=96, frames=16, seed=4).changed(crf=15)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SIMULATION.run(tmp_path_factory.mktemp("film") / "mine.mp4").movie


@pytest.fixture(scope="module")
def quick(film: Path) -> FineTuning:
    """As the command plans it, but as small as can be."""
    with open_movie(film) as movie:
        count, height, width = movie.shape
        localizer = NetMethod().prepare(
            movie, SIMULATION.recorded_camera, (0, count), (0, width, 0, height)
        )
        recording = measure_recording(movie, localizer, frames=(0, count))
        return FineTuning(
            movie=movie.name,
            movie_fingerprint=movie.fingerprint(),
            begins_with=shipped_facts().created,
            recording=recording,
            conditions=conditions_like(recording).changed(size_px=64, frames=4),
            minutes=0.02,
            learning_rate=1e-5,
            batch_windows=2,
            pool_clips=32,
            check_movies=2,
            check_frames=4,
        )


def run(*tokens: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(token) for token in tokens])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_run_that_was_begun_is_gone_on_with_to_a_model_that_localizes(
    film: Path, quick: FineTuning, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / film.name
    mine.write_bytes(film.read_bytes())
    model = mine.with_suffix(".onnx")
    folder = model.with_name("mine.onnx.partial")
    folder.mkdir()
    (folder / "run.json").write_text(quick.model_dump_json())
    train_on(quick, folder, threads=1)
    stopped = torch.load(folder / "checkpoint.pt", weights_only=True)["step"]
    assert run("train", "--like", mine, "--minutes", "5") == 2
    assert "in the way" in capsys.readouterr().err
    assert run("train", "--like", mine, "--threads", "1") == 0
    printed = capsys.readouterr()
    assert "Going on" in printed.err
    for promised in ("PSF width, px", "held-back movie", "comes along", "fine-tuned", "mean"):
        assert promised in printed.out
    assert "The fine-tuned network is" in printed.out
    assert not folder.exists()
    facts = load_model(model).facts
    assert facts.name == "mine"
    assert facts.training["steps"] == stopped
    like = facts.training["like"]
    assert set(like["efficiency_of_that"]) == set(facts.figures)
    assert like["recording"]["codec"] == "h264"
    # the movie it was made for lies inside its conditions
    assert run("localize", mine, "--method", "net", "--model", model, "--no-picture") == 0
    table = read_table(mine.with_name("mine.locs.parquet"))
    assert len(table) > 50
    assert not any("was trained for" in notice for notice in table.metadata.notices)
    # a finished model is not written over
    assert run("train", "--like", mine) == 2
    assert "there is a model already" in capsys.readouterr().err


def test_the_shipped_network_can_be_trained_on() -> None:
    network = network_of(SHIPPED_MODEL)
    model = load_model(SHIPPED_MODEL)
    simulation = Simulation(width_px=32, height_px=32, frames=9, seed=1)
    frames = torch.from_numpy(
        input_planes(
            simulation.stack(), simulation.camera, None, (0, 32, 0, 32), simulation.psf_sigma_px
        )
    )
    with torch.no_grad():
        expected = network.sequence(frames).numpy()
    # eight-bit arithmetic in between
    rounding = (model.maps(frames.numpy()) - expected).std(axis=(0, 2, 3))
    # light and background, which hardly vary here, are logarithms: right to 4 %
    assert (rounding < np.maximum(0.1 * expected.std(axis=(0, 2, 3)), 0.04)).all()


def test_movies_to_choose_by_and_to_judge_by_are_different_ones(quick: FineTuning) -> None:
    choose, judge = (held_back_movies(quick, part=part) for part in (0, 1))
    assert len(choose) == len(judge) == quick.check_movies
    assert not {movie.seed for movie in choose.values()} & {m.seed for m in judge.values()}
    assert held_back_movies(quick, part=1) == judge


def test_only_a_gain_that_chance_does_not_make_is_called_better() -> None:
    shipped = {"a": 0.5, "b": 0.6, "c": 0.4}

    def report(*gains: float) -> FineTuningReport:
        tuned = {name: shipped[name] + gain for name, gain in zip("abc", gains, strict=True)}
        return FineTuningReport(shipped_facts(), shipped, tuned, 1)

    assert report(0.05, 0.06, 0.055).is_better
    assert not report(0.2, -0.1, 0.01).is_better
    assert not report(-0.05, -0.06, -0.05).is_better


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--like", "FILM", "--output", "model.bin"], "a model file ends in .onnx"),
        (["--like", "FILM", "--output", "nowhere/model.onnx"], "does not exist"),
        (["--like", "FILM", "--steps", "9"], "--steps does not go with --like"),
        (["--camera", "huawei-p9", "--output", "x"], "--camera needs --like"),
        ([], "the folder of the run is missing"),
        (["--like", "missing.mp4"], "missing.mp4"),
    ],
)
def test_what_does_not_go_together_is_refused_before_any_work(
    options: list[str],
    told: str,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("train", *(str(film) if option == "FILM" else option for option in options)) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_movie_without_molecules_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = Simulation(width_px=64, height_px=64, frames=8).changed(density_per_um2_frame=0.0)
    film = empty.run(tmp_path / "empty.mp4").movie
    before = set(tmp_path.iterdir())
    assert run("train", "--like", film) == 2
    assert "too few to know what they are like" in capsys.readouterr().err
    assert set(tmp_path.iterdir()) == before
