"""Fig 7: photon transfer of the Huawei P9, from simulated series."""

from dataclasses import dataclass

from cellstorm.camera import PRESETS, Calibration, calibrate
from cellstorm.camera.calibration_pictures import transfer_figure
from cellstorm.movie import open_movie
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.p9_series import dark_p9, lit_p9
from cellstorm.reproduce.result import Drawn
from cellstorm.reproduce.workshop import Workshop

__all__ = ["make_fig7"]

_SEED = 1007
_CODINGS: dict[str, dict[str, object]] = {
    "raw": {"codec": "none"},
    "H.264, CRF 17": {"codec": "h264", "codec.crf": 17.0},
}
_SURE = 3.0


@dataclass(frozen=True)
class _Quantity:
    """A number of the paper's, what was simulated, and its unit."""

    name: str
    unit: str
    paper: float
    simulated: float

    def measured(self, calibration: Calibration) -> tuple[float | None, float | None]:
        """Value and standard error."""
        fit = calibration.fit
        found = {
            "offset": fit.offset_adu,
            "gain": fit.gain_e_per_adu,
            "linear up to": fit.knee_adu,
            "read noise": fit.read_noise_e,
        }[self.name]
        return (None, None) if found is None else (found.value, found.error)


def make_fig7(workshop: Workshop) -> Drawn:
    """A still clip and a dark series, raw and through H.264, measured as a user's would be.

    Raises
    ------
    CellstormError
        A series cannot be made or measured.
    """
    request = workshop.request
    edge = 64 if request.quick else 128
    codings = dict(list(_CODINGS.items())[:1]) if request.quick else _CODINGS
    measured = {}
    for name, codec in codings.items():
        frames = request.length(full=64, quick=32)
        lit = lit_p9(frames=frames, edge_px=edge, seed=_SEED, codec=codec)
        dark = dark_p9(
            frames=request.length(full=310, quick=100), edge_px=edge, seed=_SEED + 1, codec=codec
        )
        clip = workshop.movie(lit, f"the lit series ({name})")
        covered = workshop.movie(dark, f"the dark series ({name})")
        workshop.tell(f"measuring ({name})", 0, frames)
        with open_movie(clip.path) as still, open_movie(covered.path) as without:
            measured[name] = calibrate(still, without)
    p9 = PRESETS["huawei-p9"]
    quantities = (
        _Quantity("offset", "ADU", 4.1, p9.offset_adu),
        _Quantity("gain", "e per ADU", 0.69, p9.gain_e_per_adu),
        _Quantity("linear up to", "ADU", 220.0, p9.saturation_adu or 255.0),
        # the paper's text; its table has 1.23
        _Quantity("read noise", "e", 2.5, p9.read_noise_e),
    )
    return Drawn(
        title="Fig 7: photon transfer of the simulated Huawei P9",
        canvas=transfer_figure(measured["raw"]),
        tables=(_table(quantities, measured),),
        sentences=_sentences(quantities, measured),
    )


def _table(quantities: tuple[_Quantity, ...], measured: dict[str, Calibration]) -> FigureTable:
    columns = ["quantity", "paper", "simulated"]
    for name in measured:
        columns += [f"measured, {name}", "standard error"]
    rows: list[tuple[Value, ...]] = []
    for quantity in quantities:
        row: list[Value] = [f"{quantity.name}, {quantity.unit}", quantity.paper, quantity.simulated]
        for calibration in measured.values():
            row += quantity.measured(calibration)
        rows.append(tuple(row))
    return FigureTable("The camera, put in and measured", tuple(columns), tuple(rows))


def _sentences(
    quantities: tuple[_Quantity, ...], measured: dict[str, Calibration]
) -> tuple[str, ...]:
    said = [
        "The simulated camera was given the paper's numbers, so what agrees here is the"
        " measurement, not the phone."
    ]
    for name, calibration in measured.items():
        right: list[str] = []
        wrong: list[str] = []
        for quantity in quantities:
            value, error = quantity.measured(calibration)
            if value is None or error is None:
                wrong.append(f"{quantity.name} (not reached)")
                continue
            text = f"{quantity.name} {value:.3g} ± {error:.1g} {quantity.unit} ({quantity.paper:g})"
            near = abs(value - quantity.paper) <= _SURE * max(error, 1e-9)
            (right if near else wrong).append(text)
        parts = []
        if right:
            parts.append(f"within three standard errors of the paper's are {', '.join(right)}")
        if wrong:
            parts.append(f"{'and ' if right else ''}farther off {', '.join(wrong)}")
        said.append(f"Of the {name} series {'; '.join(parts)}.")
    return tuple(said)
