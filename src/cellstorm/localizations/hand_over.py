"""Tables for other libraries: pandas, Arrow, locan; each is imported when it is asked for."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cellstorm.errors import CellstormError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from cellstorm.localizations.table import Localizations

__all__ = ["to_arrow", "to_locan", "to_pandas"]

_KEY = "cellstorm"
# ours -> the names of locan's properties (locan.constants.PROPERTY_KEYS)
_LOCAN = {
    "id": "original_index",
    "frame": "frame",
    "x_nm": "position_x",
    "y_nm": "position_y",
    "z_nm": "position_z",
    "photons": "intensity",
    "background_photons": "local_background",
    "background_std_photons": "local_background_sigma",
    "sigma_nm": "psf_sigma",
    "sigma_x_nm": "psf_sigma_x",
    "sigma_y_nm": "psf_sigma_y",
    "uncertainty_nm": "uncertainty",
    "uncertainty_x_nm": "uncertainty_x",
    "uncertainty_y_nm": "uncertainty_y",
    "uncertainty_z_nm": "uncertainty_z",
    "chi2": "chi_square",
    "detections": "frames_number",
    "group": "cluster_label",
}


def to_pandas(localizations: "Localizations") -> "pd.DataFrame":
    """The rows as a pandas frame; the metadata is in ``attrs["cellstorm"]``.

    Raises
    ------
    CellstormError
        pandas or pyarrow is not installed.
    """
    _needed("pandas")
    _needed("pyarrow")
    frame = localizations.data.to_pandas()
    frame.attrs[_KEY] = localizations.metadata.model_dump(mode="json")
    return frame


def to_arrow(localizations: "Localizations") -> "pa.Table":
    """The rows as an Arrow table; the metadata is JSON in its schema, under ``cellstorm``.

    Raises
    ------
    CellstormError
        pyarrow is not installed.
    """
    _needed("pyarrow")
    table = localizations.data.to_arrow()
    stored = {**(table.schema.metadata or {}), _KEY: localizations.metadata.model_dump_json()}
    return table.replace_schema_metadata(stored)


def to_locan(localizations: "Localizations") -> Any:
    """The rows as locan's ``LocData``: its names of the properties, nm, frames from 0.

    Columns that locan has no property for keep our names.

    Raises
    ------
    CellstormError
        locan (or pandas or pyarrow) is not installed.
    """
    locan = _needed("locan")
    frame = to_pandas(localizations).rename(columns=_LOCAN)
    facts = localizations.metadata
    result = locan.LocData.from_dataframe(dataframe=frame)
    # locan takes a frame for a design of ours otherwise
    result.meta.source = importlib.import_module("locan.data.metadata_pb2").EXPERIMENT
    for name in ("position_x", "position_y", "position_z"):
        if name in frame.columns:
            result.meta.localization_properties.add(name=name, unit="nm", type="float")
    made_by = " ".join(filter(None, (facts.software, facts.software_version))) or "unknown"
    result.meta.comment = f"handed over by cellstorm; localized by {made_by}"
    for step in facts.history:
        result.meta.history.add(name="cellstorm", parameter=step)
    return result


def _needed(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise CellstormError(
            f"this needs the Python package {name}, which is not installed.",
            todo=f"Install it: pip install {name}",
        ) from error
