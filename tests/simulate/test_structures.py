"""Structures are what they say: their measures can be recovered from where labels sit."""

import math
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter, ValidationError
from scipy.spatial import cKDTree
from scipy.stats import kstest

from cellstorm.errors import ConfigurationError
from cellstorm.parameters import describe_validation_error
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures import (
    ClusterStructure,
    FilamentStructure,
    ImageStructure,
    LinePairStructure,
    PositionStructure,
    RingStructure,
    SiemensStarStructure,
    Structure,
    UniformStructure,
)

VIEW = FieldOfView(width_px=128, height_px=96, pixel_size_nm=100.0, frames=10, frame_rate_hz=30.0)
# every structure that needs no file of the user's
DRAWN: list[Structure] = [
    UniformStructure(labels_per_um2=100.0),
    FilamentStructure(),
    LinePairStructure(),
    SiemensStarStructure(),
    RingStructure(),
    ClusterStructure(),
    ImageStructure(),
]
KIND: TypeAdapter[Structure] = TypeAdapter(Structure)


def sites_of(structure: Structure, seed: int = 1) -> NDArray[np.float64]:
    return structure.sites(VIEW, np.random.default_rng(seed))


@pytest.mark.parametrize("structure", DRAWN, ids=lambda structure: structure.kind)
def test_every_structure_stays_in_the_field_and_lies_flat(structure: Structure) -> None:
    x_nm, y_nm, z_nm = sites_of(structure).T
    assert ((x_nm >= 0) & (x_nm < VIEW.width_nm)).all()
    assert ((y_nm >= 0) & (y_nm < VIEW.height_nm)).all()
    off_axis = structure.antibody_nm if isinstance(structure, FilamentStructure) else 0.0
    assert np.abs(z_nm).max() <= off_axis


@pytest.mark.parametrize("structure", DRAWN, ids=lambda structure: structure.kind)
def test_the_same_seed_gives_the_same_structure(structure: Structure) -> None:
    np.testing.assert_array_equal(sites_of(structure), sites_of(structure))
    other = sites_of(structure, seed=2)
    assert other.shape != sites_of(structure).shape or (other != sites_of(structure)).any()


@pytest.mark.parametrize("structure", DRAWN, ids=lambda structure: structure.kind)
def test_every_structure_can_fill_a_slab(structure: Structure) -> None:
    slab = structure.model_copy(update={"z_centre_nm": 100.0, "z_spread_nm": 400.0})
    z_nm = sites_of(slab)[:, 2]
    off_axis = 12.5 if structure.kind == "filaments" else 0.0
    assert z_nm.min() >= -100.0 - off_axis
    assert z_nm.max() <= 300.0 + off_axis
    # half of the slab's thickness at the very least, whatever few filaments or rings there are
    assert np.ptp(z_nm) > 200.0


@pytest.mark.parametrize("structure", DRAWN, ids=lambda structure: structure.kind)
def test_a_structure_survives_being_saved(structure: Structure) -> None:
    again = KIND.validate_json(structure.model_dump_json())
    assert again == structure
    assert type(again).from_yaml(structure.to_yaml()) == structure


@pytest.mark.parametrize("structure", DRAWN, ids=lambda structure: structure.kind)
def test_the_smallest_field_still_has_a_molecule(structure: Structure) -> None:
    tiny = FieldOfView(8, 8, 20.0, frames=1, frame_rate_hz=30.0)
    assert structure.sites(tiny, np.random.default_rng(0)).shape[0] >= 1


def test_uniform_labels_are_as_dense_as_asked_everywhere() -> None:
    sites = sites_of(UniformStructure(labels_per_um2=200.0))
    assert sites.shape[0] == round(200.0 * VIEW.area_um2)
    assert kstest(sites[:, 0] / VIEW.width_nm, "uniform").pvalue > 0.01
    assert kstest(sites[:, 1] / VIEW.height_nm, "uniform").pvalue > 0.01


def test_filaments_have_the_length_and_the_labels_asked_for() -> None:
    large = FieldOfView(512, 512, 100.0, frames=1, frame_rate_hz=30.0)
    structure = FilamentStructure(filament_um_per_um2=1.0, label_spacing_nm=40.0)
    labels = structure.sites(large, np.random.default_rng(0)).shape[0]
    # the last filament may be one too long
    assert labels * 0.040 == pytest.approx(large.area_um2, rel=0.05)


def test_tangents_of_filaments_forget_their_direction_as_the_persistence_length_says() -> None:
    large = FieldOfView(2000, 2000, 100.0, frames=1, frame_rate_hz=30.0)
    persistence_um = 8.0
    structure = FilamentStructure(
        persistence_um=persistence_um, antibody_nm=0.0, filament_um_per_um2=0.25
    )
    sites = structure.sites(large, np.random.default_rng(3))[:, :2]
    step = np.diff(sites, axis=0)
    length = np.linalg.norm(step, axis=1)
    # where one filament ends and the next begins the steps are long
    joined = length < 20.001
    tangent = np.where(joined, (step / length[:, None]).T, np.nan).T
    for lag_um in (2.0, 4.0, 8.0):
        lag = round(lag_um / 0.020)
        # pairs with an end of a filament between them are left out
        whole = np.convolve(joined, np.ones(lag + 1), "valid") == lag + 1
        cosine = np.sum(tangent[:-lag] * tangent[lag:], axis=1)[whole].mean()
        # about 10 mm of filament are a thousand independent persistence lengths
        assert cosine == pytest.approx(math.exp(-lag_um / (2.0 * persistence_um)), abs=0.03)


def test_labels_stand_an_antibody_off_the_axis_in_every_direction() -> None:
    bare = sites_of(FilamentStructure(antibody_nm=0.0), seed=5)
    # a straight piece would do; the same seed gives the same axes, and few labels leave the field
    with_antibody = sites_of(FilamentStructure(antibody_nm=12.5), seed=5)
    distance = np.asarray(cKDTree(bare).query(with_antibody)[0])
    assert distance.max() <= 12.5 + 1e-6
    # seen from above, a random direction in space has a mean height of half its length
    assert np.abs(with_antibody[:, 2]).mean() == pytest.approx(6.25, rel=0.05)
    assert np.abs(with_antibody[:, 2]).max() == pytest.approx(12.5, rel=0.01)


def test_filaments_rise_and_fall_smoothly_and_fill_the_slab() -> None:
    large = FieldOfView(1000, 1000, 100.0, frames=1, frame_rate_hz=30.0)
    structure = FilamentStructure(antibody_nm=0.0, z_spread_nm=600.0)
    sites = structure.sites(large, np.random.default_rng(0))
    step = np.diff(sites, axis=0)
    within = np.linalg.norm(step[:, :2], axis=1) < 20.001
    # 600 nm over 3 um is a slope of 0.2; random waves rarely add up to three times that
    assert np.abs(step[within, 2]).max() < 0.6 * 20.0
    deciles = np.histogram(sites[:, 2], bins=10, range=(-300.0, 300.0))[0] / sites.shape[0]
    np.testing.assert_allclose(deciles, 0.1, atol=0.05)


def test_lines_are_apart_what_their_gap_says() -> None:
    structure = LinePairStructure(gaps_nm=(40.0, 90.0, 200.0), slant_deg=25.0)
    x_nm, y_nm, _ = sites_of(structure).T
    slant = math.radians(25.0)
    across = (x_nm - VIEW.width_nm / 2) * math.cos(slant) - (y_nm - VIEW.height_nm / 2) * math.sin(
        slant
    )
    lines = np.unique(np.round(across, 3))
    pairs = structure.pairs_nm(VIEW)
    assert pairs.shape[0] == 10
    np.testing.assert_allclose(np.diff(lines)[::2], pairs[:, 1], atol=1e-2)
    np.testing.assert_allclose((lines[::2] + lines[1::2]) / 2, pairs[:, 0], atol=1e-2)
    assert set(pairs[:, 1]) == {40.0, 90.0, 200.0}


def test_labels_scatter_about_their_line_as_asked() -> None:
    structure = LinePairStructure(gaps_nm=(400.0,), slant_deg=0.0, scatter_nm=10.0)
    x_nm = sites_of(structure)[:, 0] - VIEW.width_nm / 2
    middle, gap = structure.pairs_nm(VIEW).T
    lines = np.sort(np.concatenate([middle - gap / 2, middle + gap / 2]))
    nearest = np.abs(x_nm[:, None] - lines).argmin(axis=1)
    assert np.std(x_nm - lines[nearest]) == pytest.approx(10.0, rel=0.05)


def test_a_siemens_star_is_half_labelled_and_has_its_spokes() -> None:
    structure = SiemensStarStructure(spokes=9, labels_per_um2=500.0)
    x_nm, y_nm, _ = sites_of(structure).T
    angle = np.arctan2(y_nm - VIEW.height_nm / 2, x_nm - VIEW.width_nm / 2)
    within_period = np.mod(angle / (2 * math.pi / 9), 1.0)
    assert within_period.max() < 0.5 + 1e-9
    assert kstest(within_period * 2, "uniform").pvalue > 0.01
    distance = np.hypot(x_nm - VIEW.width_nm / 2, y_nm - VIEW.height_nm / 2) / 4320.0
    assert kstest(distance**2, "uniform").pvalue > 0.01


def test_rings_are_eightfold_of_their_diameter_and_do_not_touch() -> None:
    structure = RingStructure(scatter_nm=0.0, copies_per_corner=2)
    sites = sites_of(structure)[:, :2].reshape(-1, 8, 2, 2)
    centres = sites.mean(axis=(1, 2))
    assert centres.shape[0] == round(4.0 * VIEW.area_um2)
    arm = sites - centres[:, None, None]
    np.testing.assert_allclose(np.linalg.norm(arm, axis=-1), 53.5, atol=1e-6)
    angle = np.arctan2(arm[..., 0, 1], arm[..., 0, 0])
    turn = np.mod(np.diff(angle, axis=1), 2 * math.pi)
    np.testing.assert_allclose(turn, math.pi / 4, atol=1e-6)
    nearest = np.asarray(cKDTree(centres).query(centres, k=2)[0])[:, 1]
    assert nearest.min() >= 127.0
    assert kstest(np.mod(angle[:, 0] / (math.pi / 4), 1.0), "uniform").pvalue > 0.01


def test_incomplete_labelling_leaves_its_share_of_the_places() -> None:
    full, half = sites_of(RingStructure()), sites_of(RingStructure(labelled=0.5))
    assert half.shape[0] / full.shape[0] == pytest.approx(0.5, abs=0.03)


def test_more_rings_than_fit_are_refused_and_the_advice_works() -> None:
    small = FieldOfView(32, 32, 100.0, frames=1, frame_rate_hz=30.0)
    with pytest.raises(ConfigurationError, match=r"rings_per_um2.*no room") as caught:
        RingStructure(rings_per_um2=60.0).sites(small, np.random.default_rng(0))
    assert caught.value.todo is not None
    advised = float(caught.value.todo.split()[4])
    assert 20.0 < advised < 60.0
    advised_rings = RingStructure(rings_per_um2=advised)
    assert advised_rings.sites(small, np.random.default_rng(1)).shape[0] > 0


def test_a_ring_larger_than_the_field_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="diameter_nm"):
        sites_of(RingStructure(diameter_nm=20_000.0))


def test_clusters_have_their_size_and_monomers_their_share() -> None:
    structure = ClusterStructure(
        clusters_per_um2=0.05, labels_per_cluster=400.0, sigma_nm=40.0, monomer_share=0.2
    )
    large = FieldOfView(512, 512, 100.0, frames=1, frame_rate_hz=30.0)
    sites = structure.sites(large, np.random.default_rng(2))[:, :2]
    neighbours = cKDTree(sites).query_ball_point(sites, 60.0, return_length=True)
    # a cluster's outermost label has few of its 400 within 60 nm, a monomer next to none
    assert np.mean(neighbours < 5) == pytest.approx(0.2, abs=0.03)
    clusters = cKDTree(sites[neighbours > 50])
    first = sites[neighbours > 50][0]
    members = sites[cKDTree(sites).query_ball_point(first, 400.0)]
    assert clusters.n > 1000
    assert np.std(members - members.mean(axis=0)) == pytest.approx(40.0, rel=0.25)


def test_the_logo_is_ours_and_has_fine_lines() -> None:
    mask = ImageStructure().mask()
    assert mask.shape == (512, 512)
    assert 0.05 < mask.mean() < 0.3


def drawn(path: Path, levels: NDArray[np.uint8]) -> str:
    Image.fromarray(levels).save(path)
    return str(path)


@pytest.mark.parametrize("foreground", ["white", "black"])
def test_a_picture_is_fitted_into_the_field_with_its_proportions(
    tmp_path: Path, foreground: str
) -> None:
    levels = np.full((20, 40), 0 if foreground == "white" else 255, np.uint8)
    levels[:, :20] = 255 - levels[0, 0]
    path = drawn(tmp_path / "half.png", levels)
    structure = ImageStructure.model_validate({"path": path, "foreground": foreground, "fill": 1.0})
    x_nm, y_nm, _ = sites_of(structure).T
    # 12.8 x 9.6 um hold a picture of 2 : 1 as 12.8 x 6.4 um; its left half is labelled
    assert (x_nm.min(), x_nm.max()) == pytest.approx((0.0, 6400.0), abs=10.0)
    assert (y_nm.min(), y_nm.max()) == pytest.approx((1600.0, 8000.0), abs=10.0)
    assert x_nm.size == round(structure.labels_per_um2 * 6.4 * 6.4)


def test_a_picture_of_one_bit_or_of_sixteen_will_do(tmp_path: Path) -> None:
    levels = np.zeros((10, 10), np.uint8)
    levels[2:4] = 255
    Image.fromarray(levels).convert("1").save(tmp_path / "one.png")
    Image.fromarray(levels.astype(np.uint16) * 257).save(tmp_path / "sixteen.png")
    for name in ("one.png", "sixteen.png"):
        mask = ImageStructure(path=str(tmp_path / name)).mask()
        np.testing.assert_array_equal(mask, levels > 0)


def test_transparent_pixels_carry_no_label(tmp_path: Path) -> None:
    levels = np.full((4, 4, 4), 255, np.uint8)
    levels[:2, :, 3] = 0
    mask = ImageStructure(path=drawn(tmp_path / "clear.png", levels)).mask()
    np.testing.assert_array_equal(mask.all(axis=1), [False, False, True, True])


def test_what_is_no_png_is_refused_by_name(tmp_path: Path) -> None:
    text, jpeg, cut = tmp_path / "note.png", tmp_path / "photo.png", tmp_path / "cut.png"
    text.write_text("not a picture")
    Image.new("L", (8, 8), 255).save(jpeg, format="JPEG")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    drawn(cut, noise)
    cut.write_bytes(cut.read_bytes()[:-2000])
    for path in (text, jpeg, cut, tmp_path, tmp_path / "missing.png"):
        with pytest.raises(ConfigurationError) as caught:
            sites_of(ImageStructure(path=str(path)))
        assert str(path) in str(caught.value)
        assert "PNG" in str(caught.value)


def test_a_picture_without_foreground_is_refused(tmp_path: Path) -> None:
    path = drawn(tmp_path / "night.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(ConfigurationError, match="no white pixel"):
        sites_of(ImageStructure(path=path))
    assert sites_of(ImageStructure(path=path, foreground="black")).shape[0] > 0


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_molecules_sit_where_a_table_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"places.{suffix}"
    table = pl.DataFrame(
        {"x_nm": [100.0, 99_000.0, 300.0], "y_nm": [50, 60, 70], "z_nm": [-5.0, 0.0, 8.0]}
    )
    if suffix == "csv":
        table.write_csv(path)
    else:
        table.write_parquet(path)
    sites = sites_of(PositionStructure(path=str(path), z_centre_nm=100.0))
    np.testing.assert_array_equal(sites, [[100.0, 50.0, 95.0], [300.0, 70.0, 108.0]])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x_nm,y\n1,2\n", "no column y_nm"),
        ("x_nm,y_nm\n1,2\n3,north\n", "y_nm is no number in row 2"),
        ("x_nm,y_nm\n1,2\n,4\n", "x_nm is no number in row 2"),
        ("x_nm,y_nm\n-1,2\n", "none of the 1 positions is inside"),
        ("", "not a csv table"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "places.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        sites_of(PositionStructure(path=str(path)))
    assert caught.value.where == path


def test_a_missing_table_or_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "places.parquet").write_text("no parquet")
    for name in ("none.csv", "none.parquet", "places.parquet", "places.xlsx"):
        with pytest.raises(ConfigurationError, match=name):
            sites_of(PositionStructure(path=str(tmp_path / name)))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "uniform", "labels_per_um2": -1}, "labels_per_um2"),
        ({"kind": "filaments", "persistence_um": 0}, "persistence_um"),
        ({"kind": "filaments", "antibody_nm": float("inf")}, "antibody_nm"),
        ({"kind": "line_pairs", "gaps_nm": []}, "gaps_nm"),
        ({"kind": "line_pairs", "gaps_nm": [40, 0]}, r"gaps_nm\.1"),
        ({"kind": "line_pairs", "gaps_nm": [2000]}, "gaps_nm must be under pair_distance_nm"),
        ({"kind": "siemens_star", "spokes": 1}, "spokes"),
        ({"kind": "rings", "labelled": 1.5}, "labelled"),
        ({"kind": "clusters", "sigma_nm": float("nan")}, "sigma_nm"),
        ({"kind": "image", "foreground": "grey"}, "foreground.*'white' or 'black'"),
        ({"kind": "positions"}, "path"),
        ({"kind": "uniform", "z_spread_nm": -1}, "z_spread_nm"),
        ({"kind": "spirals"}, "'uniform', 'filaments', 'line_pairs'"),
    ],
)
def test_impossible_parameters_name_the_field(given: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        KIND.validate_python(given)
    assert re.search(field, describe_validation_error(caught.value))
