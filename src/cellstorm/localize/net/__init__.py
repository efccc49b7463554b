"""Localization by a trained network: frames and codec facts in, molecules with calibrated
uncertainties out; runs on ONNX Runtime, without torch."""

from cellstorm.localize.net.localizer import NetLocalizer
from cellstorm.localize.net.method import NetMethod
from cellstorm.localize.net.model_file import SHIPPED_MODEL, ErrorScale, ModelFacts, load_model

__all__ = ["SHIPPED_MODEL", "ErrorScale", "ModelFacts", "NetLocalizer", "NetMethod", "load_model"]
