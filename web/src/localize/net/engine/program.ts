import { roundHalfEven } from "../../gaussian/psf_width.ts";
import type { Graph, Node, Tensor } from "./onnx_graph.ts";

/** Where values of eight bits stand between two layers. */
export interface Picture {
  readonly channels: number;
  /** Pixels of the frame along a side of one of its own. */
  readonly shrink: 2 | 4;
  /** There is one for each frame, not for each window of frames. */
  readonly ofFrame: boolean;
  /** What a value of one means. */
  readonly scale: number;
}

/** A picture as a layer sees it: of which frame of the window, where there is one for each. */
export interface Seen {
  readonly picture: Picture;
  readonly frame: number;
}

/** Frames, four pixels side by side as channels, to a picture; in floats. */
export interface LookStep {
  readonly kind: "look";
  readonly out: Picture;
  readonly planes: number;
  /** `(channels, 4 planes, 3, 3)`. */
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

/** Integer sums over one or nine pixels; then `round(sum * factor)`. */
export interface ConvolveStep {
  readonly kind: "convolve";
  readonly inputs: readonly Seen[];
  readonly out: Picture;
  /** Pixels from one that is looked at to the next; 0: only one is. */
  readonly dilation: number;
  /** `(channels, channels in, side, side)`. */
  readonly weights: Int8Array;
  readonly biases: Int32Array;
  readonly factors: Float32Array;
  /** To this much of another picture that much of the result is added. */
  readonly residual: { readonly from: Seen; readonly factor: number; readonly own: number } | null;
}

/** The largest of 2 x 2. */
export interface PoolStep {
  readonly kind: "pool";
  readonly from: Seen;
  readonly out: Picture;
}

/** Each pixel four times. */
export interface EnlargeStep {
  readonly kind: "enlarge";
  readonly from: Seen;
  readonly out: Picture;
}

export type Step = LookStep | ConvolveStep | PoolStep | EnlargeStep;

/** A network as its layers in order. */
export interface Program {
  readonly steps: readonly Step[];
  /** Frames of a window. */
  readonly context: number;
  /** The last layer, in floats: `(4 maps, channels, 1, 1)`. */
  readonly head: {
    readonly from: Seen;
    readonly maps: number;
    readonly weights: Float32Array;
    readonly biases: Float32Array;
  };
}

/** Channels are computed in blocks of so many. */
export const BLOCK = 8;
/** Of them so many lie together at the least. */
export const CHANNELS = 4;

const { fround } = Math;

/** Finds the layers of a quantised network in its graph; throws where there are others. */
export function readProgram(graph: Graph): Program {
  return new Reading(graph).program();
}

class Reading {
  private readonly makers = new Map<string, Node>();
  private readonly steps: Step[] = [];
  private readonly known = new Map<string, Seen>();
  private context = 1;

  constructor(private readonly graph: Graph) {
    for (const node of graph.nodes) {
      for (const output of node.outputs) this.makers.set(output, node);
    }
  }

  program(): Program {
    const spread = this.maker("maps", "DepthToSpace");
    expect(spread.attributes.get("mode") === "CRD" && numbers(spread, "blocksize")[0] === 2);
    const last = this.maker(spread.inputs[0], "Conv");
    const from = this.quantised(last.inputs[0]);
    const { data, shape } = this.constant(last.inputs[1]);
    expect(this.dilation(last, shape) === 0 && shape[1] === from.picture.channels);
    expect(from.picture.shrink === 2 && !from.picture.ofFrame);
    const biases = this.constant(last.inputs[2]).data as Float32Array;
    const head = { from, maps: shape[0] / 4, weights: data as Float32Array, biases };
    return { steps: this.steps, context: this.context, head };
  }

  private maker(name: string, operation: string): Node {
    const node = this.makers.get(name);
    expect(node?.operation === operation);
    return node as Node;
  }

  private constant(name: string): Tensor {
    const tensor = this.graph.constants.get(name);
    if (tensor === undefined) throw new Error(`${name} is no constant`);
    return tensor;
  }

  private scalar(name: string): number {
    return this.constant(name).data[0];
  }

  /** What a layer is given that sees floats made of values of eight bits. */
  private quantised(name: string): Seen {
    const back = this.maker(name, "DequantizeLinear");
    const there = this.maker(back.inputs[0], "QuantizeLinear");
    const scale = this.scalar(back.inputs[1]);
    expect(this.scalar(there.inputs[1]) === scale);
    for (const { inputs } of [back, there]) {
      const zero = this.constant(inputs[2]);
      expect(zero.data instanceof Uint8Array && zero.data[0] === 0);
    }
    return this.rounded(there.inputs[0], scale);
  }

  /** The picture that keeps a result on a scale. */
  private rounded(name: string, scale: number): Seen {
    const key = `${name} ${scale}`;
    let seen = this.known.get(key);
    if (seen === undefined) {
      seen = this.make(name, scale);
      this.known.set(key, seen);
    }
    return seen;
  }

  private make(name: string, scale: number): Seen {
    const node = this.makers.get(name) as Node;
    switch (node?.operation) {
      case "Relu":
        return this.look(node, scale);
      case "Conv":
        return this.convolve(node, scale, null);
      case "Add":
        return this.add(node, scale);
      case "MaxPool":
        return this.pool(node, scale);
      case "Resize":
        return this.enlarge(node, scale);
      case "Slice":
        return this.slice(node, scale);
      default:
        throw new Error(`a layer ${node?.operation}`);
    }
  }

  private step(step: Step): Seen {
    expect(step.out.channels % BLOCK === 0);
    this.steps.push(step);
    return { picture: step.out, frame: 0 };
  }

  private look(node: Node, scale: number): Seen {
    const layer = this.maker(node.inputs[0], "Conv");
    const { data, shape } = this.constant(layer.inputs[1]);
    expect(this.dilation(layer, shape) === 1);
    this.checkSpaceToDepth(layer.inputs[0]);
    return this.step({
      kind: "look",
      out: { channels: shape[0], shrink: 2, ofFrame: true, scale },
      planes: shape[1] / 4,
      weights: data as Float32Array,
      biases: this.constant(layer.inputs[2]).data as Float32Array,
    });
  }

  /** Each 2 x 2 pixels become channels: plane, row, column. */
  private checkSpaceToDepth(name: string): void {
    const squeeze = this.maker(name, "Squeeze");
    const joined = this.maker(squeeze.inputs[0], "Reshape");
    const turned = this.maker(joined.inputs[0], "Transpose");
    const columns = this.maker(turned.inputs[0], "Reshape");
    const rows = this.maker(columns.inputs[0], "Reshape");
    const frames = this.maker(rows.inputs[0], "Unsqueeze");
    const is = (input: string, ...values: number[]): void =>
      expect(String(Array.from(this.constant(input).data)) === String(values));
    expect(frames.inputs[0] === "frames");
    is(frames.inputs[1], 3);
    is(rows.inputs[1], 0, 0, -1, 2, 0);
    is(columns.inputs[1], 0, 0, 0, 0, -1, 2);
    expect(String(numbers(turned, "perm")) === "0,1,3,5,2,4");
    is(joined.inputs[1], 0, -1, 1, 1, 0, 0);
    is(squeeze.inputs[1], 2, 3);
  }

  private convolve(node: Node, scale: number, residual: ConvolveStep["residual"]): Seen {
    const inputs = this.inputs(node.inputs[0]);
    const { weights, shape, scales } = this.weights(node.inputs[1]);
    const { picture } = inputs[0];
    const channels = inputs.reduce((sum, seen) => sum + seen.picture.channels, 0);
    expect(channels === shape[1] && inputs.every((seen) => alike(seen.picture, picture)));
    const ofFrame = picture.ofFrame && inputs.length === 1;
    return this.step({
      kind: "convolve",
      inputs,
      out: { channels: shape[0], shrink: picture.shrink, ofFrame, scale },
      dilation: this.dilation(node, shape),
      weights,
      biases: this.biases(node.inputs[2]),
      factors: Float32Array.from(scales, (own) => fround(fround(picture.scale * own) / scale)),
      residual,
    });
  }

  /** One picture, or several side by side. */
  private inputs(name: string): Seen[] {
    const there = this.makers.get(this.makers.get(name)?.inputs[0] ?? "");
    const joined = this.makers.get(there?.inputs[0] ?? "");
    if (joined?.operation !== "Concat") return [this.quantised(name)];
    expect(there?.operation === "QuantizeLinear" && numbers(joined, "axis")[0] === 1);
    const scale = this.scalar((there as Node).inputs[1]);
    return joined.inputs.map((input) => {
      const before = this.maker(input, "DequantizeLinear");
      const own = this.scalar(before.inputs[1]);
      if (own === scale) return this.quantised(input);
      // only where it costs nothing: while it is made larger
      const larger = this.maker(this.maker(before.inputs[0], "QuantizeLinear").inputs[0], "Resize");
      expect(this.quantised(larger.inputs[0]).picture.scale === own);
      return this.rounded(larger.outputs[0], scale);
    });
  }

  private weights(name: string): {
    weights: Int8Array;
    shape: readonly number[];
    scales: number[];
  } {
    const back = this.maker(name, "DequantizeLinear");
    const scales = Array.from(this.constant(back.inputs[1]).data);
    const zeros = this.constant(back.inputs[2]).data;
    expect(zeros instanceof Int8Array && zeros.every((zero) => zero === 0));
    const kept = this.graph.constants.get(back.inputs[0]);
    if (kept !== undefined) {
      return { weights: kept.data as Int8Array, shape: kept.shape, scales };
    }
    const there = this.maker(back.inputs[0], "QuantizeLinear");
    const { data, shape } = this.constant(there.inputs[0]);
    expect(there.inputs[1] === back.inputs[1] && scales.length === shape[0]);
    const each = data.length / shape[0];
    const weights = Int8Array.from(data, (value, k) => {
      const whole = roundHalfEven(fround(value / scales[Math.floor(k / each)]));
      return Math.min(Math.max(whole, -128), 127);
    });
    return { weights, shape, scales };
  }

  private biases(name: string): Int32Array {
    return this.constant(this.maker(name, "DequantizeLinear").inputs[0]).data as Int32Array;
  }

  /** A picture and what a layer makes of it. */
  private add(node: Node, scale: number): Seen {
    const [from, layer] = node.inputs.map((input) => this.maker(input, "DequantizeLinear"));
    const own = this.scalar(layer.inputs[1]);
    const before = this.quantised(from.outputs[0]);
    const inner = this.maker(this.maker(layer.inputs[0], "QuantizeLinear").inputs[0], "Conv");
    // its values exist only while they are added
    const seen = this.convolve(inner, own, {
      from: before,
      factor: fround(before.picture.scale / scale),
      own: fround(own / scale),
    });
    const step = this.steps.pop() as ConvolveStep;
    expect(alike({ ...seen.picture, scale: before.picture.scale }, before.picture));
    return this.step({ ...step, out: { ...seen.picture, scale } });
  }

  private pool(node: Node, scale: number): Seen {
    const from = this.quantised(node.inputs[0]);
    expect(String(numbers(node, "kernel_shape")) === "2,2" && from.picture.shrink === 2);
    expect(String(numbers(node, "strides")) === "2,2" && from.picture.scale === scale);
    return this.step({ kind: "pool", from, out: { ...from.picture, shrink: 4 } });
  }

  private enlarge(node: Node, scale: number): Seen {
    const from = this.quantised(node.inputs[0]);
    expect(node.attributes.get("mode") === "nearest" && from.picture.shrink === 4);
    expect(node.attributes.get("coordinate_transformation_mode") === "asymmetric");
    expect(node.attributes.get("nearest_mode") === "floor");
    expect(String(Array.from(this.constant(node.inputs[2]).data)) === "1,1,2,2");
    return this.step({ kind: "enlarge", from, out: { ...from.picture, shrink: 2, scale } });
  }

  /** All frames but some at either end: each is the frame of a window that stands there. */
  private slice(node: Node, scale: number): Seen {
    const { picture } = this.quantised(node.inputs[0]);
    const frame = this.scalar(node.inputs[1]);
    expect(picture.scale === scale && picture.ofFrame);
    expect(this.scalar(node.inputs[3]) === 0 && this.scalar(node.inputs[4]) === 1);
    this.context = Math.max(this.context, frame + 1);
    return { picture, frame };
  }

  private dilation(node: Node, shape: readonly number[]): number {
    const [dilation] = numbers(node, "dilations");
    const side = shape[2];
    expect(side === shape[3] && numbers(node, "group")[0] === 1);
    expect(numbers(node, "strides").every((stride) => stride === 1));
    const border = side === 1 ? 0 : dilation;
    expect((side === 1 || side === 3) && numbers(node, "pads").every((pad) => pad === border));
    return border;
  }
}

function alike(one: Picture, other: Picture): boolean {
  return (
    one.shrink === other.shrink && one.scale === other.scale && one.channels === other.channels
  );
}

function numbers(node: Node, name: string): readonly number[] {
  const value = node.attributes.get(name);
  return Array.isArray(value) ? value : [];
}

function expect(condition: boolean): void {
  if (!condition) throw new Error("a layer of another kind");
}
