"""Which liberties the compiler may take with floating point in the kernels."""

__all__ = ["FAST"]

# everything that helps vectorise, but NaN and infinity keep their meaning
FAST = {"reassoc", "contract", "arcp", "nsz", "afn"}
