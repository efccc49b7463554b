"""``cellstorm demo``: what it says when it cannot end."""

from pathlib import Path

import pytest

from cellstorm.cli import main


def test_an_unwritable_result_is_not_advised_to_be_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # a folder in the table's place makes the last step of all fail
    (tmp_path / "phone.locs.parquet").mkdir()
    with pytest.raises(SystemExit) as exit_:
        main(["demo", "--frames", "20", "--output", str(tmp_path)])
    assert exit_.value.code == 2
    printed = capsys.readouterr().err
    assert "--resume" not in printed
    assert "always begins anew" in printed


def test_the_folder_is_an_option_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["demo", "--help"])
    assert exit_.value.code == 0
    assert "[ARGS]" not in capsys.readouterr().out
