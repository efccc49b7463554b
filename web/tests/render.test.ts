import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COLOUR_MAPS, colourTable } from "../src/render/colour_map.ts";
import { coloured, usualTop } from "../src/render/contrast.ts";
import { scaleBar } from "../src/render/scale_bar.ts";
import { addGaussian } from "../src/render/splat.ts";
import { GrowingPicture } from "../src/render/sum_picture.ts";
import { panned, resized, viewOf, zoomed } from "../src/render/view.ts";
import { tableOf } from "./tables.ts";
import { vectorPath } from "./vector_files.ts";

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

test("colours are Python's", () => {
  const python = JSON.parse(readFileSync(vectorPath("colours.json"), "utf-8")) as Record<
    string,
    number[]
  >;
  expect(COLOUR_MAPS).toEqual(Object.keys(python));
  for (const name of COLOUR_MAPS) expect(Array.from(colourTable(name))).toEqual(python[name]);
});

test("a molecule adds one to the picture, however wide it is", () => {
  for (const sigma of [0.05, 0.7, 6]) {
    const picture = new Float32Array(64 * 64);
    addGaussian(picture, 64, 64, 31.3, 33.8, sigma, sigma);
    expect(sum(picture)).toBeCloseTo(1, 4);
    const mean = picture.reduce((total, value, p) => total + value * ((p % 64) + 0.5), 0);
    // within its pixel a narrow one cannot be told
    expect(mean).toBeCloseTo(sigma < 0.1 ? 31.5 : 31.3, sigma < 0.1 ? 4 : 3);
  }
});

test("half a molecule at the edge adds half", () => {
  const picture = new Float32Array(32 * 32);
  addGaussian(picture, 32, 32, 0, 16, 2, 2);
  expect(sum(picture)).toBeCloseTo(0.5, 4);
});

test("a picture that grows is the one that is drawn at once", () => {
  const table = tableOf(5000, (random) => ({ xNm: 6400 * random(), yNm: 6400 * random() }));
  const view = viewOf({ x0Nm: 0, y0Nm: 0, x1Nm: 6400, y1Nm: 6400 }, 320, 320);
  const slow = new GrowingPicture(view);
  let turns = 1;
  while (!slow.draw(table, 0)) turns++;
  const fast = new GrowingPicture(view);
  expect(fast.draw(table, 1e9)).toBe(true);
  expect(turns).toBeGreaterThan(5);
  expect(slow.brightness).toEqual(fast.brightness);
  fast.setView(view, "histogram");
  fast.draw(table, 1e9);
  expect(sum(fast.brightness)).toBe(5000);
});

test("the point under the finger stays when one zooms", () => {
  const view = viewOf({ x0Nm: 0, y0Nm: 0, x1Nm: 6400, y1Nm: 3200 }, 390, 600);
  const place = (v: typeof view): number => v.x0Nm + 100 * v.nmPerPixel;
  const closer = zoomed(view, 3, 100, 50, 100);
  expect(closer.nmPerPixel).toBeCloseTo(view.nmPerPixel / 3);
  expect(place(closer)).toBeCloseTo(place(view));
  expect(zoomed(view, 1e9, 0, 0, 100).nmPerPixel).toBe(1);
  expect(panned(view, 10, 0).x0Nm).toBeCloseTo(view.x0Nm - 10 * view.nmPerPixel);
  const turned = resized(view, 600, 390);
  const middle = (v: typeof view): number => v.x0Nm + (v.width / 2) * v.nmPerPixel;
  expect(middle(turned)).toBeCloseTo(middle(view));
});

test("a scale bar is round and takes at most 30 % of the width", () => {
  expect(scaleBar(10, 390)).toEqual({ lengthNm: 1000, lengthPx: 100, label: "1 µm" });
  expect(scaleBar(5, 390).label).toBe("500 nm");
  for (const nm of [1, 3.7, 12, 99, 640]) {
    const { lengthPx } = scaleBar(nm, 390);
    expect(lengthPx).toBeLessThanOrEqual(117.001);
    expect(lengthPx).toBeGreaterThan(40);
  }
});

test("the brightest pixels have the brightest colour and empty ones the darkest", () => {
  const brightness = new Float32Array(1000).map((_, i) => (i < 500 ? 0 : i / 1000));
  const colours = coloured(brightness, { colourMap: "gray", top: null, gamma: 1 });
  expect(Array.from(colours.slice(0, 4))).toEqual([0, 0, 0, 255]);
  expect(Array.from(colours.slice(-4))).toEqual([255, 255, 255, 255]);
  expect(usualTop(new Float32Array(10))).toBe(1);
});
