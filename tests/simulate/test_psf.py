"""Every PSF puts the light where it was asked to, all of it, and as wide as it says."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import yaml
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy.ndimage import map_coordinates
from scipy.special import erf, j1

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.psf import (
    AstigmaticPsf,
    DefocusPsf,
    GaussianPsf,
    Psf,
    PupilPsf,
    VolumePsf,
)

PSF = TypeAdapter[Any](Psf)
PUPIL = PupilPsf(numerical_aperture=1.3, range_nm=300.0)


def gaussian_plane(size: int, sigma: float, middle: float) -> NDArray[np.float64]:
    edges = np.arange(size + 1.0) - middle
    profile = np.diff(0.5 * erf(edges / (math.sqrt(2) * sigma)))
    plane: NDArray[np.float64] = np.outer(profile, profile)
    return plane


@pytest.fixture
def volume(tmp_path: Path) -> VolumePsf:
    """A Gaussian of 130 nm in focus on voxels of 20 nm, off the middle of the stack."""
    widths = [math.hypot(1.0, z / 400.0) * 6.5 for z in range(-400, 401, 50)]
    np.save(tmp_path / "bead.npy", np.stack([gaussian_plane(151, width, 73.2) for width in widths]))
    return VolumePsf(path=tmp_path / "bead.npy", pixel_nm=20.0, z_step_nm=50.0)


@pytest.fixture(params=["gaussian", "defocus", "astigmatic", "pupil", "volume"])
def psf(request: pytest.FixtureRequest) -> Any:
    if request.param == "volume":
        return request.getfixturevalue("volume")
    return {
        "gaussian": GaussianPsf(),
        "defocus": DefocusPsf(),
        "astigmatic": AstigmaticPsf(sigma_x_px=1.2),
        "pupil": PUPIL,
    }[request.param]


def spot(
    psf: Any,
    x_px: float = 24.5,
    y_px: float = 24.5,
    z_nm: float = 0.0,
    *,
    size: int = 49,
    pixel_size_nm: float = 100.0,
) -> NDArray[np.float64]:
    images = np.zeros((1, size, size), np.float32)
    psf.add_spots(
        np.zeros(1, np.int64),
        np.array([x_px]),
        np.array([y_px]),
        np.array([z_nm]),
        np.array([1e4]),
        images,
        pixel_size_nm=pixel_size_nm,
    )
    image: NDArray[np.float64] = images[0].astype(np.float64)
    return image


def moments(image: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Centre and variance in x and y, px."""
    place = np.arange(image.shape[0]) + 0.5
    across, down = image.sum(axis=0) / image.sum(), image.sum(axis=1) / image.sum()
    x, y = float(across @ place), float(down @ place)
    return x, y, float(across @ (place - x) ** 2), float(down @ (place - y) ** 2)


@pytest.mark.parametrize("z_nm", [-250.0, 0.0, 130.0])
def test_all_the_light_arrives(psf: Any, z_nm: float) -> None:
    assert spot(psf, z_nm=z_nm).sum() == pytest.approx(1e4, rel=5e-3)


def test_the_centre_of_mass_is_the_position_at_any_phase(psf: Any) -> None:
    for phase in np.random.default_rng(1).random((12, 2)):
        x, y, _, _ = moments(spot(psf, 24.0 + phase[0], 24.0 + phase[1]))
        assert x == pytest.approx(24.0 + phase[0], abs=2e-3)
        assert y == pytest.approx(24.0 + phase[1], abs=2e-3)


@pytest.mark.parametrize(
    "psf", [GaussianPsf(sigma_px=0.9), DefocusPsf(), AstigmaticPsf(sigma_y_px=1.5, cubic_x=0.1)]
)
@pytest.mark.parametrize("z_nm", [-300.0, 0.0, 200.0])
def test_the_second_moment_is_the_width_and_that_of_a_pixel(psf: Any, z_nm: float) -> None:
    sigma_x, sigma_y = psf.widths_px(np.array([z_nm]), pixel_size_nm=100.0)
    _, _, variance_x, variance_y = moments(spot(psf, 24.3, 24.8, z_nm))
    assert variance_x == pytest.approx(sigma_x[0] ** 2 + 1 / 12, rel=1e-3)
    assert variance_y == pytest.approx(sigma_y[0] ** 2 + 1 / 12, rel=1e-3)


def test_smaller_pixels_see_the_same_spot(psf: Any) -> None:
    coarse = spot(psf, 24.2, 24.9, 100.0)
    fine = spot(psf.scaled(2.0), 48.4, 49.8, 100.0, size=98, pixel_size_nm=50.0)
    binned = fine.reshape(49, 2, 49, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(binned, coarse, atol=1e-2)


def test_spots_add_up_and_those_outside_leave_no_light(psf: Any) -> None:
    images = np.full((3, 20, 30), 7.0, np.float32)
    frame = np.array([1, 1, 0, 2, 2], np.int64)
    x_px, y_px = np.array([9.0, 9.0, -300.0, 30.0, 12.0]), np.array([8.0, 8.0, 5.0, 20.0, 4e3])
    photons = np.array([100.0, 200.0, 1e6, 400.0, 1e6])
    psf.add_spots(frame, x_px, y_px, np.zeros(5), photons, images, pixel_size_nm=100.0)
    assert np.all(images[0] == 7.0)
    alone = np.zeros((1, 20, 30), np.float32)
    psf.add_spots(
        np.zeros(1, np.int64), x_px[:1], y_px[:1], np.zeros(1), photons[:1], alone,
        pixel_size_nm=100.0,
    )  # fmt: skip
    np.testing.assert_allclose(images[1] - 7.0, 3.0 * alone[0], atol=2e-5)
    # at the corner a quarter of a spot is left
    assert (images[2] - 7.0).sum() == pytest.approx(100.0, rel=0.02)


def test_the_elliptical_kernel_is_the_integral_over_each_pixel() -> None:
    psf = AstigmaticPsf()
    sigma_x, sigma_y = psf.widths_px(np.array([120.0]), pixel_size_nm=100.0)
    edges = np.arange(50.0)
    across = np.diff(0.5 * erf((edges - 20.3) / (math.sqrt(2) * sigma_x)))
    down = np.diff(0.5 * erf((edges - 27.9) / (math.sqrt(2) * sigma_y)))
    expected = 1e4 * np.outer(down, across)
    np.testing.assert_allclose(spot(psf, 20.3, 27.9, 120.0), expected, atol=5e-3)


def test_defocus_widens_by_root_two_at_the_focal_depth() -> None:
    psf = DefocusPsf(focus_nm=100.0, depth_nm=300.0)
    widths, _ = psf.widths_px(np.array([100.0, 400.0, -200.0]), pixel_size_nm=100.0)
    np.testing.assert_allclose(widths, 1.3 * np.array([1.0, math.sqrt(2), math.sqrt(2)]))


def test_astigmatic_widths_are_least_in_their_focus_and_cross_between() -> None:
    psf = AstigmaticPsf(focus_x_nm=300.0, focus_y_nm=-200.0)
    z_nm = np.arange(-600.0, 601.0, 10.0)
    sigma_x, sigma_y = psf.widths_px(z_nm, pixel_size_nm=100.0)
    assert z_nm[np.argmin(sigma_x)] == 300.0
    assert z_nm[np.argmin(sigma_y)] == -200.0
    assert z_nm[np.argmin(np.abs(sigma_x - sigma_y))] == 50.0
    _, _, variance_x, variance_y = moments(spot(psf, z_nm=50.0))
    assert variance_x == pytest.approx(variance_y, rel=1e-3)


def test_a_gaussian_volume_is_the_gaussian(volume: VolumePsf) -> None:
    gaussian = spot(GaussianPsf(), 24.37, 24.81)
    np.testing.assert_allclose(
        spot(volume, 24.37, 24.81), gaussian, atol=1e-3 * float(gaussian.max())
    )
    depth = np.array([0.0, 150.0, -275.0])
    for measured, asked in zip(
        volume.widths_px(depth, pixel_size_nm=100.0),
        DefocusPsf().widths_px(depth, pixel_size_nm=100.0),
        strict=True,
    ):
        np.testing.assert_allclose(measured, asked, rtol=3e-3)
    # between planes too
    _, _, variance, _ = moments(spot(volume, z_nm=175.0))
    assert variance == pytest.approx(1.69 * (1 + (175 / 400) ** 2) + 1 / 12, rel=0.01)


def test_voxels_as_large_as_pixels_are_shown_as_they_are(tmp_path: Path) -> None:
    light = np.random.default_rng(0).random((2, 9, 9)) + 0.1
    light += light[:, ::-1, ::-1]
    np.save(tmp_path / "noise.npy", light)
    psf = VolumePsf(path=tmp_path / "noise.npy", pixel_nm=100.0, z_step_nm=50.0, focus_plane=1)
    shown = spot(psf)[20:29, 20:29]
    np.testing.assert_allclose(shown, 1e4 * light[1] / light[1].sum(), rtol=1e-4)


def test_the_volume_kernel_is_a_spline_of_the_integral(tmp_path: Path) -> None:
    stack = np.stack([gaussian_plane(61, 5.0, 29.0), gaussian_plane(61, 7.0, 30.0)])
    tifffile.imwrite(tmp_path / "two.tif", stack.astype(np.float32))
    psf = VolumePsf(path=tmp_path / "two.tif", pixel_nm=30.0, z_step_nm=100.0, focus_plane=0)
    stack = stack.astype(np.float32).astype(np.float64)
    light = sum(share * plane / plane.sum() for share, plane in zip((0.7, 0.3), stack, strict=True))
    integral = np.pad(np.pad(light.cumsum(0).cumsum(1), ((1, 0), (1, 0))), 12, mode="edge")
    edges = np.clip((np.arange(50.0) - 24.2) * (100 / 30) + 29.0 + 12.0, 0, 84)
    corners = map_coordinates(integral, np.meshgrid(edges, edges, indexing="ij"), order=3)
    expected = 1e4 * np.diff(np.diff(corners, axis=0), axis=1)
    np.testing.assert_allclose(spot(psf, 24.2, 24.2, 30.0), expected, atol=0.02)


def test_an_unaberrated_pupil_of_low_aperture_gives_an_airy_disk() -> None:
    psf = PupilPsf(model="scalar", numerical_aperture=0.6, range_nm=50.0)
    pixel_nm = 30.0
    image = spot(psf, 40.5, 40.5, size=81, pixel_size_nm=pixel_nm)
    place = (np.arange(81) - 40) * pixel_nm * 2 * math.pi * 0.6 / 670.0
    optical = np.hypot(place, place[:, None])
    optical[40, 40] = 1e-6
    airy = (2 * j1(optical) / optical) ** 2
    np.testing.assert_allclose(image / image.max(), airy, atol=0.01)


def test_a_free_dipole_seen_at_high_aperture_is_wider_than_a_scalar_wave() -> None:
    focus = np.zeros(1)
    scalar, _ = PUPIL.model_copy(update={"model": "scalar"}).widths_px(focus, pixel_size_nm=100.0)
    vectorial, same = PUPIL.widths_px(focus, pixel_size_nm=100.0)
    # Zhang et al. 2007: a Gaussian of about 0.21 wavelengths / NA is nearest to an Airy disk
    assert 100 * scalar[0] == pytest.approx(0.21 * 670 / 1.3, rel=0.06)
    assert 1.05 < vectorial[0] / scalar[0] < 1.3
    assert vectorial[0] == pytest.approx(same[0], rel=1e-6)


def test_astigmatism_in_the_pupil_tells_depth() -> None:
    psf = PUPIL.model_copy(update={"aberrations_rad": {6: 0.8}})
    sigma_x, sigma_y = psf.widths_px(np.array([-200.0, 0.0, 200.0]), pixel_size_nm=100.0)
    assert sigma_x[0] > 1.4 * sigma_y[0]
    assert sigma_x[1] == pytest.approx(sigma_y[1], rel=0.01)
    assert sigma_y[2] > 1.4 * sigma_x[2]


@pytest.mark.parametrize("psf", [AstigmaticPsf(range_nm=300.0), PUPIL])
def test_a_molecule_deeper_than_the_psf_is_known_is_named(psf: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"350 nm.*300 nm"):
        spot(psf, z_nm=350.0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.tif", None, "cannot be read"),
        ("letter.tif", b"Dear Sir or Madam", "not a TIFF or NPY stack"),
        ("letter.npy", b"Dear Sir or Madam", "not a TIFF or NPY stack"),
        ("image.npy", np.ones((9, 9)), r"axes \(z, y, x\); this array has the shape \(9, 9\)"),
        ("holes.npy", np.full((3, 9, 9), np.nan), "not finite"),
        ("dark.npy", np.zeros((3, 9, 9)), "plane 0 .* no light"),
        ("words.npy", np.full((3, 9, 9), "a"), "numbers"),
    ],
)
def test_a_volume_that_is_no_stack_gives_one_clear_sentence(
    tmp_path: Path, name: str, content: bytes | NDArray[Any] | None, message: str
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(ConfigurationError, match=message) as told:
        spot(VolumePsf(path=path, pixel_nm=20.0, z_step_nm=50.0))
    assert told.value.where == path


def test_a_plane_the_stack_does_not_have_cannot_be_its_focus(volume: VolumePsf) -> None:
    with pytest.raises(ConfigurationError, match=r"focus_plane is 17.*0 to 16"):
        spot(volume.model_copy(update={"focus_plane": 17}))


def test_a_stack_that_changed_on_disk_is_read_again(volume: VolumePsf) -> None:
    narrow = spot(volume).max()
    np.save(volume.path, np.stack([gaussian_plane(151, 13.0, 75.0)] * 2))
    assert spot(volume).max() < 0.5 * narrow


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "gaussian", "sigma_px": -1.0}, "sigma_px"),
        ({"kind": "gaussian", "sigma_px": math.nan}, "sigma_px"),
        ({"kind": "defocus", "focus_nm": math.inf}, "focus_nm"),
        ({"kind": "astigmatic", "cubic_y": 1.0}, "cubic_y"),
        ({"kind": "pupil", "numerical_aperture": 1.6}, "refractive_index"),
        ({"kind": "pupil", "aberrations_rad": {2: 1.0}}, "aberrations_rad"),
        ({"kind": "volume", "path": "bead.tif", "pixel_nm": 20.0}, "z_step_nm"),
        ({"kind": "bessel"}, "bessel"),
    ],
)
def test_impossible_parameters_are_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        PSF.validate_python(values)


def test_every_psf_survives_a_yaml_file(psf: Any) -> None:
    assert PSF.validate_python(yaml.safe_load(psf.to_yaml())) == psf
    aberrated = PUPIL.model_copy(update={"aberrations_rad": {5: 0.5, 11: -0.25}})
    assert PSF.validate_json(aberrated.model_dump_json()) == aberrated
