"""What a benchmark ran on: processor, memory, versions."""

import os
import platform
import re
import sys
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["machine_facts", "version_facts"]

_PACKAGES = ("cellstorm", "numpy", "numba", "scipy", "polars", "av")
_LIBRARIES = ("libavcodec", "libavformat")


def machine_facts() -> dict[str, str]:
    """Processor, cores and memory, as far as the system tells."""
    facts = {"processor": _processor()}
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts["cores"] = str(allowed)
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        facts["memory"] = f"{total / 2**30:.0f} GiB"
    facts["system"] = f"{platform.system()} {platform.machine()}"
    return facts


def version_facts() -> dict[str, str]:
    """Versions of Python and of all that figures depend on, encoders included."""
    facts = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for package in _PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed as a package"
    facts |= _encoders()
    return facts


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
        if match:
            return " ".join(match[1].split())
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def _encoders() -> dict[str, str]:
    import av

    libraries = {
        name: ".".join(map(str, numbers))
        for name, numbers in av.library_versions.items()
        if name in _LIBRARIES
    }
    return {**libraries, **_x264()}


def _x264() -> dict[str, str]:
    """x264's build, from the note it leaves in every stream it makes."""
    import av
    import numpy as np

    context = av.VideoCodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 16, 16, "yuv420p"
    context.time_base = Fraction(1, 30)
    frame = av.VideoFrame.from_ndarray(np.zeros((24, 16), np.uint8), format="yuv420p")
    content = b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
    match = re.search(rb"x264 - core (\d+)(?: r(\d+))?", content)
    return {} if match is None else {"x264": f"core {match[1].decode()}"}
