import { packedIntegers, protobufFields } from "../protobuf.ts";

/** Constant numbers of a model. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int8Array | Uint8Array | Int32Array | number[];
}

/** An operation of a model. */
export interface Node {
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, readonly number[] | string | Tensor>;
}

/** What a model computes. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
}

// numbers of fields and of data types: onnx.proto3
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, output: 2, operation: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, float: 2, integer: 3, text: 4, tensor: 5, floats: 7, integers: 8 };
const TENSOR = { shape: 1, type: 2, floats: 4, small: 5, large: 7, name: 8, raw: 9 };
const TYPE = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 };

const decoder = new TextDecoder();

/** Reads the operations and constants of an ONNX file. */
export function readGraph(model: Uint8Array): Graph {
  const nodes: Node[] = [];
  const constants = new Map<string, Tensor>();
  for (const part of protobufFields(model)) {
    if (part.number !== MODEL_GRAPH) continue;
    for (const { number, bytes } of protobufFields(part.bytes)) {
      if (number === GRAPH.node) nodes.push(readNode(bytes));
      if (number === GRAPH.initializer) {
        const { name, tensor } = readTensor(bytes);
        constants.set(name, tensor);
      }
    }
  }
  for (const { operation, outputs, attributes } of nodes) {
    const value = attributes.get("value");
    if (operation === "Constant" && value !== undefined) {
      constants.set(outputs[0], value as Tensor);
    }
  }
  return { nodes, constants };
}

function readNode(message: Uint8Array): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, readonly number[] | string | Tensor>();
  let operation = "";
  for (const { number, bytes } of protobufFields(message)) {
    if (number === NODE.input) inputs.push(decoder.decode(bytes));
    else if (number === NODE.output) outputs.push(decoder.decode(bytes));
    else if (number === NODE.operation) operation = decoder.decode(bytes);
    else if (number === NODE.attribute) {
      const [name, value] = readAttribute(bytes);
      attributes.set(name, value);
    }
  }
  return { operation, inputs, outputs, attributes };
}

function readAttribute(message: Uint8Array): [string, readonly number[] | string | Tensor] {
  let name = "";
  let other: string | Tensor | null = null;
  const numbers: number[] = [];
  for (const { number, value, bytes } of protobufFields(message)) {
    if (number === ATTRIBUTE.name) name = decoder.decode(bytes);
    else if (number === ATTRIBUTE.text) other = decoder.decode(bytes);
    else if (number === ATTRIBUTE.tensor) other = readTensor(bytes).tensor;
    else if (number === ATTRIBUTE.float || number === ATTRIBUTE.integer) numbers.push(value);
    else if (number === ATTRIBUTE.integers) {
      numbers.push(...(bytes.length > 0 ? packedIntegers(bytes) : [value]));
    } else if (number === ATTRIBUTE.floats) {
      numbers.push(...(bytes.length > 0 ? floatsIn(bytes) : [value]));
    }
  }
  return [name, other ?? numbers];
}

function readTensor(message: Uint8Array): { name: string; tensor: Tensor } {
  const shape: number[] = [];
  const listed: number[] = [];
  let type = 0;
  let name = "";
  let raw: Uint8Array | null = null;
  for (const { number, value, bytes } of protobufFields(message)) {
    if (number === TENSOR.shape)
      shape.push(...(bytes.length > 0 ? packedIntegers(bytes) : [value]));
    else if (number === TENSOR.type) type = value;
    else if (number === TENSOR.name) name = decoder.decode(bytes);
    else if (number === TENSOR.raw) raw = bytes;
    else if (number === TENSOR.floats)
      listed.push(...(bytes.length > 0 ? floatsIn(bytes) : [value]));
    else if (number === TENSOR.small || number === TENSOR.large) {
      listed.push(...(bytes.length > 0 ? packedIntegers(bytes) : [value]));
    }
  }
  return { name, tensor: { shape, data: numbersOf(type, raw, listed) } };
}

function numbersOf(type: number, raw: Uint8Array | null, listed: number[]): Tensor["data"] {
  // raw numbers may begin at any address
  const buffer = raw?.slice().buffer as ArrayBuffer | undefined;
  if (type === TYPE.float) return new Float32Array(buffer ?? listed);
  if (type === TYPE.int8) return new Int8Array(buffer ?? listed);
  if (type === TYPE.uint8) return new Uint8Array(buffer ?? listed);
  if (type === TYPE.int32) return new Int32Array(buffer ?? listed);
  if (type === TYPE.int64) {
    return buffer === undefined ? listed : Array.from(new BigInt64Array(buffer), Number);
  }
  throw new Error(`numbers of the type ${type}`);
}

function floatsIn(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
