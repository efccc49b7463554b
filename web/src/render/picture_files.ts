import { AppError } from "../errors.ts";
import { coloured } from "./contrast.ts";
import { scaleBar } from "./scale_bar.ts";
import type { Contrast, SumPicture } from "./sum_picture_types.ts";

/** The picture with colours and a scale bar. */
export async function pngFile(picture: SumPicture, contrast: Contrast): Promise<Blob> {
  const { width, height, nmPerPixel } = picture.view;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context === null) {
    throw new AppError("cannot-write", "The picture is too large for this device.", "Zoom out.");
  }
  const colours = coloured(picture.brightness, contrast);
  context.putImageData(new ImageData(colours, width, height), 0, 0);
  const bar = scaleBar(nmPerPixel, width);
  const unit = Math.max(Math.round(width / 100), 3);
  const right = width - 2 * unit;
  const bottom = height - 2 * unit;
  // a dark rim keeps the bar readable on bright places
  context.fillStyle = "rgb(0 0 0 / 55%)";
  context.fillRect(right - bar.lengthPx - 1, bottom - unit - 1, bar.lengthPx + 2, unit + 2);
  context.fillStyle = "white";
  context.fillRect(right - bar.lengthPx, bottom - unit, bar.lengthPx, unit);
  context.font = `${3 * unit}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.lineJoin = "round";
  context.lineWidth = unit / 2;
  context.strokeStyle = "rgb(0 0 0 / 70%)";
  const middle = right - bar.lengthPx / 2;
  context.strokeText(bar.label, middle, bottom - 1.4 * unit);
  context.fillText(bar.label, middle, bottom - 1.4 * unit);
  return canvas.convertToBlob({ type: "image/png" });
}

const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const ASCII = 2;

/**
 * The brightness as it is, for measuring: 32-bit floating point (molecules per pixel), or
 * 16 bits with the brightest pixel at 65535. ImageJ and others read the pixel size.
 */
export function tiffFile(picture: SumPicture, bits: 16 | 32): ArrayBuffer {
  const { width, height, nmPerPixel } = picture.view;
  const { brightness } = picture;
  let peak = 0.0;
  for (const value of brightness) if (value > peak) peak = value;
  const scale = peak > 0 ? 65535 / peak : 0;
  const note = bits === 32 ? "molecules per pixel" : `${peak / 65535} molecules per pixel and step`;
  const text = new TextEncoder().encode(`ImageJ=1.11a\nunit=nm\ncellstorm=${note}\n\0`);
  const entries: [number, number, number, number][] = [];
  const count = 13;
  const head = 8 + 2 + 12 * count + 4;
  const resolution = head + text.length + (text.length % 2);
  const data = resolution + 16;
  entries.push(
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 1, bits],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 1],
    [270, ASCII, text.length, head],
    [273, LONG, 1, data],
    [277, SHORT, 1, 1],
    [278, LONG, 1, height],
    [279, LONG, 1, (width * height * bits) / 8],
    [282, RATIONAL, 1, resolution],
    [283, RATIONAL, 1, resolution + 8],
    [339, SHORT, 1, bits === 32 ? 3 : 1],
  );
  const view = new DataView(new ArrayBuffer(data + (width * height * bits) / 8));
  view.setUint16(0, 0x4949);
  view.setUint16(2, 42, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, count, true);
  entries.forEach(([tag, type, number, value], k) => {
    const at = 10 + 12 * k;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, number, true);
    if (type === SHORT) view.setUint16(at + 8, value, true);
    else view.setUint32(at + 8, value, true);
  });
  new Uint8Array(view.buffer).set(text, head);
  for (const at of [resolution, resolution + 8]) {
    // pixels per nm, as ImageJ keeps them with its own unit
    view.setUint32(at, 1_000_000, true);
    view.setUint32(at + 4, Math.round(1_000_000 * nmPerPixel), true);
  }
  for (let p = 0; p < brightness.length; p++) {
    if (bits === 32) view.setFloat32(data + 4 * p, brightness[p], true);
    else view.setUint16(data + 2 * p, Math.round(brightness[p] * scale), true);
  }
  return view.buffer;
}
