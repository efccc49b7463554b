import type { View } from "./sum_picture_types.ts";

/** Closest that one can look, nm per picture pixel. */
export const CLOSEST_NM = 1.0;

/** A part of the sample, nm. */
export interface Extent {
  readonly x0Nm: number;
  readonly y0Nm: number;
  readonly x1Nm: number;
  readonly y1Nm: number;
}

/** The view that shows all of an extent in the middle of a picture of this size. */
export function viewOf(extent: Extent, width: number, height: number): View {
  const wide = extent.x1Nm - extent.x0Nm;
  const tall = extent.y1Nm - extent.y0Nm;
  const nmPerPixel = Math.max(wide / width, tall / height, CLOSEST_NM);
  return {
    x0Nm: (extent.x0Nm + extent.x1Nm - width * nmPerPixel) / 2,
    y0Nm: (extent.y0Nm + extent.y1Nm - height * nmPerPixel) / 2,
    nmPerPixel,
    width,
    height,
  };
}

/** The view after the sample was dragged by so many picture pixels. */
export function panned(view: View, dxPx: number, dyPx: number): View {
  return {
    ...view,
    x0Nm: view.x0Nm - dxPx * view.nmPerPixel,
    y0Nm: view.y0Nm - dyPx * view.nmPerPixel,
  };
}

/**
 * The view `factor` times as close, about a point of the picture (px) that stays in place.
 *
 * Not closer than `CLOSEST_NM`, not farther than `farthestNm` per pixel.
 */
export function zoomed(
  view: View,
  factor: number,
  xPx: number,
  yPx: number,
  farthestNm: number,
): View {
  const wanted = view.nmPerPixel / factor;
  const nmPerPixel = Math.min(Math.max(wanted, CLOSEST_NM), Math.max(farthestNm, CLOSEST_NM));
  return {
    ...view,
    nmPerPixel,
    x0Nm: view.x0Nm + xPx * (view.nmPerPixel - nmPerPixel),
    y0Nm: view.y0Nm + yPx * (view.nmPerPixel - nmPerPixel),
  };
}

/** The same part of the sample in a picture of another size, its middle in place. */
export function resized(view: View, width: number, height: number): View {
  return {
    ...view,
    x0Nm: view.x0Nm + ((view.width - width) * view.nmPerPixel) / 2,
    y0Nm: view.y0Nm + ((view.height - height) * view.nmPerPixel) / 2,
    width,
    height,
  };
}
