/** A field of a message: a number's value, or bytes. */
export interface ProtobufField {
  readonly number: number;
  /** Of an integer (wire type 0) or a float of 32 bits (wire type 5); else 0. */
  readonly value: number;
  /** Of text, bytes, a message or packed numbers (wire type 2); else empty. */
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/** Fields of a protobuf message, in its order. */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField> {
  const reader = new Reader(message);
  while (!reader.atEnd) {
    const tag = reader.integer();
    const number = Math.floor(tag / 8);
    const kind = tag & 7;
    if (kind === 0) yield { number, value: reader.integer(), bytes: NO_BYTES };
    else if (kind === 1) reader.skip(8);
    else if (kind === 5) yield { number, value: reader.float(), bytes: NO_BYTES };
    else if (kind === 2) yield { number, value: 0, bytes: reader.bytes(reader.integer()) };
    else return;
  }
}

/** Integers that are packed one after the other. */
export function packedIntegers(bytes: Uint8Array): number[] {
  const reader = new Reader(bytes);
  const values: number[] = [];
  while (!reader.atEnd) values.push(reader.integer());
  return values;
}

class Reader {
  private at = 0;

  constructor(private readonly message: Uint8Array) {}

  get atEnd(): boolean {
    return this.at >= this.message.length;
  }

  skip(count: number): void {
    this.at += count;
  }

  bytes(count: number): Uint8Array {
    const { at } = this;
    this.at += count;
    return this.message.subarray(at, at + count);
  }

  float(): number {
    const { buffer, byteOffset } = this.bytes(4);
    return new DataView(buffer, byteOffset, 4).getFloat32(0, true);
  }

  integer(): number {
    let value = 0;
    let scale = 1;
    for (let place = 0; ; place++) {
      const byte = this.message[this.at++];
      if (byte === undefined) throw new Error("the message ends");
      // the tenth byte of 64 bits holds but the sign
      if (place === 9) return value - 2 ** 63;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }
}
