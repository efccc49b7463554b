import type { GreyPixels } from "./frame.ts";
import type { TiffDirectories, TiffPage } from "./tiff_directory.ts";

const NONE = 1;
const LZW = 5;
const DEFLATE = [8, 32946];

/** Whether a page is grey and coded in a way that can be read. */
export function isReadable(page: TiffPage): boolean {
  const kind = `${page.sampleFormat}/${page.bitsPerSample}`;
  return (
    ["1/8", "1/16", "3/32"].includes(kind) &&
    page.samplesPerPixel === 1 &&
    !page.isTiled &&
    page.photometric <= 1 &&
    [NONE, LZW, ...DEFLATE].includes(page.compression) &&
    (page.predictor === 1 || (page.predictor === 2 && page.sampleFormat === 1))
  );
}

/** Grey values of a page whose strips begin `shift` bytes after where it says. */
export async function readPage(
  file: TiffDirectories,
  page: TiffPage,
  shift = 0,
): Promise<GreyPixels> {
  const pixelBytes = page.bitsPerSample / 8;
  const whole = new Uint8Array(page.width * page.height * pixelBytes);
  const stripBytes = page.rowsPerStrip * page.width * pixelBytes;
  for (let k = 0; k < page.offsets.length; k++) {
    const begin = k * stripBytes;
    const size = Math.min(stripBytes, whole.length - begin);
    if (size <= 0) break;
    const coded = page.compression === NONE ? size : page.byteCounts[k];
    const view = await file.view(page.offsets[k] + shift, coded);
    const bytes = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, coded);
    const strip = await decoded(bytes, page.compression, size);
    whole.set(strip.subarray(0, size), begin);
  }
  const values = withByteOrder(whole, page, file.little);
  if (page.predictor === 2) undoDifferences(values, page.width);
  return values;
}

async function decoded(
  strip: Uint8Array<ArrayBuffer>,
  compression: number,
  size: number,
): Promise<Uint8Array> {
  if (compression === NONE) return strip;
  if (compression === LZW) return unpackLzw(strip, size);
  const stream = new Blob([strip]).stream().pipeThrough(new DecompressionStream("deflate"));
  const out = new Uint8Array(await new Response(stream).arrayBuffer());
  if (out.length < size) throw new Error("a strip is incomplete");
  return out;
}

/** Lempel-Ziv-Welch as TIFF 6.0 (section 13) has it: codes of 9 to 12 bits, first bit high. */
export function unpackLzw(coded: Uint8Array, size: number): Uint8Array {
  const clear = 256;
  const end = 257;
  const out = new Uint8Array(size);
  // each entry is a stretch of what was written before: where it begins, and how long it is
  const begin = new Int32Array(4097);
  const length = new Int32Array(4097);
  let next = 258;
  let bits = 9;
  let written = 0;
  // the string before: where it begins, and how long it is (0: none)
  let before = 0;
  let beforeLength = 0;
  let place = 0;
  let held = 0;
  let holding = 0;
  while (written < size) {
    while (holding < bits) {
      if (place >= coded.length) throw new Error("a strip is incomplete");
      held = ((held << 8) | coded[place++]) & 0xffffff;
      holding += 8;
    }
    const code = (held >> (holding - bits)) & ((1 << bits) - 1);
    holding -= bits;
    if (code === end) break;
    if (code === clear) {
      next = 258;
      bits = 9;
      beforeLength = 0;
      continue;
    }
    const start = written;
    if (beforeLength > 0 && next < 4096) {
      // the string before and the first byte of this one, which may be this very string
      begin[next] = before;
      length[next] = beforeLength + 1;
      next++;
    }
    if (code < 256) {
      out[written++] = code;
    } else {
      if (code >= next) throw new Error("a strip is damaged");
      for (let k = 0; k < length[code] && written < size; k++)
        out[written++] = out[begin[code] + k];
    }
    before = start;
    beforeLength = written - start;
    // codes grow one entry early
    bits = next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9;
  }
  if (written < size) throw new Error("a strip is incomplete");
  return out;
}

function withByteOrder(
  whole: Uint8Array<ArrayBuffer>,
  page: TiffPage,
  little: boolean,
): GreyPixels {
  if (page.bitsPerSample === 8) return whole;
  if (!little) {
    const bytes = page.bitsPerSample / 8;
    for (let at = 0; at < whole.length; at += bytes) whole.subarray(at, at + bytes).reverse();
  }
  return page.bitsPerSample === 16 ? new Uint16Array(whole.buffer) : new Float32Array(whole.buffer);
}

function undoDifferences(values: GreyPixels, width: number): void {
  for (let row = 0; row < values.length; row += width) {
    for (let i = 1; i < width; i++) values[row + i] += values[row + i - 1];
  }
}
