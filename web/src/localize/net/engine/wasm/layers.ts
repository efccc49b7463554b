/**
 * The layers of a network that computes with eight-bit integers, in WebAssembly.
 *
 * Compiled twice. With relaxed SIMD a value is a byte, and one instruction multiplies sixteen
 * of them; what the top bit of a value means there is the processor's choice, so values are
 * kept with the bits of `flip` turned (see `kernels.ts`). Without, a value takes 16 bits. Sums
 * are exact in either case.
 *
 * A picture is a stack of planes, each of 4 bytes of every pixel: 4 channels, or 2. Around a
 * plane is a border of zeros. Lengths are bytes, addresses those of the first pixel inside;
 * rows may be read and written up to 3 pixels beyond their end.
 */

// pixels that come out of the inner loops at a time
const PIXELS: i32 = 4;

function dot(weights: v128, values: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, values, sum);
  } else {
    return i32x4.add(sum, i32x4.dot_i16x8_s(weights, values));
  }
}

/** `one * other + sum`, rounded once. */
function fused(one: v128, other: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return f32x4.relaxed_madd(one, other, sum);
  } else {
    // products of two floats are exact in double precision
    const low = f64x2.add(
      f64x2.mul(f64x2.promote_low_f32x4(one), f64x2.promote_low_f32x4(other)),
      f64x2.promote_low_f32x4(sum),
    );
    const high = f64x2.add(
      f64x2.mul(f64x2.promote_low_f32x4(upper(one)), f64x2.promote_low_f32x4(upper(other))),
      f64x2.promote_low_f32x4(upper(sum)),
    );
    return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
  }
}

function upper(values: v128): v128 {
  return v128.shuffle<i64>(values, values, 1, 0);
}

function multiplyAdd(one: v128, other: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(one, other, sum);
  else return f32x4.add(sum, f32x4.mul(one, other));
}

/** The nearest integers from 0 to 255, ties to even. */
function rounded(values: v128): v128 {
  const inside = f32x4.min(f32x4.max(values, f32x4.splat(0.0)), f32x4.splat(255.0));
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(inside));
}

/** The first of `live` pixels new, the others as they were. */
function replace(at: usize, values: v128, live: i32): void {
  if (live < PIXELS) {
    const mask = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(live));
    values = v128.bitselect(values, v128.load(at), mask);
  }
  v128.store(at, values);
}

/** Writes 4 channels (integers) of 4 pixels. */
function write(
  at: usize,
  plane: usize,
  one: v128,
  two: v128,
  three: v128,
  four: v128,
  live: i32,
  flip: v128,
): void {
  const low = i16x8.narrow_i32x4_s(one, two);
  const high = i16x8.narrow_i32x4_s(three, four);
  if (ASC_FEATURE_RELAXED_SIMD) {
    replace(at, v128.xor(i8x16.narrow_i16x8_u(low, high), flip), live);
  } else {
    replace(at, v128.shuffle<i32>(low, high, 0, 2, 4, 6), live);
    replace(at + plane, v128.shuffle<i32>(low, high, 1, 3, 5, 7), live);
  }
}

/** 4 channels of one of 4 pixels, as floats. */
function channelsOf(at: usize, plane: usize, pixel: usize, flip: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const values = v128.xor(v128.load32_zero(at + (pixel << 2)), flip);
    return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(values)));
  } else {
    const first = v128.load32_zero(at + (pixel << 2));
    const second = v128.load32_zero(at + plane + (pixel << 2));
    return f32x4.convert_i32x4_s(
      i32x4.extend_low_i16x8_s(v128.shuffle<i32>(first, second, 0, 4, 0, 4)),
    );
  }
}

/** What the dot product makes of the vectors at `weights` and `values`. */
export function probe(weights: usize, values: usize, out: usize): void {
  v128.store(out, dot(v128.load(weights), v128.load(values), i32x4.splat(0)));
}

/** What multiplying two floats and adding a third at once makes of them. */
export function probeFused(one: f32, other: f32, sum: f32): f32 {
  return f32x4.extract_lane(fused(f32x4.splat(one), f32x4.splat(other), f32x4.splat(sum)), 0);
}

/**
 * A convolution of integers, turned into values again.
 *
 * A pixel's sum goes over `runs` times `terms` groups of 4 bytes; `starts` holds the addresses
 * of the runs of the first pixel, `plane` bytes lie between the terms of each. `weights` are in
 * the order in which they are used. With a `residual` this is added to the values, both
 * weighted first.
 */
export function convolve(
  starts: usize,
  runs: i32,
  terms: i32,
  plane: usize,
  inRow: usize,
  weights: usize,
  biases: usize,
  factors: usize,
  blocks: i32,
  height: i32,
  width: i32,
  out: usize,
  outRow: usize,
  outPlane: usize,
  residual: usize,
  residualFactor: f32,
  ownFactor: f32,
  flipBits: i32,
): void {
  const flip = i8x16.splat(<i8>flipBits);
  const half: usize = ASC_FEATURE_RELAXED_SIMD ? outPlane : 2 * outPlane;
  const residualBy = f32x4.splat(residualFactor);
  const ownBy = f32x4.splat(ownFactor);
  for (let block = 0; block < blocks; block++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x += PIXELS) {
        let a0 = v128.load(biases, 0);
        let b0 = v128.load(biases, 16);
        let a1 = a0;
        let a2 = a0;
        let a3 = a0;
        let b1 = b0;
        let b2 = b0;
        let b3 = b0;
        let w = weights;
        const place = <usize>y * inRow + ((<usize>x) << 2);
        for (let r = 0; r < runs; r++) {
          let p = <usize>load<u32>(starts + ((<usize>r) << 2)) + place;
          const end = w + ((<usize>terms) << 5);
          do {
            const first = v128.load(w, 0);
            const second = v128.load(w, 16);
            let value = v128.load_splat<u32>(p, 0);
            a0 = dot(first, value, a0);
            b0 = dot(second, value, b0);
            value = v128.load_splat<u32>(p, 4);
            a1 = dot(first, value, a1);
            b1 = dot(second, value, b1);
            value = v128.load_splat<u32>(p, 8);
            a2 = dot(first, value, a2);
            b2 = dot(second, value, b2);
            value = v128.load_splat<u32>(p, 12);
            a3 = dot(first, value, a3);
            b3 = dot(second, value, b3);
            p += plane;
            w += 32;
          } while (w < end);
        }
        const live = width - x;
        const offset = <usize>y * outRow + ((<usize>x) << 2);
        const firstBy = v128.load(factors, 0);
        const secondBy = v128.load(factors, 16);
        a0 = rounded(f32x4.mul(f32x4.convert_i32x4_s(a0), firstBy));
        a1 = rounded(f32x4.mul(f32x4.convert_i32x4_s(a1), firstBy));
        a2 = rounded(f32x4.mul(f32x4.convert_i32x4_s(a2), firstBy));
        a3 = rounded(f32x4.mul(f32x4.convert_i32x4_s(a3), firstBy));
        b0 = rounded(f32x4.mul(f32x4.convert_i32x4_s(b0), secondBy));
        b1 = rounded(f32x4.mul(f32x4.convert_i32x4_s(b1), secondBy));
        b2 = rounded(f32x4.mul(f32x4.convert_i32x4_s(b2), secondBy));
        b3 = rounded(f32x4.mul(f32x4.convert_i32x4_s(b3), secondBy));
        if (residual !== 0) {
          const from = residual + offset;
          const next = from + half;
          a0 = sum(from, outPlane, 0, residualBy, a0, ownBy, flip);
          a1 = sum(from, outPlane, 1, residualBy, a1, ownBy, flip);
          a2 = sum(from, outPlane, 2, residualBy, a2, ownBy, flip);
          a3 = sum(from, outPlane, 3, residualBy, a3, ownBy, flip);
          b0 = sum(next, outPlane, 0, residualBy, b0, ownBy, flip);
          b1 = sum(next, outPlane, 1, residualBy, b1, ownBy, flip);
          b2 = sum(next, outPlane, 2, residualBy, b2, ownBy, flip);
          b3 = sum(next, outPlane, 3, residualBy, b3, ownBy, flip);
        }
        write(out + offset, outPlane, a0, a1, a2, a3, live, flip);
        write(out + offset + half, outPlane, b0, b1, b2, b3, live, flip);
      }
    }
    weights += (<usize>(runs * terms)) << 5;
    biases += 32;
    factors += 32;
    out += 2 * half;
    if (residual !== 0) residual += 2 * half;
  }
}

/** A pixel of another picture and new values, added on a scale of their own. */
function sum(
  at: usize,
  plane: usize,
  pixel: usize,
  by: v128,
  values: v128,
  ownBy: v128,
  flip: v128,
): v128 {
  const other = f32x4.mul(channelsOf(at, plane, pixel, flip), by);
  return rounded(f32x4.add(other, f32x4.mul(f32x4.convert_i32x4_s(values), ownBy)));
}

/**
 * The first layer: a convolution of floats, divided by `scale` and rounded.
 *
 * Its runs and terms are those of `convolve`, with a float in each group of 4 bytes. Sums are
 * those of ONNX Runtime on processors that multiply and add at once, to the last bit: a tie
 * must not be rounded another way. They begin at 0, every product is added unrounded, the
 * bias comes last.
 */
export function look(
  starts: usize,
  runs: i32,
  terms: i32,
  plane: usize,
  inRow: usize,
  weights: usize,
  biases: usize,
  blocks: i32,
  height: i32,
  width: i32,
  out: usize,
  outRow: usize,
  outPlane: usize,
  scale: f32,
  flipBits: i32,
): void {
  const flip = i8x16.splat(<i8>flipBits);
  const half: usize = ASC_FEATURE_RELAXED_SIMD ? outPlane : 2 * outPlane;
  const divisor = f32x4.splat(scale);
  for (let block = 0; block < blocks; block++) {
    const firstBias = v128.load(biases, 0);
    const secondBias = v128.load(biases, 16);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x += PIXELS) {
        let a0 = f32x4.splat(0.0);
        let a1 = a0;
        let a2 = a0;
        let a3 = a0;
        let b0 = a0;
        let b1 = a0;
        let b2 = a0;
        let b3 = a0;
        let w = weights;
        const place = <usize>y * inRow + ((<usize>x) << 2);
        for (let r = 0; r < runs; r++) {
          let p = <usize>load<u32>(starts + ((<usize>r) << 2)) + place;
          const end = w + ((<usize>terms) << 5);
          while (w < end) {
            const first = v128.load(w, 0);
            const second = v128.load(w, 16);
            let value = v128.load_splat<u32>(p, 0);
            a0 = fused(first, value, a0);
            b0 = fused(second, value, b0);
            value = v128.load_splat<u32>(p, 4);
            a1 = fused(first, value, a1);
            b1 = fused(second, value, b1);
            value = v128.load_splat<u32>(p, 8);
            a2 = fused(first, value, a2);
            b2 = fused(second, value, b2);
            value = v128.load_splat<u32>(p, 12);
            a3 = fused(first, value, a3);
            b3 = fused(second, value, b3);
            p += plane;
            w += 32;
          }
        }
        a0 = f32x4.add(a0, firstBias);
        a1 = f32x4.add(a1, firstBias);
        a2 = f32x4.add(a2, firstBias);
        a3 = f32x4.add(a3, firstBias);
        b0 = f32x4.add(b0, secondBias);
        b1 = f32x4.add(b1, secondBias);
        b2 = f32x4.add(b2, secondBias);
        b3 = f32x4.add(b3, secondBias);
        a0 = rounded(f32x4.div(a0, divisor));
        a1 = rounded(f32x4.div(a1, divisor));
        a2 = rounded(f32x4.div(a2, divisor));
        a3 = rounded(f32x4.div(a3, divisor));
        b0 = rounded(f32x4.div(b0, divisor));
        b1 = rounded(f32x4.div(b1, divisor));
        b2 = rounded(f32x4.div(b2, divisor));
        b3 = rounded(f32x4.div(b3, divisor));
        const live = width - x;
        const at = out + <usize>y * outRow + ((<usize>x) << 2);
        write(at, outPlane, a0, a1, a2, a3, live, flip);
        write(at + half, outPlane, b0, b1, b2, b3, live, flip);
      }
    }
    weights += (<usize>(runs * terms)) << 5;
    biases += 32;
    out += 2 * half;
  }
}

/** The last layer: each pixel's floats, `plane` bytes apart, become 2 x 2 of each of `maps` maps. */
export function head(
  from: usize,
  terms: i32,
  plane: usize,
  weights: usize,
  biases: usize,
  height: i32,
  width: i32,
  out: usize,
  outRow: usize,
  outPlane: usize,
  maps: i32,
): void {
  for (let map = 0; map < maps; map += 2) {
    const firstBias = v128.load(biases, 0);
    const secondBias = v128.load(biases, 16);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x += PIXELS) {
        let a0 = f32x4.splat(0.0);
        let a1 = a0;
        let a2 = a0;
        let a3 = a0;
        let b0 = a0;
        let b1 = a0;
        let b2 = a0;
        let b3 = a0;
        let w = weights;
        let p = from + ((<usize>(y * width + x)) << 2);
        const end = w + ((<usize>terms) << 5);
        while (w < end) {
          const first = v128.load(w, 0);
          const second = v128.load(w, 16);
          let value = v128.load_splat<u32>(p, 0);
          a0 = multiplyAdd(first, value, a0);
          b0 = multiplyAdd(second, value, b0);
          value = v128.load_splat<u32>(p, 4);
          a1 = multiplyAdd(first, value, a1);
          b1 = multiplyAdd(second, value, b1);
          value = v128.load_splat<u32>(p, 8);
          a2 = multiplyAdd(first, value, a2);
          b2 = multiplyAdd(second, value, b2);
          value = v128.load_splat<u32>(p, 12);
          a3 = multiplyAdd(first, value, a3);
          b3 = multiplyAdd(second, value, b3);
          p += plane;
          w += 32;
        }
        a0 = f32x4.add(a0, firstBias);
        a1 = f32x4.add(a1, firstBias);
        a2 = f32x4.add(a2, firstBias);
        a3 = f32x4.add(a3, firstBias);
        b0 = f32x4.add(b0, secondBias);
        b1 = f32x4.add(b1, secondBias);
        b2 = f32x4.add(b2, secondBias);
        b3 = f32x4.add(b3, secondBias);
        const live = width - x;
        const at = out + <usize>(2 * y) * outRow + ((<usize>x) << 3);
        spread(at, outRow, a0, a1, a2, a3, live);
        if (map + 1 < maps) spread(at + outPlane, outRow, b0, b1, b2, b3, live);
      }
    }
    weights += (<usize>terms) << 5;
    biases += 32;
    out += 2 * outPlane;
  }
}

/** 4 channels of 4 pixels become 2 x 2 floats each. */
function spread(
  at: usize,
  row: usize,
  one: v128,
  two: v128,
  three: v128,
  four: v128,
  live: i32,
): void {
  v128.store64_lane(at, one, 0);
  v128.store64_lane(at + row, one, 1);
  if (live < 2) return;
  v128.store64_lane(at, two, 0, 8);
  v128.store64_lane(at + row, two, 1, 8);
  if (live < 3) return;
  v128.store64_lane(at, three, 0, 16);
  v128.store64_lane(at + row, three, 1, 16);
  if (live < 4) return;
  v128.store64_lane(at, four, 0, 24);
  v128.store64_lane(at + row, four, 1, 24);
}

function larger(one: v128, other: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.max_u(one, other);
  else return i16x8.max_s(one, other);
}

/** The largest of each 2 x 2 pixels, of all planes. */
export function pool(
  from: usize,
  fromRow: usize,
  fromPlane: usize,
  to: usize,
  toRow: usize,
  toPlane: usize,
  planes: i32,
  height: i32,
  width: i32,
  flipBits: i32,
): void {
  const flip = i8x16.splat(<i8>flipBits);
  for (let n = 0; n < planes; n++) {
    for (let y = 0; y < height; y++) {
      let above = from + <usize>n * fromPlane + <usize>(2 * y) * fromRow;
      let out = to + <usize>n * toPlane + <usize>y * toRow;
      for (let x = 0; x < width; x++) {
        const below = above + fromRow;
        const first = larger(
          v128.xor(v128.load64_zero(above), flip),
          v128.xor(v128.load64_zero(below), flip),
        );
        const most = larger(first, v128.shuffle<i32>(first, first, 1, 0, 3, 2));
        v128.store32_lane(out, v128.xor(most, flip), 0);
        above += 8;
        out += 4;
      }
    }
  }
}

/** Each pixel four times, its values on another scale, of `blocks` times 4 channels. */
export function enlarge(
  from: usize,
  fromRow: usize,
  fromPlane: usize,
  to: usize,
  toRow: usize,
  toPlane: usize,
  blocks: i32,
  height: i32,
  width: i32,
  scale: f32,
  newScale: f32,
  flipBits: i32,
): void {
  const flip = i8x16.splat(<i8>flipBits);
  const multiplier = f32x4.splat(scale);
  const divisor = f32x4.splat(newScale);
  const each: usize = ASC_FEATURE_RELAXED_SIMD ? 1 : 2;
  for (let n = 0; n < blocks; n++) {
    for (let y = 0; y < height; y++) {
      let source = from + <usize>n * each * fromPlane + <usize>y * fromRow;
      let out = to + <usize>n * each * toPlane + <usize>(2 * y) * toRow;
      for (let x = 0; x < width; x++) {
        const before = channelsOf(source, fromPlane, 0, flip);
        const values = rounded(f32x4.div(f32x4.mul(before, multiplier), divisor));
        write(out, toPlane, values, values, values, values, 2, flip);
        write(out + toRow, toPlane, values, values, values, values, 2, flip);
        source += 4;
        out += 8;
      }
    }
  }
}

/** Values as floats without a border, a plane for each channel. */
export function floats(
  from: usize,
  fromRow: usize,
  fromPlane: usize,
  to: usize,
  blocks: i32,
  height: i32,
  width: i32,
  scale: f32,
  flipBits: i32,
): void {
  const flip = i8x16.splat(<i8>flipBits);
  const multiplier = f32x4.splat(scale);
  const each: usize = ASC_FEATURE_RELAXED_SIMD ? 1 : 2;
  const size = (<usize>(height * width)) << 2;
  for (let n = 0; n < blocks; n++) {
    for (let y = 0; y < height; y++) {
      let source = from + <usize>n * each * fromPlane + <usize>y * fromRow;
      for (let x = 0; x < width; x++) {
        const values = f32x4.mul(channelsOf(source, fromPlane, 0, flip), multiplier);
        v128.store32_lane(to, values, 0);
        v128.store32_lane(to + size, values, 1);
        v128.store32_lane(to + 2 * size, values, 2);
        v128.store32_lane(to + 3 * size, values, 3);
        source += 4;
        to += 4;
      }
    }
    to += 3 * size;
  }
}
