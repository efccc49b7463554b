import { AppError } from "../errors.ts";
import type { GreyFrame } from "./frame.ts";
import { cutShort } from "./movie_error.ts";
import type { MovieReader } from "./movie_reader.ts";
import { TiffDirectories, type TiffPage } from "./tiff_directory.ts";
import { isReadable, readPage } from "./tiff_strips.ts";

interface Frame {
  readonly page: TiffPage;
  /** Bytes from where the page says its strips begin: frames after the first of a page. */
  readonly shift: number;
}

/** A stack of grey TIFF pages of 8 or 16 bits or floating point. */
export class TiffMovie implements MovieReader {
  readonly valueRange = "full";
  readonly frameRateHz = null;
  readonly formatName: string;
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly frameCount: number;
  readonly pixelSizeNm: number | null;
  readonly notices: readonly string[];

  private constructor(
    readonly name: string,
    private readonly file: TiffDirectories,
    private readonly stack: readonly Frame[],
    isWhole: boolean,
  ) {
    const { page } = stack[0];
    const kind = page.sampleFormat === 3 ? "floating point" : `${page.bitsPerSample} bit`;
    this.formatName = `TIFF stack, ${kind}`;
    this.width = page.width;
    this.height = page.height;
    this.bitDepth = page.bitsPerSample;
    this.frameCount = stack.length;
    this.pixelSizeNm = pixelSizeNm(page);
    this.notices = isWhole
      ? []
      : [`The file ends or is damaged in the middle: its first ${stack.length} frames are used.`];
  }

  /** `null` when this is no TIFF. */
  static async open(file: Blob, name: string): Promise<TiffMovie | null> {
    const directories = await TiffDirectories.open(file);
    if (directories === null) return null;
    const pages: TiffPage[] = [];
    const seen = new Set<number>();
    let place = directories.first;
    let isWhole = true;
    try {
      while (place !== 0 && !seen.has(place)) {
        seen.add(place);
        const { page, next } = await directories.page(place);
        pages.push(page);
        place = next;
      }
    } catch {
      isWhole = false;
    }
    if (pages.length === 0) throw cutShort(name, 0);
    const first = pages[0];
    if (!isReadable(first)) {
      throw new AppError(
        "unreadable",
        "This TIFF is not a stack of plain grey frames of 8 or 16 bits.",
        "Save it as one from the program that made it, or localize it on a workstation.",
        name,
      );
    }
    const fits = (page: TiffPage): boolean =>
      isReadable(page) && page.width === first.width && page.height === first.height;
    if (!pages.every(fits)) {
      throw new AppError("unreadable", "Not all pages of this TIFF have the same size.", "", name);
    }
    const stack = pages.length === 1 ? imageJStack(first, file.size) : null;
    return new TiffMovie(
      name,
      directories,
      stack ?? pages.map((page) => ({ page, shift: 0 })),
      isWhole,
    );
  }

  async *frames(start: number, stop: number): AsyncGenerator<GreyFrame, void, void> {
    for (let index = start; index < stop; index++) {
      const { page, shift } = this.stack[index];
      let pixels: GreyFrame["pixels"];
      try {
        pixels = await readPage(this.file, page, shift);
      } catch {
        throw cutShort(this.name, index);
      }
      if (page.photometric === 0 && !(pixels instanceof Float32Array)) {
        const most = 2 ** page.bitsPerSample - 1;
        pixels = pixels.map((value) => most - value) as typeof pixels;
      }
      yield { index, timestampS: null, width: this.width, height: this.height, pixels };
    }
  }

  close(): void {}
}

/** ImageJ writes large stacks as one page, the others right behind it. */
function imageJStack(page: TiffPage, fileBytes: number): Frame[] | null {
  const images = /^ImageJ=[\s\S]*?\bimages=(\d+)/.exec(page.description);
  if (images === null || page.compression !== 1 || page.offsets.length === 0) return null;
  const frameBytes = page.width * page.height * (page.bitsPerSample / 8);
  const readable = Math.floor((fileBytes - page.offsets[0]) / frameBytes);
  const count = Math.min(Number(images[1]), readable);
  if (count < 2) return null;
  const joined = { ...page, offsets: [page.offsets[0]], rowsPerStrip: page.height };
  return Array.from({ length: count }, (_, k) => ({ page: joined, shift: k * frameBytes }));
}

/** From OME's XML, ImageJ's unit or the resolution in centimetres; nm. */
function pixelSizeNm(page: TiffPage): number | null {
  const { description } = page;
  const ome = /PhysicalSizeX="([^"]+)"/.exec(description);
  if (ome !== null) {
    const unit = /PhysicalSizeXUnit="([^"]+)"/.exec(description)?.[1] ?? "µm";
    return inNm(Number(ome[1]), unit);
  }
  const { resolution } = page;
  if (resolution === null || !(resolution > 0)) return null;
  if (description.startsWith("ImageJ=")) {
    const unit = /\bunit=(\S+)/.exec(description)?.[1] ?? "";
    return inNm(1 / resolution, unit.replace("\\u00B5", "µ"));
  }
  // 72 and the like dots per inch are what programs write that know of no microscope
  return page.resolutionUnit === 3 && resolution > 1e4 ? 1e7 / resolution : null;
}

function inNm(value: number, unit: string): number | null {
  const nm: Record<string, number> = { nm: 1, µm: 1e3, μm: 1e3, um: 1e3, micron: 1e3, mm: 1e6 };
  const size = value * (nm[unit] ?? Number.NaN);
  return Number.isFinite(size) && size > 0 ? size : null;
}
