"""The compact codec-aware network: its shape, its loss, its examples and its training."""
