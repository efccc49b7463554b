"""Bursts of raw stills: DNG files as a phone writes them, with and without a colour mosaic."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cellstorm.camera import Camera, load_camera
from cellstorm.camera.raw_burst import RawBurst, open_stills
from cellstorm.cli import main
from cellstorm.errors import MovieError
from cellstorm.movie import ArrayMovie

pytest.importorskip("rawpy")

WHITE, BLACK = 1023, 64
CAMERA = Camera(offset_adu=BLACK, gain_e_per_adu=0.8, read_noise_e=3.0, bit_depth=10)
RGGB, GBRG = (0, 1, 1, 2), (1, 2, 0, 1)
# DNG 1.4: version, backward version, model, black level, white level
ALWAYS = [
    (50706, "B", 4, (1, 4, 0, 0), True),
    (50707, "B", 4, (1, 1, 0, 0), True),
    (50708, "s", 0, "made for a test", True),
    (50714, "H", 1, BLACK, True),
    (50717, "I", 1, WHITE, True),
]
LINEAR_RAW, MOSAIC = 34892, 32803


def write_dng(
    path: Path, values: NDArray[np.uint16], mosaic: tuple[int, ...] | None = RGGB
) -> None:
    """An uncompressed DNG: of a mosaic of four, or of a monochrome sensor."""
    if mosaic is None:
        tifffile.imwrite(path, values, photometric=1, extratags=ALWAYS, metadata=None)
        with tifffile.TiffFile(path, mode="r+") as file:
            # one plane of linear raw, which tifffile itself does not write
            file.pages.first.tags[262].overwrite(LINEAR_RAW)
        return
    of_mosaic = [
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, mosaic, True),
        (50710, "B", 3, (0, 1, 2), True),
        # to XYZ; without it the colours are not known
        (50721, "2i", 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1), True),
        (50778, "H", 1, 21, True),
    ]
    extra = [*ALWAYS, *of_mosaic]
    tifffile.imwrite(path, values, photometric=MOSAIC, extratags=extra, metadata=None)


def burst(
    folder: Path,
    *,
    frames: int,
    brightest_e: float,
    mosaic: tuple[int, ...] | None = RGGB,
    seed: int = 0,
) -> list[Path]:
    """Stills of a scene that brightens from left to right; green twice as bright as the others."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    light = np.tile(np.linspace(0.0, brightest_e, 160), (160, 1))
    if mosaic is not None:
        colour = np.array(mosaic).reshape(2, 2)[np.indices(light.shape)[0] % 2, np.arange(160) % 2]
        light = np.where(colour == 1, light, 0.5 * light)
    paths = []
    for number in range(frames):
        electrons = random.poisson(light) + CAMERA.read_noise_e * random.normal(size=light.shape)
        values = np.rint(electrons / CAMERA.gain_e_per_adu + BLACK).clip(0, WHITE)
        paths.append(folder / f"IMG_{number}.dng")
        write_dng(paths[-1], values.astype(np.uint16), mosaic)
    return paths


@pytest.mark.parametrize("mosaic", [RGGB, None], ids=["mosaic", "monochrome"])
def test_a_burst_of_raw_stills_gives_the_camera_within_three_per_cent(
    tmp_path: Path, mosaic: tuple[int, ...] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = burst(tmp_path / "clip", frames=24, brightest_e=1200.0, mosaic=mosaic)
    dark = burst(tmp_path / "dark", frames=24, brightest_e=0.0, mosaic=mosaic, seed=1)
    output = tmp_path / "camera.yaml"
    words = ["calibrate", *clip, "--dark", *dark, "--output", output]
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert not ended.value.code
    found = load_camera(str(output))
    assert found.gain_e_per_adu == pytest.approx(CAMERA.gain_e_per_adu, rel=0.03)
    assert found.offset_adu == pytest.approx(CAMERA.offset_adu, rel=0.03)
    assert found.read_noise_e == pytest.approx(CAMERA.read_noise_e, rel=0.03)
    assert found.bit_depth == 10
    told = " ".join(capsys.readouterr().out.split())
    assert ("the green ones at row 0, column 1" in told) == (mosaic is not None)


def test_of_a_mosaic_the_first_green_is_read_and_of_a_monochrome_sensor_all(
    tmp_path: Path,
) -> None:
    values = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96) % WHITE
    for mosaic, expected in (
        (RGGB, values[0::2, 1::2]),
        (GBRG, values[0::2, 0::2]),
        (None, values),
    ):
        write_dng(tmp_path / "one.dng", values, mosaic)
        movie = RawBurst([tmp_path / "one.dng"])
        assert movie.shape == (1, *expected.shape)
        assert movie.dtype == np.uint16
        assert (movie.read(0, 1)[0] == expected).all()


def test_stills_come_in_the_order_of_their_numbers_from_files_or_a_folder(tmp_path: Path) -> None:
    for number in (10, 9, 2):
        write_dng(tmp_path / f"IMG_{number}.dng", np.full((32, 32), number, np.uint16), None)
    for given in ([*tmp_path.glob("*.dng")], [tmp_path]):
        movie = open_stills(given)
        assert movie.read(0, 3)[:, 0, 0].tolist() == [2, 9, 10]
        assert movie.name == "IMG_2.dng to IMG_10.dng"


@pytest.fixture
def still(tmp_path: Path) -> Path:
    write_dng(tmp_path / "a.dng", np.full((64, 96), 200, np.uint16))
    return tmp_path / "a.dng"


def test_a_truncated_raw_file_is_refused(still: Path) -> None:
    still.write_bytes(still.read_bytes()[:300])
    with pytest.raises(MovieError, match=r"a\.dng: this is not a readable raw file"):
        open_stills([still])


def test_a_demosaiced_file_is_refused(still: Path) -> None:
    colours = np.zeros((64, 96, 3), np.uint16)
    tifffile.imwrite(still, colours, photometric=LINEAR_RAW, extratags=ALWAYS, metadata=None)
    with pytest.raises(MovieError, match="demosaiced already"):
        open_stills([still])


def test_stills_of_another_size_and_files_of_another_kind_are_refused(still: Path) -> None:
    other = still.with_name("b.dng")
    write_dng(other, np.zeros((32, 96), np.uint16))
    with pytest.raises(MovieError, match=r"b\.dng: this still has 48 x 16 px, the first one 48"):
        open_stills([still, other]).read(0, 2)
    with pytest.raises(MovieError, match=r"c\.mp4: this is no raw still"):
        open_stills([still, still.with_name("c.mp4")])


def test_without_the_reader_it_says_what_to_install(
    still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(MovieError, match=r'pip install "cellstorm\[raw\]"'):
        open_stills([still])


def test_one_movie_is_opened_as_ever(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 8, 8), np.uint8))
    assert open_stills([tmp_path / "a.npy"]).shape == ArrayMovie(np.zeros((3, 8, 8))).shape
