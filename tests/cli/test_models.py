"""``cellstorm models``: what there is can be seen, named and used."""

import json
from pathlib import Path

import pytest

from cellstorm.cli import main
from cellstorm.errors import ConfigurationError
from cellstorm.localize.model_names import find_model, own_models
from cellstorm.localize.net import SHIPPED_MODEL, load_model
from cellstorm.localize.onnx_weights import count_weights
from cellstorm.simulate import Simulation


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the user's own models."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("CELLSTORM_MODELS", str(folder))
    return folder


def _put(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(SHIPPED_MODEL.read_bytes())
    return path


def run(*tokens: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(token) for token in tokens])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def test_without_a_word_the_model_that_comes_along_and_the_own_ones_are_listed(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _put(own, "mine.onnx")
    assert run("models") == 0
    printed = capsys.readouterr().out
    assert "(comes along)" in printed and "mine.onnx" in printed
    facts = load_model(SHIPPED_MODEL).facts
    for promised in (
        facts.name,
        facts.created[:10],
        f"licence {facts.licence}",
        "million weights",
        f"{facts.context_frames} frames at a time",
        "PSF ",
        "simulated movies",
    ):
        assert promised in printed


def test_one_file_is_shown_with_every_condition_and_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", _put(tmp_path, "other.onnx")) == 0
    printed = capsys.readouterr().out
    facts = load_model(SHIPPED_MODEL).facts
    for name, figure in facts.figures.items():
        assert f"{figure:.3f}  {name}" in printed
    for told in ("read noise", "on-time", "recoded_share", "learning_rate", "log photons times"):
        assert told in printed


def test_json_holds_all_that_the_file_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "--json") == 0
    (entry,) = (
        one for one in json.loads(capsys.readouterr().out) if one["file"] == str(SHIPPED_MODEL)
    )
    facts = load_model(SHIPPED_MODEL).facts.model_dump(mode="json")
    assert {name: entry[name] for name in facts} == facts


def test_a_folder_is_listed_and_what_is_no_model_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "some"
    folder.mkdir()
    _put(folder, "good.onnx")
    (folder / "bad.onnx").write_bytes(b"nothing")
    assert run("models", folder) == 0
    printed = capsys.readouterr()
    assert "good.onnx" in printed.out
    assert "bad.onnx: this is not an ONNX model" in printed.err


@pytest.mark.parametrize("name", ["nobody", "folder/nobody.onnx", "nobody.onnx"])
def test_a_model_that_is_not_there_is_an_error(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", name) == 2
    assert "there is no " in capsys.readouterr().err


def test_a_name_can_be_given_in_place_of_a_file(own: Path) -> None:
    mine = _put(own, "mine.onnx")
    assert find_model("mine") == mine
    assert find_model(mine) == mine
    assert find_model(None) == SHIPPED_MODEL
    # a copy keeps what the file calls itself: the file of that name is meant
    assert find_model(load_model(SHIPPED_MODEL).facts.name) == SHIPPED_MODEL
    with pytest.raises(ConfigurationError, match="no model called others"):
        find_model("others")


def test_a_folder_that_has_a_models_name_is_not_in_its_way(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / SHIPPED_MODEL.stem).mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("models", SHIPPED_MODEL.stem) == 0
    assert "million weights" in capsys.readouterr().out


def test_two_models_of_one_name_are_not_chosen_between(own: Path) -> None:
    _put(own, SHIPPED_MODEL.name)
    with pytest.raises(ConfigurationError, match="there are 2 models called"):
        find_model(SHIPPED_MODEL.stem)


def test_a_movie_is_localized_with_a_model_given_by_name(own: Path, tmp_path: Path) -> None:
    _put(own, "mine.onnx")
    film = Simulation(width_px=64, height_px=64, frames=8, seed=5).run(tmp_path / "film.mp4").movie
    assert run("localize", film, "--method", "net", "--model", "mine", "--no-picture") == 0
    assert run("localize", film, "--method", "net", "--model", "his", "--no-picture") == 2


def test_the_own_folder_is_in_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELLSTORM_MODELS")
    assert own_models() == Path.home() / ".cellstorm" / "models"


def test_weights_are_counted_as_the_onnx_library_counts_them() -> None:
    onnx = pytest.importorskip("onnx")
    tensors = onnx.load(str(SHIPPED_MODEL)).graph.initializer
    expected = sum(
        int(onnx.numpy_helper.to_array(tensor).size)
        for tensor in tensors
        if tensor.data_type != onnx.TensorProto.INT64
    )
    assert count_weights(SHIPPED_MODEL.read_bytes()) == expected
    with pytest.raises(ValueError, match="no protobuf"):
        count_weights(b"\xff" * 20)
