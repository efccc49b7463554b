const pictures = new Map<string, Float32Array>();

/**
 * A picture to compute in, made once for each name and size: collecting what was thrown away
 * would take a quarter of the time. Holds what was left there; whoever asks fills it.
 */
export function scratch(name: string, size: number): Float32Array {
  let picture = pictures.get(name);
  if (picture === undefined || picture.length < size) {
    picture = new Float32Array(size);
    pictures.set(name, picture);
  }
  return picture.length === size ? picture : picture.subarray(0, size);
}
