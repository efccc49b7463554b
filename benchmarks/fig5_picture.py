"""The picture of the paper's grid in the documentation, from a finished benchmark.

    python -m benchmarks.fig5_picture FOLDER docs/images/fig5_curves.png

Each line is a quality of the video; colours are methods. Errors are left out where a method
finds under 5 % of the events.
"""

import argparse
from pathlib import Path
from typing import Literal

import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from cellstorm.benchmark import FIGURES
from cellstorm.benchmark.curves import METHOD_COLOURS

_SHOWN = ("jaccard", "rmse_nm", "nearest_share", "nearest_distance_nm")
_TITLES = {
    "nearest_share": "share of events within 200 nm (the paper's)",
    "nearest_distance_nm": "mean distance to these, nm",
}
_LEAST_SHARE = 0.05
_LINES: tuple[Literal["dotted", "dashdot", "dashed", "solid"], ...] = (
    "dotted",
    "dashdot",
    "dashed",
    "solid",
)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="output of cellstorm benchmark fig5")
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    table = pl.read_parquet(options.folder / "figures.parquet")
    methods = table["method"].unique(maintain_order=True).to_list()
    qualities = sorted(table["codec.quality_percent"].unique().to_list())
    levels = sorted(table["photons"].unique().to_list())

    # the errors of two molecules say nothing
    seen = pl.col("nearest_share") >= _LEAST_SHARE
    table = table.with_columns(
        pl.when(seen).then(pl.col(name)) for name in ("rmse_nm", "nearest_distance_nm")
    )
    canvas = Figure(figsize=(10, 7), layout="constrained")
    for axes, name in zip(canvas.subplots(2, 2).flat, _SHOWN, strict=True):
        for method, colour in zip(methods, METHOD_COLOURS, strict=False):
            for quality, line in zip(qualities, _LINES, strict=True):
                rows = table.filter(
                    (pl.col("method") == method) & (pl.col("codec.quality_percent") == quality)
                ).sort("photons")
                axes.plot(rows["photons"], rows[name], color=colour, linestyle=line, marker=".")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(levels))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([f"{level:g}" for level in levels])
        axes.set_xlabel("photons")
        axes.set_ylim(0, None if name.endswith("_nm") else 1)
        axes.set_title(_TITLES.get(name) or FIGURES[name].heading, fontsize=11)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    handles = [
        Line2D([], [], color=colour, label=method)
        for method, colour in zip(methods, METHOD_COLOURS, strict=False)
    ] + [
        Line2D([], [], color="#555555", linestyle=line, label=f"quality {quality:g} %")
        for quality, line in zip(qualities, _LINES, strict=True)
    ]
    canvas.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False)
    canvas.savefig(options.picture, dpi=110)


if __name__ == "__main__":
    main()
