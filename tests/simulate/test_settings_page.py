from pathlib import Path

from cellstorm.parameters import kinds_of
from cellstorm.simulate import Simulation
from cellstorm.simulate.settings_page import settings_as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "simulation_settings.md"


def test_the_page_lists_the_settings_of_the_models() -> None:
    assert settings_as_markdown().strip() in PAGE.read_text(encoding="utf-8")


def test_every_field_of_every_part_has_a_meaning() -> None:
    for part, field in Simulation.model_fields.items():
        for model in kinds_of(field.annotation).values():
            for name, inner in model.model_fields.items():
                assert name == "kind" or inner.description, f"{part}.{name}"
