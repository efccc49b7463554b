"""Detection thresholds: a number of noise scales or a formula in ThunderSTORM's spelling."""

import ast
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import ConfigurationError
from cellstorm.localize.gaussian.filters import FILTERS_BY_PREFIX, FilteredStack

__all__ = ["ThresholdFormula", "noise_scale"]

Value = float | NDArray[np.float32] | NDArray[np.float64]

_STATISTICS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float64]]] = {
    "std": lambda stack: stack.std(axis=(1, 2), dtype=np.float64),
    "var": lambda stack: stack.var(axis=(1, 2), dtype=np.float64),
    "mean": lambda stack: stack.mean(axis=(1, 2), dtype=np.float64),
    "sum": lambda stack: stack.sum(axis=(1, 2), dtype=np.float64),
    "median": lambda stack: np.median(stack, axis=(1, 2)).astype(np.float64),
    "max": lambda stack: stack.max(axis=(1, 2)).astype(np.float64),
    "min": lambda stack: stack.min(axis=(1, 2)).astype(np.float64),
}
_ELEMENTWISE: dict[str, Callable[[Value], Value]] = {"abs": np.abs, "sqrt": np.sqrt}
_OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
    ast.Mod: lambda a, b: a % b,
}
_KNOWN = "numbers, + - * / ^ %, std var mean sum median max min abs sqrt, and I1 or a filter's image such as Wave.F1, Wave.F2, DoG.F"  # noqa: E501


class ThresholdFormula:
    """A formula such as ``2*std(Wave.F1)``, evaluated once a frame.

    Parameters
    ----------
    text
        ThunderSTORM's spelling: ``^`` is a power; statistics over the frame give one
        number; ``Wave.F1`` may be named with any filter chosen.

    Raises
    ------
    ConfigurationError
        The text is not such a formula; the message says what can be used.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._tree = ast.parse(text.replace("^", "**").strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise self._error("is not a formula") from error
        self._check(self._tree)
        example = np.random.default_rng(0).normal(50, 5, (1, 16, 16)).astype(np.float32)
        value = self._number(self._tree, _Variables(example))
        if np.ndim(value) > 1:
            raise self._error("gives a picture, not a number (use std(...), mean(...), ...)")

    def __call__(self, filtered: FilteredStack) -> NDArray[np.float64]:
        """The threshold of each frame, ``(n,)`` float64."""
        frames = filtered.variables["I1"]
        value = self._number(self._tree, _Variables(frames, filtered.variables))
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (frames.shape[0],)).copy()

    def _number(self, node: ast.expr, variables: "_Variables") -> Value:
        """The formula's value; what has none (1/0, roots of negatives) is an error."""
        try:
            with np.errstate(all="ignore"):
                value = self._evaluate(node, variables)
        except ArithmeticError as error:
            raise self._error("has no value (division by zero or too large)") from error
        if np.iscomplexobj(value) or not np.all(np.isfinite(value)):
            raise self._error("has no value (division by zero, root of a negative or too large)")
        return value

    def _error(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"threshold {self.text!r} {why}", todo=f"A formula can use {_KNOWN}."
        )

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=int() | float()):
                return
            case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
                self._check(left)
                self._check(right)
            case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
                self._check(operand)
            case ast.Call(ast.Name(name), [argument], []) if name in _STATISTICS | _ELEMENTWISE:
                self._check(argument)
            case ast.Name("I1" | "I" | "F"):
                return
            case ast.Attribute(ast.Name(prefix), plane) if prefix in FILTERS_BY_PREFIX:
                planes = _Variables(np.zeros((1, 8, 8), np.float32)).planes(prefix)
                if f"{prefix}.{plane}" not in planes:
                    raise self._error(f"names {prefix}.{plane}, which does not exist")
            case _:
                raise self._error(f"has a part that is not understood: {ast.unparse(node)!r}")

    def _evaluate(self, node: ast.expr, variables: "_Variables") -> Value:
        match node:
            case ast.Constant(value=(int() | float()) as number):
                return float(number)
            case ast.BinOp(left, operator, right):
                return _OPERATORS[type(operator)](
                    self._evaluate(left, variables), self._evaluate(right, variables)
                )
            case ast.UnaryOp(operator, operand):
                value = self._evaluate(operand, variables)
                return -value if isinstance(operator, ast.USub) else value
            case ast.Call(ast.Name(name), [argument]):
                value = self._evaluate(argument, variables)
                if name in _ELEMENTWISE:
                    return _ELEMENTWISE[name](value)
                if np.ndim(value) < 3:
                    raise self._error(f"takes {name}() of a number; it needs a picture like I1")
                return _STATISTICS[name](np.asarray(value, dtype=np.float32))
            case _:
                return variables[ast.unparse(node)]


class _Variables:
    """Stacks by name; filters that were not run yet are run when named."""

    def __init__(
        self, frames: NDArray[np.float32], known: dict[str, NDArray[np.float32]] | None = None
    ) -> None:
        self._frames = frames
        self._known = dict(known or {})

    def planes(self, prefix: str) -> dict[str, NDArray[np.float32]]:
        return FILTERS_BY_PREFIX[prefix]()(self._frames).variables

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        if name in ("I", "I1"):
            return self._frames
        if name == "F":
            # the chosen filter's own result comes last
            return list(self._known.values())[-1] if self._known else self._frames
        if name not in self._known:
            self._known.update(self.planes(name.partition(".")[0]))
        return self._known[name]


def noise_scale(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Standard deviation of the noise of each frame, molecules left out.

    Molecules only add light, so the half of the values under the median tells the noise:
    median minus 15.87th percentile, one standard deviation of a normal distribution.

    Parameters
    ----------
    image
        ``(n, height, width)`` float32.

    Returns
    -------
    NDArray[np.float64]
        ``(n,)``, in the image's unit.
    """
    values = image.reshape(image.shape[0], -1)
    # a few thousand pixels tell a percentile to a few per cent
    step = max(1, values.shape[1] // 4096) | 1
    low, middle = np.percentile(values[:, ::step], [15.87, 50.0], axis=1)
    return np.asarray(middle - low, dtype=np.float64)
