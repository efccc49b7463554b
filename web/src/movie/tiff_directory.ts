/** Values of a TIFF page's tags. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly samplesPerPixel: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly sampleFormat: number;
  /** 1 none, 5 LZW, 8 and 32946 deflate. */
  readonly compression: number;
  /** 1 none, 2 differences along a row. */
  readonly predictor: number;
  /** 0 white is zero, 1 black is zero. */
  readonly photometric: number;
  readonly rowsPerStrip: number;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
  readonly isTiled: boolean;
  readonly description: string;
  /** Pixels per unit along x, and the unit: 1 none, 2 inch, 3 centimetre. */
  readonly resolution: number | null;
  readonly resolutionUnit: number;
}

const TAG = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  description: 270,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  resolutionUnit: 296,
  predictor: 317,
  tileOffsets: 324,
  sampleFormat: 339,
} as const;

/** Bytes of a value of each TIFF type. */
const TYPE_BYTES: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};
const MOST_ENTRIES = 4096;
// directories often lie side by side: asking for each value of each is slow
const READ_AHEAD_BYTES = 16_384;

type Values = readonly number[] | string;

/** Reads directories of a TIFF or BigTIFF file, a few bytes at a time. */
export class TiffDirectories {
  private near = { place: 0, buffer: new ArrayBuffer(0) };

  private constructor(
    private readonly file: Blob,
    /** Bytes are little-endian. */
    readonly little: boolean,
    private readonly big: boolean,
    /** Place of the first directory. */
    readonly first: number,
  ) {}

  /** `null` when this is no TIFF. */
  static async open(file: Blob): Promise<TiffDirectories | null> {
    const head = new DataView(await file.slice(0, 16).arrayBuffer());
    if (head.byteLength < 8) return null;
    const order = head.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) return null;
    const little = order === 0x4949;
    const version = head.getUint16(2, little);
    if (version === 42) {
      return new TiffDirectories(file, little, false, head.getUint32(4, little));
    }
    if (version !== 43 || head.byteLength < 16) return null;
    return new TiffDirectories(file, little, true, Number(head.getBigUint64(8, little)));
  }

  /** The page at a place, and the place of the next one (0: none). */
  async page(place: number): Promise<{ page: TiffPage; next: number }> {
    const { big, little } = this;
    const countBytes = big ? 8 : 2;
    const entryBytes = big ? 20 : 12;
    const pointerBytes = big ? 8 : 4;
    const head = await this.view(place, countBytes);
    const count = big ? Number(head.getBigUint64(0, little)) : head.getUint16(0, little);
    if (count > MOST_ENTRIES) throw new Error("not a directory");
    const body = await this.view(place + countBytes, count * entryBytes + pointerBytes);
    const tags = new Map<number, Values>();
    const wanted = new Set<number>(Object.values(TAG));
    for (let k = 0; k < count; k++) {
      const tag = body.getUint16(k * entryBytes, little);
      if (wanted.has(tag)) tags.set(tag, await this.values(body, k * entryBytes));
    }
    return { page: pageOf(tags), next: this.pointer(body, count * entryBytes) };
  }

  /** Bytes of the file; throws where it ends before. */
  async view(place: number, bytes: number): Promise<DataView> {
    let { near } = this;
    if (place < near.place || place + bytes > near.place + near.buffer.byteLength) {
      const end = place + Math.max(bytes, READ_AHEAD_BYTES);
      near = { place, buffer: await this.file.slice(place, end).arrayBuffer() };
      this.near = near;
    }
    if (near.buffer.byteLength < place - near.place + bytes) throw new Error("the file ends");
    return new DataView(near.buffer, place - near.place, bytes);
  }

  private pointer(view: DataView, at: number): number {
    return this.big ? Number(view.getBigUint64(at, this.little)) : view.getUint32(at, this.little);
  }

  private async values(body: DataView, at: number): Promise<Values> {
    const { big, little } = this;
    const type = body.getUint16(at + 2, little);
    const count = this.pointer(body, at + 4);
    const bytes = count * (TYPE_BYTES[type] ?? 1);
    const inline = big ? 8 : 4;
    const slot = at + (big ? 12 : 8);
    const view =
      bytes <= inline
        ? new DataView(body.buffer, body.byteOffset + slot, inline)
        : await this.view(this.pointer(body, slot), bytes);
    if (type === 2)
      return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset, bytes));
    return Array.from({ length: count }, (_, i) => numberAt(view, type, i, little));
  }
}

function numberAt(view: DataView, type: number, i: number, little: boolean): number {
  const at = i * (TYPE_BYTES[type] ?? 1);
  if (type === 3 || type === 8) return view.getUint16(at, little);
  if (type === 4 || type === 9 || type === 13) return view.getUint32(at, little);
  if (type === 5 || type === 10) {
    return view.getUint32(at, little) / view.getUint32(at + 4, little);
  }
  if (type === 11) return view.getFloat32(at, little);
  if (type === 12) return view.getFloat64(at, little);
  if (type >= 16) return Number(view.getBigUint64(at, little));
  return view.getUint8(at);
}

function pageOf(tags: ReadonlyMap<number, Values>): TiffPage {
  const numbers = (tag: number): readonly number[] => {
    const values = tags.get(tag);
    return values === undefined || typeof values === "string" ? [] : values;
  };
  const one = (tag: number, usual: number): number => numbers(tag)[0] ?? usual;
  const description = tags.get(TAG.description);
  const isTiled = tags.has(TAG.tileOffsets);
  const height = one(TAG.height, 0);
  return {
    width: one(TAG.width, 0),
    height,
    bitsPerSample: one(TAG.bits, 1),
    samplesPerPixel: one(TAG.samples, 1),
    sampleFormat: one(TAG.sampleFormat, 1),
    compression: one(TAG.compression, 1),
    predictor: one(TAG.predictor, 1),
    photometric: one(TAG.photometric, 1),
    rowsPerStrip: Math.min(one(TAG.rowsPerStrip, height), height),
    offsets: numbers(TAG.stripOffsets),
    byteCounts: numbers(TAG.stripByteCounts),
    isTiled,
    description: typeof description === "string" ? description : "",
    resolution: tags.has(TAG.xResolution) ? one(TAG.xResolution, 0) : null,
    resolutionUnit: one(TAG.resolutionUnit, 2),
  };
}
