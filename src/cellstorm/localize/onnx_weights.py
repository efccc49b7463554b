"""How many weights an ONNX file holds, read from its protobuf without the onnx library."""

import math

from cellstorm.localize.onnx_protobuf import fields, varints

__all__ = ["count_weights"]

# field numbers of onnx.proto (IR version 3 and later)
_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_TENSOR_DIMS, _TENSOR_TYPE = 1, 2
# shapes and axes are kept as 64-bit integers (TensorProto.DataType), weights never are
_INT64 = 7


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
        for number, graph in fields(memoryview(model))
        if number == _MODEL_GRAPH and not isinstance(graph, int)
        for of, tensor in fields(graph)
        if of == _GRAPH_INITIALIZER and not isinstance(tensor, int)
    )


def _weights(tensor: memoryview) -> int:
    dims: list[int] = []
    kind = 0
    for number, value in fields(tensor):
        if number == _TENSOR_DIMS:
            dims += [value] if isinstance(value, int) else list(varints(value))
        elif number == _TENSOR_TYPE and isinstance(value, int):
            kind = value
    return 0 if kind == _INT64 else math.prod(dims)
