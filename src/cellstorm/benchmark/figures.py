"""The figures a benchmark gives, each defined once for table, curves and report."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["FIGURES", "Figure"]


@dataclass(frozen=True)
class Figure:
    """A column of the results.

    Attributes
    ----------
    name
        In the Parquet file.
    title, unit
        For a person.
    meaning
        One sentence.
    better
        Which way is better; None where neither is, or where it says little alone: finding
        noise everywhere gives full recall, a single sure molecule full precision.
    digits
        After the point.
    curve
        Drawn in the report.
    """

    name: str
    title: str
    unit: str
    meaning: str
    better: Literal["higher", "lower"] | None
    digits: int
    curve: bool = False

    @property
    def heading(self) -> str:
        """Title with unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    def text(self, value: float | None) -> str:
        """A value as it stands in a table."""
        return "–" if value is None else f"{value:,.{self.digits}f}"


_FIGURES = (
    Figure(
        "jaccard",
        "Jaccard",
        "",
        "Pairs within 250 nm over pairs, unpaired found and unpaired true molecules.",
        "higher",
        3,
        curve=True,
    ),
    Figure("recall", "recall", "", "Share of the true molecules that was found.", None, 3),
    Figure("precision", "precision", "", "Share of what was found that is true.", None, 3),
    Figure(
        "rmse_nm",
        "RMSE",
        "nm",
        "Root of the mean squared 2D distance of pairs.",
        "lower",
        1,
        curve=True,
    ),
    Figure(
        "rmse_over_bound",
        "RMSE / bound",
        "",
        "RMSE over that of an ideal estimator that sees the uncoded frames and knows how many"
        " molecules there are (Cramér-Rao, neighbours included), on the same pairs; without"
        " molecules so close together that their bound is over a quarter of the radius of"
        " pairing.",
        "lower",
        2,
    ),
    Figure(
        "error_over_bound",
        "typical error / bound",
        "",
        "Median of error over bound of the single molecules, 1 at the limit; crowds and wrong"
        " pairs hardly move it.",
        "lower",
        2,
    ),
    Figure(
        "efficiency",
        "efficiency",
        "",
        "1 - sqrt((1 - Jaccard)² + (RMSE / 100 nm)²); 1 is perfect.",
        "higher",
        3,
        curve=True,
    ),
    Figure(
        "block_grid",
        "block grid",
        "",
        "How strongly positions crowd in step with the codec's 4, 8 or 16 px blocks, over the"
        " same at periods beside them that no codec has: the artefact of the paper's Fig 5."
        " 1.6 by chance, over 2.2 once in twenty.",
        None,
        1,
    ),
    Figure(
        "coverage_68_percent",
        "68 % intervals hold",
        "%",
        "Share of true positions within the reported 68 % intervals; 68 if uncertainties are"
        " right.",
        None,
        0,
    ),
    Figure(
        "nearest_found",
        "paper's count",
        "",
        "True events, however faint, with anything found within 200 nm, as the paper counts them.",
        "higher",
        0,
        curve=True,
    ),
    Figure(
        "nearest_distance_nm",
        "paper's distance",
        "nm",
        "Mean distance of what was found within 200 nm of any true molecule to the nearest one.",
        "lower",
        1,
        curve=True,
    ),
    Figure(
        "frames_per_s",
        "speed",
        "frames/s",
        "Frames of the movie over the time they took; compilation does not count.",
        "higher",
        0,
    ),
)

FIGURES: dict[str, Figure] = {figure.name: figure for figure in _FIGURES}
"""By name, in the order of tables."""
