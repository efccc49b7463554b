"""rapidSTORM's text: nanometres from the centre of the first pixel, frames from 0.

The first line is XML behind a ``#`` and names the fields, their units and the size of the
field; then comes one line a localization, numbers apart by a blank (Wolter et al. 2012).
That positions count from the centre of the first pixel is how its fits are made, and was
checked on a movie that lies beside its table. The file does not say how large a pixel is:
without that the half pixel stays. Widths are full widths at half maximum. Light is in
counts of the camera, which are no photons, and is kept apart as ``amplitude_adu`` and
``background_adu``; files of ours say what a photon was counted as.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import TableError
from cellstorm.localizations.columns import COLUMNS
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats._text_end import refuse_cut_end
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]

_LONGEST_HEADER = 1 << 20
_FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_FLOAT = "floating point with . for decimals and optional scientific e-notation"
_INTEGER = "integer"
_COUNTS = "A/D count"
_NM_PER_UNIT = {
    "nanometer": 1.0,
    "nm": 1.0,
    "picometer": 1e-3,
    "micrometer": 1e3,
    "um": 1e3,
    "millimeter": 1e6,
    "meter": 1e9,
    "m": 1e9,
}
# attributes of ours, which rapidSTORM passes over: of the root, and of fields in counts
_PIXEL, _GAIN = "pixel_size_nm", "adu_per_photon"
_OURS = "cellstorm-"


@dataclass(frozen=True)
class _Known:
    """A field of rapidSTORM: our column, the words it is described with, its unit."""

    ours: str
    semantic: str
    unit: str = "nanometer"
    integer: bool = False


# in the order in which rapidSTORM itself writes them
_FIELDS = {
    "Position-0-0": _Known("x_nm", "position in sample space in X"),
    "Position-0-0-uncertainty": _Known(
        "uncertainty_x_nm", "position uncertainty in sample space in X"
    ),
    "Position-1-0": _Known("y_nm", "position in sample space in Y"),
    "Position-1-0-uncertainty": _Known(
        "uncertainty_y_nm", "position uncertainty in sample space in Y"
    ),
    "Position-2-0": _Known("z_nm", "position in sample space in Z"),
    "Position-2-0-uncertainty": _Known(
        "uncertainty_z_nm", "position uncertainty in sample space in Z"
    ),
    "ImageNumber-0-0": _Known("frame", "frame number", "frame", integer=True),
    "Amplitude-0-0": _Known("photons", "emission strength", _COUNTS),
    "PSFWidth-0-0": _Known("sigma_x_nm", "PSF FWHM in X"),
    "PSFWidth-1-0": _Known("sigma_y_nm", "PSF FWHM in Y"),
    "TwoKernelImprovement-0-0": _Known(
        "two_kernel_improvement", "two kernel improvement", "dimensionless"
    ),
    "FitResidues-0-0": _Known("rapidstorm_chi2", "fit residue chi square value", "dimensionless"),
    "LocalBackground-0-0": _Known("background_photons", "local background", _COUNTS),
    "RSquared": _Known("r_squared", "coefficient of determination", "dimensionless"),
    "Molecule": _Known("group", "molecule index", "dimensionless", integer=True),
}
_IN_COUNTS = {"photons": "amplitude_adu", "background_photons": "background_adu"}
_WIDTHS = ("sigma_x_nm", "sigma_y_nm")
# Where we have a mean of x and y, and rapidSTORM each of them.
_MEANS = {
    "sigma_nm": ("sigma_x_nm", "sigma_y_nm"),
    "uncertainty_nm": ("uncertainty_x_nm", "uncertainty_y_nm"),
}
_NEEDED = ("Position-0-0", "Position-1-0", "ImageNumber-0-0")


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline(_LONGEST_HEADER).strip()


def _sniff(path: Path) -> bool:
    try:
        line = _first_line(path)
    except OSError:
        return False
    return line.startswith("#") and line[1:].lstrip().startswith("<localizations")


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    root = _header(path)
    fields = [dict(node.attrib) for node in root]
    names = [field.get("identifier", "") for field in fields]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise TableError(f"its header names no field {', '.join(missing)}.", where=path)
    embedded = _positive(root.get(_PIXEL))
    metadata = Metadata(
        software=root.get("software", "rapidSTORM"), pixel_size_nm=embedded
    ).with_pixel_size(pixel_size_nm, where=path)
    pixel_nm = metadata.pixel_size_nm
    raw = [f"column_{index}" for index in range(len(fields))]
    refuse_cut_end(path, len(fields), " ")
    with engine_errors(path, reading=True):
        rows = _scan(path, raw)
        rows.collect_schema()
    taken: dict[str, pl.Expr] = {}
    for name, field in zip(raw, fields, strict=True):
        expression, ours = _to_ours(name, field, pixel_nm, path)
        if ours not in taken:
            taken[ours] = expression.alias(ours)
    for mean, (x, y) in _MEANS.items():
        if x in taken and y in taken and mean not in taken:
            taken[mean] = ((taken[x] + taken[y]) / 2).alias(mean)
    return rows.select(*taken.values()), _described(metadata, taken)


def _header(path: Path) -> ElementTree.Element:
    try:
        line = _first_line(path)
    except OSError as error:
        raise TableError(f"cannot be read ({error.strerror}).", where=path) from error
    if not line.startswith("#"):
        raise TableError(
            "not a rapidSTORM table: its first line is no '# <localizations ...>'.", where=path
        )
    try:
        root = ElementTree.fromstring(line[1:].strip())
    except ElementTree.ParseError as error:
        raise TableError(
            f"its first line is no rapidSTORM header, or cut short ({error}).", where=path
        ) from error
    if any(node.tag == "localizations" for node in root):
        raise TableError(
            "this is a list of tracks, each with its localizations in one line.",
            where=path,
            todo="Export the localizations themselves, and join them with cellstorm link.",
        )
    return root


def _scan(path: Path, names: list[str]) -> pl.LazyFrame:
    with path.open(encoding="utf-8", errors="replace") as file:
        file.readline(_LONGEST_HEADER)
        first = next((line for line in file if line.strip() and not line.startswith("#")), "")
    # some programs end every line with a blank: one more, empty column
    blank = ["trailing"] if first.rstrip("\r\n").endswith(" ") else []
    return pl.scan_csv(
        path,
        has_header=False,
        separator=" ",
        skip_lines=1,
        comment_prefix="#",
        schema=dict.fromkeys([*names, *blank], pl.Float64),
        null_values=["NaN", "nan", "-nan", ""],
        infer_schema=False,
        encoding="utf8-lossy",
        glob=False,
    )


def _to_ours(
    name: str, field: dict[str, str], pixel_nm: float | None, path: Path
) -> tuple[pl.Expr, str]:
    """The values in our unit and origin, and our name of the column."""
    theirs, unit = field.get("identifier", ""), field.get("unit", "")
    value = pl.col(name)
    known = _FIELDS.get(theirs)
    if known is None:
        ours = theirs.removeprefix(_OURS)
        # a registry's name is ours only where we wrote it
        is_ours = theirs.startswith(_OURS) or ours.lower() not in COLUMNS
        return value, ours if is_ours and ours else f"rapidstorm_{ours or name}"
    if known.unit == "nanometer":
        value = value * _nm_per_unit(unit, theirs, pixel_nm, path)
        if known.ours in ("x_nm", "y_nm") and pixel_nm is not None:
            value = value + pixel_nm / 2
        if known.ours in _WIDTHS:
            value = value / _FWHM_PER_SIGMA
    elif known.ours in _IN_COUNTS and not unit.startswith("photon"):
        gain = _positive(field.get(_GAIN))
        return (value, _IN_COUNTS[known.ours]) if gain is None else (value / gain, known.ours)
    return value, known.ours


def _nm_per_unit(unit: str, theirs: str, pixel_nm: float | None, path: Path) -> float:
    if unit in ("pixel", "px"):
        if pixel_nm is None:
            raise TableError(
                f"the field {theirs} is in pixels and the file does not say how large they are.",
                where=path,
                todo="Give the pixel size: read_table(path, pixel_size_nm=...) or --pixel-size-nm.",
            )
        return pixel_nm
    if unit not in _NM_PER_UNIT:
        raise TableError(
            f"the field {theirs} is in {unit!r}; known are nanometer to meter and pixel.",
            where=path,
        )
    return _NM_PER_UNIT[unit]


def _positive(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _described(metadata: Metadata, names: dict[str, Any]) -> Metadata:
    notices = []
    if metadata.pixel_size_nm is None:
        origin = "centre of the first pixel, not moved as the pixel size is unknown, frames from 0"
        notices.append(
            "rapidSTORM counts from the centre of the first pixel and its file does not say how"
            " large pixels are: positions lie half a pixel up and to the left until the pixel"
            " size is given"
        )
    else:
        origin = "pixel centre, frames from 0 (rapidSTORM's convention)"
    if set(_IN_COUNTS.values()) & set(names):
        notices.append(
            "the light is in counts of the camera, not in photons: kept as "
            + " and ".join(name for name in _IN_COUNTS.values() if name in names)
        )
    return metadata.model_copy(update={"origin_in_file": origin}).with_notices(*notices)


def _write(rows: pl.LazyFrame, metadata: Metadata, path: Path) -> tuple[str, ...]:
    pixel_nm = metadata.pixel_size_nm
    if pixel_nm is None:
        raise TableError(
            "rapidSTORM counts from the centre of the movie's first pixel, and the table does not"
            " say how large pixels are.",
            where=path,
            todo="Give the movie's pixel size in nm: --pixel-size-nm.",
        )
    schema = rows.collect_schema()
    numeric = {name for name, dtype in schema.items() if dtype.is_numeric()}
    lost = [name for name in schema if name not in numeric]
    gain = _adu_per_photon(metadata)
    fields = _from_ours(numeric, pixel_nm, gain)
    with engine_errors(path):
        facts = rows.select(*_facts(fields)).collect(engine="streaming").row(0, named=True)
    # rapidSTORM stops reading at a number that is none
    gappy = [name for name in fields if facts[f"gaps {name}"] and name not in _NEEDED]
    fields = {name: item for name, item in fields.items() if name not in gappy}
    header = _header_line(fields, facts, metadata, pixel_nm)
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(header.encode())
        with engine_errors(path):
            rows.select(item.value.alias(name) for name, item in fields.items()).sink_csv(
                file, include_header=False, separator=" ", maintain_order=True
            )
    notices = []
    if gappy:
        named = ", ".join(name.removeprefix(_OURS) for name in gappy)
        notices.append(
            f"left out, as rapidSTORM cannot read lines in which they are missing: {named}"
        )
    lost.append("the metadata (camera, movie, settings)")
    notices.append(f"rapidSTORM's file has no place for: {', '.join(lost)}")
    return tuple(notices)


@dataclass(frozen=True)
class _Written:
    """A field to write: its values as rapidSTORM has them, and how it is described."""

    value: pl.Expr
    semantic: str
    unit: str
    integer: bool
    gain: float | None = None


def _from_ours(names: set[str], pixel_nm: float, gain: float) -> dict[str, _Written]:
    mean_of = {each: mean for mean, pair in _MEANS.items() for each in pair}
    fields: dict[str, _Written] = {}
    used: set[str] = set()
    for theirs, known in _FIELDS.items():
        source = known.ours
        in_counts = _IN_COUNTS.get(source)
        if in_counts is not None and source not in names and in_counts in names:
            # counts that were read as such go back as they came
            fields[theirs] = _Written(pl.col(in_counts), known.semantic, known.unit, False)
            used.add(in_counts)
            continue
        if source not in names:
            source = mean_of.get(known.ours, "")
        if source not in names:
            continue
        value = pl.col(source)
        if known.ours in ("x_nm", "y_nm"):
            value = value - pixel_nm / 2
        elif known.ours in _WIDTHS:
            value = value * _FWHM_PER_SIGMA
        told = gain if known.ours in _IN_COUNTS else None
        if told is not None:
            value = value * told
        fields[theirs] = _Written(value, known.semantic, known.unit, known.integer, told)
        used.add(source)
    for name in COLUMNS:
        if name in names and name not in used and name not in _MEANS:
            column = COLUMNS[name]
            fields[f"{_OURS}{name}"] = _Written(
                pl.col(name),
                column.meaning,
                column.unit or "dimensionless",
                column.dtype.is_integer(),
            )
    for name in sorted(names - used - set(COLUMNS)):
        fields[f"{_OURS}{name}"] = _Written(pl.col(name), name, "dimensionless", False)
    return fields


def _facts(fields: dict[str, _Written]) -> list[pl.Expr]:
    """Gaps of each field, the largest positions, and whether frames are in order."""
    gaps = [
        (~item.value.cast(pl.Float64).is_finite().fill_null(value=False))
        .sum()
        .alias(f"gaps {name}")
        for name, item in fields.items()
    ]
    largest = [fields[name].value.max().alias(f"max {name}") for name in _NEEDED]
    backwards = (pl.col("frame") < pl.col("frame").shift(1)).any().alias("backwards")
    return [*gaps, *largest, backwards]


def _header_line(
    fields: dict[str, _Written],
    facts: dict[str, Any],
    metadata: Metadata,
    pixel_nm: float,
) -> str:
    root = ElementTree.Element(
        "localizations",
        {
            "insequence": "false" if facts["backwards"] else "true",
            "repetitions": "variable",
            "software": " ".join(filter(None, (metadata.software, metadata.software_version)))
            or "cellstorm",
            _PIXEL: repr(pixel_nm),
        },
    )
    shape = metadata.movie.shape if metadata.movie is not None else None
    for name, item in fields.items():
        node = ElementTree.SubElement(
            root,
            "field",
            identifier=name,
            syntax=_INTEGER if item.integer else _FLOAT,
            semantic=item.semantic,
            unit=item.unit,
        )
        if item.gain is not None:
            node.set(_GAIN, repr(item.gain))
        if name in _NEEDED:
            frames = name == "ImageNumber-0-0"
            last = facts[f"max {name}"] or 0.0
            if shape is not None:
                # positions of the centres of the last pixels, as rapidSTORM has them
                size = shape[0 if frames else 2 if name == "Position-0-0" else 1] - 1
                last = size if frames else max(last, size * pixel_nm)
            node.set("min", "0 fr" if frames else "0 m")
            node.set("max", f"{int(last)} fr" if frames else f"{last * 1e-9:.6g} m")
    return f"# {ElementTree.tostring(root, encoding='unicode')}\n"


def _adu_per_photon(metadata: Metadata) -> float:
    """Counts that a photon makes in the camera; 1 where the camera is not known."""
    gain = (metadata.camera or {}).get("gain_e_per_adu")
    if isinstance(gain, int | float) and math.isfinite(gain) and gain > 0:
        return 1.0 / gain
    return 1.0


FORMAT = TableFormat(
    name="rapidSTORM text",
    extensions=(".txt",),
    sniff=_sniff,
    read=_read,
    write=_write,
)
