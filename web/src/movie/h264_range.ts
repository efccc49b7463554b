/** Bits of a sequence parameter set, emulation bytes taken out. */
class Bits {
  private readonly bytes: Uint8Array;
  private place = 0;

  constructor(unit: Uint8Array) {
    const bytes: number[] = [];
    for (let i = 0; i < unit.length; i++) {
      // 00 00 03 stands for 00 00 (H.264, 7.4.1)
      if (!(unit[i] === 3 && i >= 2 && unit[i - 1] === 0 && unit[i - 2] === 0)) bytes.push(unit[i]);
    }
    this.bytes = Uint8Array.from(bytes);
  }

  take(count: number): number {
    let value = 0;
    for (let k = 0; k < count; k++) {
      if (this.place >= 8 * this.bytes.length) throw new Error("the parameter set ends");
      value = 2 * value + ((this.bytes[this.place >> 3] >> (7 - (this.place & 7))) & 1);
      this.place++;
    }
    return value;
  }

  flag(): boolean {
    return this.take(1) === 1;
  }

  /** Unsigned Exp-Golomb code (H.264, 9.1); the signed one takes as many bits. */
  golomb(): number {
    let zeros = 0;
    while (!this.flag()) zeros++;
    return 2 ** zeros - 1 + this.take(zeros);
  }
}

// profiles that say more of colours (H.264, 7.3.2.1.1)
const HIGH_PROFILES = [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 144, 244];

/**
 * What an H.264 stream says of the range of its grey values; `null`: nothing.
 *
 * `description` is the decoder's configuration as MP4 has it (ISO 14496-15, 5.3.3.1). Its
 * first sequence parameter set is read as far as `video_full_range_flag` (H.264, E.1.1).
 */
export function h264Range(description: Uint8Array): "full" | "limited" | null {
  try {
    const length = 256 * description[6] + description[7];
    return rangeOfParameterSet(new Bits(description.subarray(9, 8 + length)));
  } catch {
    return null;
  }
}

function rangeOfParameterSet(bits: Bits): "full" | "limited" | null {
  const profile = bits.take(8);
  bits.take(16);
  bits.golomb();
  if (HIGH_PROFILES.includes(profile)) {
    const chroma = bits.golomb();
    if (chroma === 3) bits.flag();
    bits.golomb();
    bits.golomb();
    bits.flag();
    if (bits.flag()) skipScaling(bits, chroma === 3 ? 12 : 8);
  }
  bits.golomb();
  const order = bits.golomb();
  if (order === 0) bits.golomb();
  if (order === 1) {
    bits.flag();
    bits.golomb();
    bits.golomb();
    for (let left = bits.golomb(); left > 0; left--) bits.golomb();
  }
  bits.golomb();
  bits.flag();
  bits.golomb();
  bits.golomb();
  if (!bits.flag()) bits.flag();
  bits.flag();
  if (bits.flag()) for (let side = 0; side < 4; side++) bits.golomb();
  if (!bits.flag()) return null;
  if (bits.flag() && bits.take(8) === 255) bits.take(32);
  if (bits.flag()) bits.flag();
  if (!bits.flag()) return null;
  bits.take(3);
  return bits.flag() ? "full" : "limited";
}

function skipScaling(bits: Bits, lists: number): void {
  for (let k = 0; k < lists; k++) {
    if (!bits.flag()) continue;
    let last = 8;
    let next = 8;
    for (let j = 0; j < (k < 6 ? 16 : 64); j++) {
      if (next !== 0) {
        const code = bits.golomb();
        const change = code % 2 === 1 ? (code + 1) / 2 : -code / 2;
        next = (last + change + 256) % 256;
      }
      if (next !== 0) last = next;
    }
  }
}
