"""Small networks train fastest, and everywhere alike, on one thread."""

import contextlib

with contextlib.suppress(ImportError):
    import torch

    torch.set_num_threads(1)
