/** The region of interest: an even-aligned rectangle of camera pixels. */

/** `(x, y)` is its top left corner; all four numbers are even, px of the camera. */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const LEAST_REGION_PX = 64;
export const MOST_REGION_PX = 512;
export const REGION_SIZES_PX = [64, 128, 256, 512] as const;

// Chroma has half the resolution: an odd corner or size cannot be cut out of a 4:2:0 frame.
const even = (value: number): number => 2 * Math.round(value / 2);
const clamp = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most);

/** The nearest region that is allowed within a frame of `width` x `height` px. */
export function allowedRegion(wanted: Region, width: number, height: number): Region {
  const mostWidth = Math.min(MOST_REGION_PX, width - (width % 2));
  const mostHeight = Math.min(MOST_REGION_PX, height - (height % 2));
  const w = clamp(even(wanted.width), Math.min(LEAST_REGION_PX, mostWidth), mostWidth);
  const h = clamp(even(wanted.height), Math.min(LEAST_REGION_PX, mostHeight), mostHeight);
  const lastX = width - w - ((width - w) % 2);
  const lastY = height - h - ((height - h) % 2);
  return {
    x: clamp(even(wanted.x), 0, lastX),
    y: clamp(even(wanted.y), 0, lastY),
    width: w,
    height: h,
  };
}

/** A square of about `size` px around the middle of `around`, or of the frame. */
export function centredRegion(
  size: number,
  width: number,
  height: number,
  around?: Region,
): Region {
  const cx = around ? around.x + around.width / 2 : width / 2;
  const cy = around ? around.y + around.height / 2 : height / 2;
  return allowedRegion(
    { x: cx - size / 2, y: cy - size / 2, width: size, height: size },
    width,
    height,
  );
}

/** `from` moved and resized by so many px, kept inside the frame. */
export function changedRegion(
  from: Region,
  change: Partial<Region>,
  width: number,
  height: number,
): Region {
  return allowedRegion(
    {
      x: from.x + (change.x ?? 0),
      y: from.y + (change.y ?? 0),
      width: from.width + (change.width ?? 0),
      height: from.height + (change.height ?? 0),
    },
    width,
    height,
  );
}
