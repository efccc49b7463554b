"""A model file as two: what is made of every frame once, and the windows that share it."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cellstorm.localize.onnx_protobuf import encoded, fields

__all__ = ["MARGIN_CELLS", "WINDOW_INPUTS", "split_model"]

MARGIN_CELLS = 1
"""Cells around a part of a frame that its last layers have to see."""

# field numbers of onnx.proto
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_KIND, _NODE_ATTRIBUTE = 1, 2, 3, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_INTEGERS, _ATTRIBUTE_KIND, _ATTRIBUTE_IS_INTEGERS = 1, 8, 20, 7
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TYPE_ELEMENTS, _TYPE_SHAPE, _SHAPE_DIM = 1, 2, 1, 1, 2, 1
_DIM_LENGTH, _DIM_NAME = 1, 2
# TensorProto.DataType
_FLOAT, _INT64 = 1, 7
_QUANTISE, _DEQUANTISE = "QuantizeLinear", "DequantizeLinear"
# what stands between two layers
_BETWEEN = ("Relu", _QUANTISE, _DEQUANTISE)
_BEGIN, _END, _AXES, _TWO = "part_begin", "part_end", "part_axes", "part_two"
_FEATURES = "features"
WINDOW_INPUTS = (_FEATURES, _BEGIN, _END)
"""What the second half takes: features, first and last cells."""

# each of the late layers looks half a cell farther; two others follow the joining
_MOST_AFTER_JOINING = 2 * MARGIN_CELLS + 2


@dataclass(frozen=True)
class _Node:
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    content: bytes

    @classmethod
    def read(cls, content: memoryview) -> "_Node":
        names: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_KIND: []}
        for number, value in fields(content):
            if number in names and not isinstance(value, int):
                names[number].append(str(value, "utf-8"))
        kind = names[_NODE_KIND][0]
        return cls(kind, tuple(names[_NODE_INPUT]), tuple(names[_NODE_OUTPUT]), bytes(content))

    @classmethod
    def make(
        cls, kind: str, inputs: Sequence[str], output: str, attributes: bytes = b""
    ) -> "_Node":
        content = b"".join(encoded(_NODE_INPUT, name) for name in inputs)
        content += encoded(_NODE_OUTPUT, output) + encoded(_NODE_NAME, output)
        content += encoded(_NODE_KIND, kind) + attributes
        return cls(kind, tuple(inputs), (output,), content)

    @classmethod
    def transpose(cls, name: str, output: str, axes: Sequence[int]) -> "_Node":
        order = b"".join(encoded(_ATTRIBUTE_INTEGERS, axis) for axis in axes)
        attribute = encoded(_ATTRIBUTE_NAME, "perm") + order
        attribute += encoded(_ATTRIBUTE_KIND, _ATTRIBUTE_IS_INTEGERS)
        return cls.make("Transpose", [name], output, encoded(_NODE_ATTRIBUTE, attribute))

    def taking(self, old: str, new: str) -> "_Node":
        """The same node with another input."""
        inputs = tuple(new if name == old else name for name in self.inputs)
        others = b"".join(
            encoded(number, value)
            for number, value in fields(memoryview(self.content))
            if number != _NODE_INPUT
        )
        content = b"".join(encoded(_NODE_INPUT, name) for name in inputs) + others
        return _Node(self.kind, inputs, self.outputs, content)


@dataclass(frozen=True)
class _Graph:
    nodes: tuple[_Node, ...]
    tensors: dict[str, bytes]
    tensor_kinds: dict[str, int]
    outputs: tuple[str, ...]
    made_by: dict[str, _Node]

    @classmethod
    def read(cls, content: memoryview) -> "_Graph":
        nodes, tensors, kinds, outputs = [], {}, {}, []
        for number, value in fields(content):
            if isinstance(value, int):
                continue
            if number == _GRAPH_NODE:
                nodes.append(_Node.read(value))
            elif number == _GRAPH_INITIALIZER:
                facts = {of: entry for of, entry in fields(value) if of != _TENSOR_DIMS}
                name, kind = facts[_TENSOR_NAME], facts[_TENSOR_TYPE]
                assert not isinstance(name, int) and isinstance(kind, int)
                tensors[str(name, "utf-8")] = bytes(value)
                kinds[str(name, "utf-8")] = kind
            elif number == _GRAPH_OUTPUT:
                name = next(entry for of, entry in fields(value) if of == _VALUE_NAME)
                assert not isinstance(name, int)
                outputs.append(str(name, "utf-8"))
        made_by = {name: node for node in nodes for name in node.outputs}
        return cls(tuple(nodes), tensors, kinds, tuple(outputs), made_by)

    def layer_before(self, name: str) -> _Node | None:
        """The layer whose result a tensor is, rounded or not."""
        node = self.made_by.get(name)
        while node is not None and node.kind in _BETWEEN:
            node = self.made_by.get(node.inputs[0])
        return node


def split_model(model: bytes) -> tuple[bytes, bytes] | None:
    """Cut a network in two, and let its second half give a part of what it is given.

    Most of the time that a small part of five frames takes goes into the features of each
    of them, which are the same for every part and window; and the last layers need to see
    less around it than the ones before. The numbers stay the same, to the bit.

    Parameters
    ----------
    model
        A file that ``cellstorm train`` made.

    Returns
    -------
    tuple[bytes, bytes] or None
        A model that takes ``(n, 4 planes, height / 2, width / 2)``, pixels of 2 x 2 as
        planes of their own, and gives ``(n, height / 2, width / 2, features)``; and one that
        takes these, and the first and last (exclusive) cells of 4 x 4 px along both axes
        (two 64-bit integers each) that the maps shall be of. They are right `MARGIN_CELLS`
        inside of these, and at the edges of what was given. None if its layers are not
        those of `cellstorm.train`.
    """
    parts = list(fields(memoryview(model)))
    content = next(value for number, value in parts if number == _MODEL_GRAPH)
    assert not isinstance(content, int)
    others = b"".join(encoded(number, value) for number, value in parts if number != _MODEL_GRAPH)
    graph = _Graph.read(content)
    seams = _seams(graph)
    if seams is None:
        return None
    planes, features, whole, wide, joining, up = seams
    kind = _FLOAT if features == whole else graph.tensor_kinds[graph.made_by[whole].inputs[2]]
    per_frame = _needed(graph.nodes, [features], planes)
    per_frame.append(_Node.transpose(features, _FEATURES, (0, 2, 3, 1)))
    nodes = [_Node.transpose(_FEATURES, features, (0, 3, 1, 2))]
    nodes += [_Node.make("Mul", [name, _TWO], f"{name}_half") for name in (_BEGIN, _END)]
    for node in graph.nodes:
        if features in node.outputs:
            continue
        if node is joining:
            cut, name = _cut(graph, wide, [f"{_BEGIN}_half", f"{_END}_half"], "part_joined")
            nodes += [*cut, node.taking(wide, name)]
        elif node is up:
            cut, name = _cut(graph, up.inputs[0], [_BEGIN, _END], "part_up")
            nodes += [*cut, node.taking(up.inputs[0], name)]
        elif node.kind == "Shape":
            # the number of frames is that of the features, without making numbers of them
            nodes.append(node.taking(whole, features))
        else:
            nodes.append(node)
    windows = _needed(nodes, graph.outputs, _FEATURES)
    integers = {_AXES: _integers(_AXES, [2, 3]), _TWO: _integers(_TWO, [2, 2])}
    feature_facts = _pictures(_FEATURES, kind)
    return (
        others + _model(per_frame, graph.tensors, [_pictures(planes, _FLOAT)], [feature_facts]),
        others
        + _model(
            windows,
            {**graph.tensors, **integers},
            [feature_facts, _pair(_BEGIN), _pair(_END)],
            [_pictures(name, _FLOAT) for name in graph.outputs],
        ),
    )


def _seams(graph: _Graph) -> tuple[str, str, str, str, _Node, _Node] | None:
    """Where to cut: planes, features (twice: as kept, as numbers), and what is joined late."""
    layers = [node for node in graph.nodes if node.kind == "Conv"]
    windows = {node.inputs[0] for node in graph.nodes if node.kind == "Slice"}
    enlarged = [node for node in graph.nodes if node.kind == "Resize"]
    joined = [node for node in graph.nodes if node.kind == "Concat" and len(node.inputs) == 2]
    if not layers or len(windows) != 1 or len(enlarged) != 1 or not joined:
        return None
    whole = windows.pop()
    rounded = graph.made_by.get(whole)
    if rounded is None:
        return None
    features = rounded.inputs[0] if rounded.kind == _DEQUANTISE else whole
    up = graph.layer_before(enlarged[0].inputs[0])
    joining = joined[-1]
    after = graph.nodes[graph.nodes.index(joining) :]
    late = sum(node.kind == "Conv" for node in after)
    if up is None or up.kind != "Conv" or late > _MOST_AFTER_JOINING:
        return None
    if graph.layer_before(joining.inputs[1]) is not enlarged[0]:
        return None
    return layers[0].inputs[0], features, whole, joining.inputs[0], joining, up


def _cut(graph: _Graph, name: str, ends: Sequence[str], result: str) -> tuple[list[_Node], str]:
    """Nodes that cut a part out of a tensor, rounded as that is, and what they give."""
    cut = _Node.make("Slice", [name, *ends, _AXES], result)
    rounded = graph.made_by[name]
    if rounded.kind != _DEQUANTISE:
        return [cut], result
    scale = rounded.inputs[1:]
    return [
        cut,
        _Node.make(_QUANTISE, [result, *scale], f"{result}_rounded"),
        _Node.make(_DEQUANTISE, [f"{result}_rounded", *scale], f"{result}_again"),
    ], f"{result}_again"


def _needed(nodes: Sequence[_Node], wanted: Iterable[str], given: str) -> list[_Node]:
    """The nodes that something is made by, beginning at a tensor that is given."""
    names = set(wanted)
    kept = []
    for node in reversed(nodes):
        if names.isdisjoint(node.outputs) or given in node.outputs:
            continue
        kept.append(node)
        names.update(node.inputs)
    return kept[::-1]


def _model(
    nodes: Sequence[_Node],
    tensors: dict[str, bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    used = {name for node in nodes for name in node.inputs}
    graph = b"".join(encoded(_GRAPH_NODE, node.content) for node in nodes)
    graph += encoded(_GRAPH_NAME, "part")
    graph += b"".join(
        encoded(_GRAPH_INITIALIZER, tensor) for name, tensor in tensors.items() if name in used
    )
    graph += b"".join(encoded(_GRAPH_INPUT, value) for value in inputs)
    graph += b"".join(encoded(_GRAPH_OUTPUT, value) for value in outputs)
    return encoded(_MODEL_GRAPH, graph)


def _pictures(name: str, kind: int) -> bytes:
    """What a graph takes or gives: four axes of any length."""
    return _value(name, kind, [encoded(_DIM_NAME, f"{name}_{axis}") for axis in range(4)])


def _pair(name: str) -> bytes:
    """Two integers that a graph takes."""
    return _value(name, _INT64, [encoded(_DIM_LENGTH, 2)])


def _value(name: str, kind: int, axes: Sequence[bytes]) -> bytes:
    shape = b"".join(encoded(_SHAPE_DIM, axis) for axis in axes)
    tensor = encoded(_TYPE_ELEMENTS, kind) + encoded(_TYPE_SHAPE, shape)
    return encoded(_VALUE_NAME, name) + encoded(_VALUE_TYPE, encoded(_TYPE_TENSOR, tensor))


def _integers(name: str, values: Sequence[int]) -> bytes:
    return (
        encoded(_TENSOR_DIMS, len(values))
        + encoded(_TENSOR_TYPE, _INT64)
        + encoded(_TENSOR_NAME, name)
        + encoded(_TENSOR_RAW, struct.pack(f"<{len(values)}q", *values))
    )
