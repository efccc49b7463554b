"""Pixel size from what TIFF writers leave in their files."""

import contextlib
from xml.etree import ElementTree

import tifffile

from cellstorm.movie.length import length_nm

__all__ = ["tiff_pixel_size_nm"]


def tiff_pixel_size_nm(tif: tifffile.TiffFile) -> float | None:
    """Pixel size by OME-XML, MicroManager, ImageJ or the resolution tags, in that order."""
    return (
        _from_ome(tif.ome_metadata)
        or _from_micromanager(tif)
        or _from_imagej(tif)
        or _from_tags(tif)
    )


def _from_ome(xml: str | None) -> float | None:
    if not xml:
        return None
    with contextlib.suppress(ElementTree.ParseError):
        for element in ElementTree.fromstring(xml).iter():
            if element.tag.rpartition("}")[2] == "Pixels" and "PhysicalSizeX" in element.attrib:
                # the schema's default unit
                unit = element.attrib.get("PhysicalSizeXUnit", "µm")
                return length_nm(element.attrib["PhysicalSizeX"], unit)
    return None


def _from_micromanager(tif: tifffile.TiffFile) -> float | None:
    summary = (tif.micromanager_metadata or {}).get("Summary") or {}
    tag = tif.pages.first.tags.get("MicroManagerMetadata")
    page = tag.value if tag is not None and isinstance(tag.value, dict) else {}
    for value in (summary.get("PixelSize_um"), page.get("PixelSizeUm"), page.get("PixelSize_um")):
        size = length_nm(value, "um")
        if size is not None:
            return size
    return None


def _from_imagej(tif: tifffile.TiffFile) -> float | None:
    metadata = tif.imagej_metadata
    return None if not metadata else _per_unit(tif, str(metadata.get("unit", "")))


def _from_tags(tif: tifffile.TiffFile) -> float | None:
    unit = tif.pages.first.tags.get("ResolutionUnit")
    # TIFF 6.0, page 38: 2 is the inch, 3 the centimetre
    return _per_unit(tif, {2: "inch", 3: "cm"}.get(int(unit.value), "") if unit else "")


def _per_unit(tif: tifffile.TiffFile, unit: str) -> float | None:
    tag = tif.pages.first.tags.get("XResolution")
    if tag is None:
        return None
    pixels, units = tag.value
    return length_nm(units / pixels, unit) if pixels and units else None
