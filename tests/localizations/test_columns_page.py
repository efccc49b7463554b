from pathlib import Path

from cellstorm.localizations.columns import Flag, columns_as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_lists_the_columns_of_the_registry() -> None:
    assert columns_as_markdown() in PAGE.read_text(encoding="utf-8")


def test_the_page_explains_every_flag() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for flag in Flag:
        assert f"| {flag.value} | `{flag.name}` |" in text
