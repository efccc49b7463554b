"""``cellstorm localize``: the promises of the command line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cellstorm.cli import main
from cellstorm.cli.localize import parse_frames, parse_region
from cellstorm.cli.method_options import chosen_method
from cellstorm.errors import ConfigurationError
from cellstorm.localizations import read_table
from cellstorm.localize import GaussianMethod, NetMethod
from cellstorm.simulate import Simulation


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Simulation(width_px=48, height_px=40, frames=90, seed=2).run(
        tmp_path_factory.mktemp("film") / "holiday.mp4"
    )
    return made.movie


@pytest.fixture
def here(film: Path, tmp_path: Path) -> Path:
    """The film in a folder of its own."""
    path = tmp_path / film.name
    path.write_bytes(film.read_bytes())
    return path


def run(*tokens: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(token) for token in tokens])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def test_no_option_at_all_gives_table_picture_and_summary(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("localize", here) == 0
    table = read_table(here.with_name("holiday.locs.parquet"))
    assert len(table) > 100
    assert here.with_name("holiday.locs.png").stat().st_size > 1000
    assert sorted(path.name for path in here.parent.iterdir()) == [
        "holiday.locs.parquet",
        "holiday.locs.png",
        "holiday.mp4",
    ]
    printed = capsys.readouterr()
    for promised in (
        "frames",
        "molecules",
        "photons",
        "background",
        "uncertainty",
        "PSF width",
        "speed",
        "holiday.locs.parquet",
        "holiday.locs.png",
    ):
        assert promised in printed.out
    assert "Camera estimated from the movie: offset" in printed.err
    assert "100 nm assumed" in printed.err


def test_an_option_of_the_fit_alone_says_that_the_fit_is_taken(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("localize", here, "--threshold", "4", "--frames", ":9", "--no-picture") == 0
    assert "--threshold belongs to the fit, taken here instead of" in capsys.readouterr().err
    assert run("localize", here, "--fast", "--frames", ":9", "--no-picture") == 0
    assert "instead of the network" not in capsys.readouterr().err


def test_options_reach_the_table(here: Path) -> None:
    output = here.with_name("part.csv")
    code = run(
        *("localize", here, "--output", output, "--no-picture", "--fast"),
        *("--camera", "huawei-p9", "--pixel-size-nm", "80", "--frames", "10:60"),
        *("--roi", "8:40,:32", "--set", "filter.scale=2.5", "--sigma-px", "1.3"),
    )
    assert code == 0
    table = read_table(output)
    assert table.column("frame").min() >= 10
    assert table.column("frame").max() < 60
    # a fit may come out half a pixel beyond the border
    assert table.column("x_nm").min() >= 7.5 * 80
    assert table.column("x_nm").max() <= 40.5 * 80
    assert table.column("y_nm").max() <= 32.5 * 80
    assert not here.with_name("part.png").exists()


def test_another_film_of_the_same_stem_gets_a_table_of_its_own(here: Path) -> None:
    other = here.with_suffix(".npy")
    frames = np.random.default_rng(0).integers(0, 50, (30, 24, 24)).astype(np.uint8)
    frames[:, 10:12, 10:12] += 100
    np.save(other, frames)
    assert run("localize", here, "--fast", "--no-picture") == 0
    assert run("localize", other, "--fast", "--no-picture") == 0
    assert here.with_name("holiday.locs.parquet").exists()
    assert here.with_name("holiday.npy.locs.parquet").exists()


def test_flags_win_over_the_file_and_assignments_over_flags(tmp_path: Path) -> None:
    config = tmp_path / "method.yaml"
    config.write_text("threshold: 3\nsigma_px: 1.1\nfilter: {kind: box, size_px: 5}\n")
    method = chosen_method(
        None,
        config=config,
        threshold="4.5",
        fast=True,
        detector="centroid",
        assignments=("sigma_px=1.7", "filter.size_px=7"),
    )
    assert isinstance(method, GaussianMethod)
    assert method.threshold == 4.5
    assert method.sigma_px == 1.7
    assert method.emitters == "single"
    assert method.model_dump()["filter"] == {"kind": "box", "size_px": 7}
    assert method.detector.kind == "centroid"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"assignments": ("sigma=1",)}, "sigma: there is no such setting; did you mean sigma_px?"),
        (
            {"assignments": ("filter.scal=1",)},
            "filter.scal: there is no such setting",
        ),
        ({"assignments": ("sigma_px",)}, "is not an assignment"),
        ({"assignments": ("sigma_px.x=1",), "sigma_px": 1.3}, "sigma_px has no parts"),
        ({"sigma_px": -1.0}, "sigma_px: input should be greater than"),
        ({"threshold": "2*sdt(Wave.F1)"}, "threshold"),
        ({"fit": "lsq"}, "--fast"),
    ],
)
def test_a_wrong_method_is_refused_in_one_sentence(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        chosen_method("gaussian", **options)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_the_network_is_taken_unless_something_asks_for_the_fit(tmp_path: Path) -> None:
    config = tmp_path / "method.yaml"
    assert isinstance(chosen_method(None), NetMethod)
    assert isinstance(chosen_method(None, fast=False, assignments=("least_mass=0.7",)), NetMethod)
    assert isinstance(chosen_method(None, fast=True), GaussianMethod)
    assert isinstance(chosen_method(None, assignments=("filter.scale=2",)), GaussianMethod)
    for text, expected in (
        ("method: gaussian", GaussianMethod),
        ("sigma_px: 1.2", GaussianMethod),
        ("least_mass: 0.6", NetMethod),
    ):
        config.write_text(text)
        assert isinstance(chosen_method(None, config=config), expected)
    with pytest.raises(ConfigurationError, match="did you mean sigma_px"):
        chosen_method(None, assignments=("sigma=1.3",))
    with pytest.raises(ConfigurationError, match="--fast belongs to --method gaussian"):
        chosen_method("net", fast=True)


def test_ranges_may_be_left_open() -> None:
    assert parse_frames("3:9") == (3, 9)
    assert parse_frames(":9") == (None, 9)
    assert parse_frames("3:") == (3, None)
    assert parse_region("1:2,:4") == (1, 2, None, 4)
    for wrong in ("5", "a:b", "1:2:3"):
        with pytest.raises(ConfigurationError, match="not a range"):
            parse_frames(wrong)
    for wrong in ("1:2", "1:2,3", "a:2,3:4"):
        with pytest.raises(ConfigurationError, match="not a region"):
            parse_region(wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--frames", "0:91"), "--frames 0:91 reaches outside the 90 frames"),
        (("--frames", "40:40"), "--frames 40:40 holds no frame"),
        (("--roi", "0:49,0:40"), "--roi 0:49,0:40 reaches outside the 48 x 40 px"),
        (("--camera", "leica"), "there is no camera or camera file 'leica'"),
        (("--output", "table.xls"), "xls"),
        (("--workers", "0"), "--workers must be at least 1"),
        (("--pixel-size-nm", "-5"), "--pixel-size-nm must be over 0"),
        (("--pixel-size-nm", "0.1"), "is it in micrometres"),
        (("--config", "lost.yaml"), "the configuration cannot be read"),
        (("--threshold", "3*wild(Wave.F1)"), "threshold"),
        (("--resume", "--restart"), "exclude each other"),
        (("--filter", "wave"), "wave"),
        (("--colour", "red"), "--colour"),
        (("--model", "lost"), "there is no model called lost"),
        (("--method", "gan", "--model", "lost.onnx"), "there is no such model file"),
        (("--output", "film.png"), "the picture is written beside it"),
    ],
)
def test_wrong_options_give_one_sentence_and_exit_code_2(
    here: Path,
    options: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(here.parent)
    assert run("localize", here, *options) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert "looking at the movie" not in printed.err
    assert printed.out == ""
    assert [path.name for path in here.parent.iterdir()] == ["holiday.mp4"]


def test_a_missing_film_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("localize", tmp_path / "lost.mp4") == 2
    assert "lost.mp4" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_said_before_any_work(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("localize", here, "--output", here.parent / "no" / "table.parquet") == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_a_read_only_folder_is_said_before_any_work(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # root may write anywhere but into the kernel's own file system
    folder = Path("/sys") if os.geteuid() == 0 else here.parent
    here.parent.chmod(0o500)
    try:
        assert run("localize", here, "--output", folder / "table.parquet") == 2
    finally:
        here.parent.chmod(0o700)
    assert "read-only" in capsys.readouterr().err


def test_an_unknown_verb_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("localise") == 2
    assert "localize" in capsys.readouterr().err


def cellstorm(*tokens: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cellstorm", *map(str, tokens)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_and_version_come_without_loading_the_science() -> None:
    script = (
        "import sys\nfrom cellstorm.cli import main\n"
        "try:\n    main(['--help'])\nfinally:\n"
        "    print(sorted({'numba', 'polars', 'numpy', 'av'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.rstrip().endswith("[]")
    for verb in ("info", "localize", "render", "convert", "demo"):
        assert verb in done.stdout
    assert cellstorm("--version").stdout.strip().count(".") == 2


def test_a_broken_configuration_names_the_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = here.with_name("bad.yaml")
    bad.write_text("sigma_px: 1.3\nfilter: [box\nfit: mle\n")
    for option in ("--config", "--camera"):
        assert run("localize", here, option, bad) == 2
        assert "bad.yaml: this is not YAML: line 3, column 4: " in capsys.readouterr().err


def test_preparing_is_said_at_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("localize", here, "--fast", "--frames", ":9", "--no-picture") == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first == "looking at the movie"


@pytest.mark.skipif(os.name != "posix", reason="a shell's way to close an output")
def test_a_closed_output_is_no_error(here: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m cellstorm info "$1" >&-', sys.executable, here],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_in_a_process_of_its_own_has_no_traceback(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a film at all\n" * 50)
    done = cellstorm("localize", text)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "notes.mp4" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
