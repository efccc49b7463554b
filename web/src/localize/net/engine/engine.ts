import type { Maps } from "../network.ts";
import type { Kernels } from "./kernels.ts";
import { packFloats, packIntegers, packLook } from "./packing.ts";
import {
  BLOCK,
  CHANNELS,
  type ConvolveStep,
  type LookStep,
  type Picture,
  type Program,
  type Seen,
  type Step,
} from "./program.ts";

// pixels that the inner loops may read or write too many, in a row
const SLACK_PIXELS = 8;
const PAGE = 65536;
const ALIGNMENT = 64;
// of a pixel in a plane: some values or a float
const PIXEL = 4;
// channels of four pixels side by side, and those around that a pixel of them sees
const CORNERS = 4;
const LOOK_SIDE = 3;
const STARTS = 4096;

/** Where a picture lies in the memory. */
interface Place {
  /** First pixel inside the border, of the first frame. */
  readonly at: number;
  readonly row: number;
  readonly plane: number;
  readonly planes: number;
  /** From frame to frame. */
  readonly each: number;
  readonly height: number;
  readonly width: number;
}

/** What a layer needs of its constants: addresses. */
interface Packed {
  readonly weights: number;
  readonly biases: number;
  readonly factors: number;
}

/** Memory for frames of one size. */
interface Layout {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
  readonly planeCount: number;
  readonly places: ReadonlyMap<Picture, Place>;
  readonly planes: number;
  readonly floats: number;
  readonly maps: number;
}

/**
 * Runs a quantised network with the integers that ONNX Runtime has.
 *
 * Sums are exact; what follows them (a factor, rounding to even, the limits) is done in
 * single precision in the same order. Windows are computed one after the other, so that all
 * pictures of one stay in the processor's cache; what belongs to a frame is computed once.
 */
export class Engine {
  private readonly packed = new Map<Step | "head", Packed>();
  private readonly looks = new Map<string, Packed>();
  private readonly starts: number;
  private top = 0;
  private ground = 0;
  private layout: Layout | null = null;
  private readonly borders: Record<2 | 4, number>;

  constructor(
    private readonly program: Program,
    private readonly kernels: Kernels,
  ) {
    this.top = ALIGNMENT;
    this.starts = this.take(STARTS);
    for (const step of program.steps) {
      if (step.kind === "convolve") this.packed.set(step, this.packConvolve(step));
    }
    const { weights, biases, from, maps } = program.head;
    const packed = packFloats(weights, biases, 4 * maps, from.picture.channels);
    this.packed.set("head", this.store(packed.weights, packed.biases));
    this.borders = { 2: border(program, 2), 4: border(program, 4) };
    this.ground = this.top;
  }

  /** Maps of all but the outermost frames of `planes`; sizes must be multiples of 4. */
  maps(planes: Maps): Maps {
    const { count, height, width } = planes;
    const { steps, context, head } = this.program;
    const windows = count - context + 1;
    const seen = seenPlanes(planes);
    const looks = steps.map((step) => (step.kind === "look" ? this.packLook(step, seen) : null));
    const layout = this.layOut(height, width, count, seen.length);
    const outputs = head.maps;
    const data = new Float32Array(windows * outputs * height * width);
    for (let n = 0; n < count; n++) {
      this.copyPlanes(planes, n, seen, layout);
      for (const [k, step] of steps.entries()) {
        if (!step.out.ofFrame) continue;
        if (step.kind === "look") this.look(step, looks[k] as Packed, seen.length, n, layout);
        else this.run(step, n, layout);
      }
    }
    const size = outputs * height * width;
    for (let n = 0; n < windows; n++) {
      for (const step of steps) {
        if (!step.out.ofFrame) this.run(step, n, layout);
      }
      this.finish(layout);
      data.set(new Float32Array(this.kernels.memory.buffer, layout.maps, size), n * size);
    }
    return { data, count: windows, channels: outputs, height, width };
  }

  private run(step: Step, n: number, layout: Layout): void {
    const { layers, flip } = this.kernels;
    if (step.kind === "convolve") this.convolve(step, n, layout);
    if (step.kind !== "pool" && step.kind !== "enlarge") return;
    const to = placeOf(step.out, layout);
    const from = placeOf(step.from.picture, layout);
    const source = [address(from, step.from, n), from.row, from.plane];
    const out = [to.at, to.row, to.plane];
    if (step.kind === "pool") {
      layers.pool(...source, ...out, to.planes, to.height, to.width, flip);
    } else {
      const scales = [step.from.picture.scale, step.out.scale];
      const blocks = step.out.channels / CHANNELS;
      layers.enlarge(...source, ...out, blocks, from.height, from.width, ...scales, flip);
    }
  }

  private convolve(step: ConvolveStep, n: number, layout: Layout): void {
    const { layers, flip } = this.kernels;
    const { inputs, dilation, out, residual } = step;
    const to = placeOf(out, layout);
    const from = placeOf(inputs[0].picture, layout);
    const starts: number[] = [];
    for (const input of inputs) {
      const at = address(placeOf(input.picture, layout), input, n);
      if (dilation === 0) starts.push(at);
      for (let y = -dilation; y <= dilation && dilation > 0; y += dilation) {
        for (let x = -dilation; x <= dilation; x += dilation) {
          starts.push(at + y * from.row + x * PIXEL);
        }
      }
    }
    const { weights, biases, factors } = this.packed.get(step) as Packed;
    layers.convolve(
      this.writeStarts(starts),
      starts.length,
      from.planes,
      from.plane,
      from.row,
      weights,
      biases,
      factors,
      out.channels / BLOCK,
      to.height,
      to.width,
      address(to, { picture: out, frame: 0 }, n),
      to.row,
      to.plane,
      residual === null ? 0 : address(placeOf(residual.from.picture, layout), residual.from, n),
      residual?.factor ?? 0,
      residual?.own ?? 0,
      flip,
    );
  }

  private look(step: LookStep, packed: Packed, planes: number, n: number, layout: Layout): void {
    const { layers, flip } = this.kernels;
    const { out } = step;
    const to = placeOf(out, layout);
    const row = (to.width + LOOK_SIDE - 1) * PIXEL;
    const plane = row * (to.height + LOOK_SIDE - 1);
    const starts: number[] = [];
    for (let y = 0; y < LOOK_SIDE; y++) {
      for (let x = 0; x < LOOK_SIDE; x++) starts.push(layout.planes + y * row + x * PIXEL);
    }
    layers.look(
      this.writeStarts(starts),
      starts.length,
      planes * CORNERS,
      plane,
      row,
      packed.weights,
      packed.biases,
      out.channels / BLOCK,
      to.height,
      to.width,
      address(to, { picture: out, frame: 0 }, n),
      to.row,
      to.plane,
      out.scale,
      flip,
    );
  }

  /** The last layer, its channels spread over the pixels. */
  private finish(layout: Layout): void {
    const { layers, flip } = this.kernels;
    const { from, maps } = this.program.head;
    const { channels, scale } = from.picture;
    const { at, row, plane, height, width } = placeOf(from.picture, layout);
    const { floats, maps: out } = layout;
    layers.floats(at, row, plane, floats, channels / CHANNELS, height, width, scale, flip);
    const { weights, biases } = this.packed.get("head") as Packed;
    layers.head(
      floats,
      channels,
      height * width * PIXEL,
      weights,
      biases,
      height,
      width,
      out,
      2 * width * PIXEL,
      CORNERS * height * width * PIXEL,
      maps,
    );
  }

  /** Rows and columns by twos become planes of their own, with a border of zeros. */
  private copyPlanes(planes: Maps, n: number, seen: readonly number[], layout: Layout): void {
    const { height, width, channels, data } = planes;
    const row = width / 2 + LOOK_SIDE - 1;
    const each = row * (height / 2 + LOOK_SIDE - 1);
    const size = seen.length * CORNERS * each;
    const to = new Float32Array(this.kernels.memory.buffer, layout.planes, size);
    for (const [k, plane] of seen.entries()) {
      const from = (n * channels + plane) * height * width;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < 2; x++) {
          const corner = k * CORNERS + 2 * (y % 2) + x;
          let at = corner * each + ((y >> 1) + 1) * row + 1;
          const begin = from + y * width + x;
          for (let p = begin; p < begin + width; p += 2) to[at++] = data[p];
        }
      }
    }
  }

  private writeStarts(starts: readonly number[]): number {
    new Uint32Array(this.kernels.memory.buffer, this.starts, starts.length).set(starts);
    return this.starts;
  }

  private layOut(height: number, width: number, frames: number, planes: number): Layout {
    const old = this.layout;
    const fits = old?.height === height && old.width === width;
    if (fits && old.frames >= frames && old.planeCount >= planes) return old;
    const { valueBytes } = this.kernels;
    this.top = this.ground;
    const begin = this.top;
    const places = new Map<Picture, Place>();
    for (const { out } of this.program.steps) {
      const around = this.borders[out.shrink];
      const [tall, wide] = [height / out.shrink, width / out.shrink];
      const count = (out.channels * valueBytes) / PIXEL;
      const row = (wide + 2 * around) * PIXEL;
      const plane = (tall + 2 * around) * row;
      const each = count * plane;
      const at = this.take((out.ofFrame ? frames : 1) * each + SLACK_PIXELS * PIXEL);
      const inside = at + around * (row + PIXEL);
      places.set(out, { at: inside, row, plane, planes: count, each, height: tall, width: wide });
    }
    const end = this.top;
    const { maps, from } = this.program.head;
    const [tall, wide] = [height / 2, width / 2];
    const padded = (tall + LOOK_SIDE - 1) * (wide + LOOK_SIDE - 1) * CORNERS * planes * PIXEL;
    const light = this.take(padded + SLACK_PIXELS * PIXEL);
    const layout: Layout = {
      height,
      width,
      frames,
      planeCount: planes,
      places,
      planes: light,
      floats: this.take((tall * wide * from.picture.channels + SLACK_PIXELS) * PIXEL),
      maps: this.take(maps * height * width * PIXEL),
    };
    const bytes = new Uint8Array(this.kernels.memory.buffer);
    bytes.fill(this.kernels.flip, begin, end);
    bytes.fill(0, light, light + padded);
    this.layout = layout;
    return layout;
  }

  /** Some of the memory, which grows when it has to. */
  private take(bytes: number): number {
    const { memory } = this.kernels;
    const at = Math.ceil(this.top / ALIGNMENT) * ALIGNMENT;
    this.top = at + bytes;
    const missing = this.top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  private store(...lists: (Float32Array | Int32Array | Int8Array | Int16Array)[]): Packed {
    const [weights, biases, factors] = lists.map((list) => {
      const at = this.take(list.byteLength);
      const bytes = new Uint8Array(list.buffer, list.byteOffset, list.byteLength);
      new Uint8Array(this.kernels.memory.buffer).set(bytes, at);
      return at;
    });
    return { weights, biases, factors: factors ?? 0 };
  }

  private packConvolve(step: ConvolveStep): Packed {
    const { weights, biases } = packIntegers(step, this.kernels.valueBytes, this.kernels.flip);
    return this.store(weights, biases, step.factors);
  }

  private packLook(step: LookStep, planes: readonly number[]): Packed {
    const key = planes.join();
    let packed = this.looks.get(key);
    if (packed === undefined) {
      // it lies below what depends on the size of frames
      this.top = this.ground;
      const { weights, biases } = packLook(step, planes);
      packed = this.store(weights, biases);
      this.looks.set(key, packed);
      this.ground = this.top;
      this.layout = null;
    }
    return packed;
  }
}

function placeOf(picture: Picture, layout: Layout): Place {
  return layout.places.get(picture) as Place;
}

/** Of a picture that a layer sees while frame or window `n` is computed. */
function address(place: Place, { picture, frame }: Seen, n: number): number {
  return picture.ofFrame ? place.at + (n + frame) * place.each : place.at;
}

function border(program: Program, shrink: 2 | 4): number {
  const reaches = program.steps.map((step) =>
    step.kind === "convolve" && step.out.shrink === shrink ? step.dilation : 0,
  );
  return Math.max(...reaches);
}

/** Planes that are not zero everywhere: of others the network is told nothing. */
function seenPlanes({ data, count, channels, height, width }: Maps): number[] {
  const size = height * width;
  const isSeen = (plane: number): boolean => {
    for (let n = 0; n < count; n++) {
      const begin = (n * channels + plane) * size;
      for (let p = begin; p < begin + size; p++) {
        if (data[p] !== 0) return true;
      }
    }
    return false;
  };
  return Array.from({ length: channels }, (_, plane) => plane).filter(isSeen);
}
