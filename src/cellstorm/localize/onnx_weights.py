"""How many weights an ONNX file holds, read from its protobuf without the onnx library."""

import math
from collections.abc import Iterator

__all__ = ["count_weights"]

# field numbers of onnx.proto (IR version 3 and later)
_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_TENSOR_DIMS, _TENSOR_TYPE = 1, 2
# shapes and axes are kept as 64-bit integers (TensorProto.DataType), weights never are
_INT64 = 7
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def count_weights(model: bytes) -> int:
    """Numbers in all tensors that a model brings along, but for 64-bit integers.

    Parameters
    ----------
    model
        A whole ONNX file.

    Raises
    ------
    ValueError
        It is no protobuf.
    """
    return sum(
        _weights(memoryview(tensor))
        for number, graph in _fields(memoryview(model))
        if number == _MODEL_GRAPH and not isinstance(graph, int)
        for of, tensor in _fields(graph)
        if of == _GRAPH_INITIALIZER and not isinstance(tensor, int)
    )


def _weights(tensor: memoryview) -> int:
    dims: list[int] = []
    kind = 0
    for number, value in _fields(tensor):
        if number == _TENSOR_DIMS:
            dims += [value] if isinstance(value, int) else list(_varints(value))
        elif number == _TENSOR_TYPE and isinstance(value, int):
            kind = value
    return 0 if kind == _INT64 else math.prod(dims)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: an integer, or the bytes of what has a length."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif kind == _BYTES:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"no protobuf: a field of kind {kind}")


def _varints(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("no protobuf: it ends within a number")
