"""Tables that are read only: Zeiss's and ONI's."""

from pathlib import Path

import pytest

from cellstorm.errors import TableError
from cellstorm.localizations import read_table

# Typed by hand after what ZEN writes, with what it says of the field behind the rows.
ELYRA = """\
Index\tFirst Frame\tNumber Frames\tFrames Missing\tPosition X [nm]\tPosition Y [nm]\t\
Precision [nm]\tNumber Photons\tBackground variance\tChi square\tPSF half width [nm]\t\
Channel\tZ Slice
1\t1\t1\t0\t15850.5\t23502.25\t8.5\t472\t5.33\t0.28\t110.0\t1\t1
2\t7\t3\t1\t25617.25\t24310.5\t9.5\t529\t4.38\t0.31\t129.8\t1\t1

VoxelSizeX : 0.0970873786 µm
ROI List : 
"""  # noqa: W291
# And after what NimOS writes.
NANOIMAGER = """\
Channel,Frame,X (nm),Y (nm),Z (nm),Photons,Background
0,1548,40918.949219,56104.5,0.000000,139.5,0.8485
1,0,3237.5,3575.25,0.000000,549.25,17.75
"""


def test_elyra_s_frames_count_from_one_and_its_field_is_no_molecule(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(ELYRA, encoding="latin-1")
    read = read_table(path)
    assert read.data.select("id", "frame", "x_nm", "y_nm", "detections").rows() == [
        (1, 0, 15850.5, 23502.25, 1),
        (2, 6, 25617.25, 24310.5, 3),
    ]
    assert read.data["uncertainty_nm"].to_list() == [8.5, 9.5]
    assert read.data["photons"].to_list() == [472, 529]
    assert read.data["psf_half_width_nm"].to_list() == [110.0, 129.8]
    assert "where its positions begin" in read.metadata.notices[0]


def test_nanoimager_s_frames_count_from_zero(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(NANOIMAGER)
    read = read_table(path)
    assert read.data.select("frame", "x_nm", "y_nm", "photons", "channel").rows() == [
        (1548, 40918.949219, 56104.5, 139.5, 0),
        (0, 3237.5, 3575.25, 549.25, 1),
    ]
    assert read.data["background_photons"].to_list() == pytest.approx([0.8485, 17.75])


def test_rows_without_a_position_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ELYRA.replace("15850.5", "somewhere"), encoding="latin-1")
    with pytest.raises(TableError, match=r"a\.txt: "):
        read_table(tmp_path / "a.txt")
    (tmp_path / "a.csv").write_text(NANOIMAGER.replace("40918.949219", "NaN"))
    with pytest.raises(TableError, match="1 of 2 rows"):
        read_table(tmp_path / "a.csv")
