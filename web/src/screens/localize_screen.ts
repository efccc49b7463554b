/** Localize: choose a movie, choose how, watch the picture grow, keep the result. */

import { allowedRegion, centredRegion } from "../camera/region.ts";
import { AppError } from "../errors.ts";
import type { Region } from "../localize/localizer.ts";
import type { LocalizeSession } from "../localize/session_types.ts";
import type { MovieReader } from "../movie/movie_reader.ts";
import { RegionFrame } from "../record/region_frame.ts";
import { wakeLock } from "../record/wake_lock.ts";
import { type LibraryItem, library } from "../storage/library.ts";
import { ResultKeeper } from "../storage/result_keeper.ts";
import { Workstation } from "../workstation/workstation.ts";
import { AnalysisView } from "./analysis_view.ts";
import { element, fill } from "./element.ts";
import { localizeMovie, openMovie } from "./engines.ts";
import { FinishCard } from "./finish_card.ts";
import { icon } from "./icons.ts";
import { itemCard } from "./item_card.ts";
import { LocalizeSettings, rememberSpeed } from "./localize_settings.ts";
import {
  askForFiles,
  attempt,
  button,
  errorNotice,
  facts,
  linkButton,
  notice,
  type Screen,
  segmented,
  tellError,
} from "./parts.ts";
import type { Field } from "./picture_view.ts";
import { greyPicture } from "./region_view.ts";
import { countText, plural } from "./words.ts";

const MOVIES = "video/*,.mp4,.m4v,.mov,.webm,.mkv,.tif,.tiff,.ome.tif";
// Larger pictures begin with a part: a phone's whole view takes hours.
const LARGE_PX = 400_000;
const PART_PX = 256;

/** A movie that was chosen. */
interface Chosen {
  readonly reader: MovieReader;
  readonly name: string;
  readonly itemId: string | null;
}

/** The localize screen. */
export class LocalizeScreen implements Screen {
  readonly title = "Localize";
  readonly root: HTMLElement;
  readonly #body = element("div", { class: "stack localize-body" });
  readonly #heading = element("h1", {}, "Localize");
  #chosen: Chosen | null = null;
  #session: LocalizeSession | null = null;
  #view: AnalysisView | null = null;
  #finish: FinishCard | null = null;
  #left = false;

  constructor(parts: string[]) {
    this.root = element(
      "div",
      { class: "screen localize-screen" },
      element("div", { class: "screen-head" }, this.#heading),
      this.#body,
    );
    const [kind, ...rest] = parts;
    if (kind === "item" && rest.length > 0) this.#open(() => fromLibrary(rest[0]));
    else if (kind === "folder") this.#open(() => fromFolder(rest[0], rest.slice(1).join("/")));
    else this.#choose();
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file !== undefined && this.#session === null) this.#open(() => fromFile(file));
    });
  }

  leave(): void {
    this.#left = true;
    this.#session?.cancel();
    this.#chosen?.reader.close();
    this.#view?.end();
    this.#finish?.end();
    window.onbeforeunload = null;
    void wakeLock.release();
  }

  /** The ways to a movie. */
  #choose(problem?: unknown): void {
    this.#chosen?.reader.close();
    this.#chosen = null;
    this.#heading.textContent = "Localize";
    const recordings = element("div", { class: "stack" });
    fill(
      this.#body,
      problem === undefined ? null : errorNotice(problem),
      element(
        "div",
        { class: "sources" },
        button("Open a movie", {
          icon: "film",
          kind: "primary big",
          press: () => attempt(() => this.#ask()),
        }),
        element(
          "a",
          { class: "button big", href: "#/record/live" },
          icon("camera"),
          "Live from the camera",
        ),
      ),
      element(
        "p",
        { class: "hint" },
        "MP4, MOV, WebM or MKV video, or a TIFF stack. It is read on this device and not sent anywhere.",
      ),
      recordings,
    );
    library
      .list()
      .then((items) => {
        const movies = items.filter((item) => item.kind === "recording" && item.movie !== null);
        if (movies.length === 0) return;
        fill(
          recordings,
          element("h2", {}, "Your recordings"),
          element(
            "ul",
            { class: "items" },
            ...movies.slice(0, 12).map((item) => {
              const card = itemCard(item);
              card.querySelector("a")?.setAttribute("href", `#/localize/item/${item.id}`);
              return card;
            }),
          ),
        );
      })
      .catch(() => undefined);
  }

  async #ask(): Promise<void> {
    const [file] = await askForFiles(MOVIES);
    if (file !== undefined) this.#open(() => fromFile(file));
  }

  #open(find: () => Promise<Chosen>): void {
    fill(
      this.#body,
      element("p", { class: "hint opening", role: "status" }, "Opening the movie …"),
    );
    find()
      .then(async (chosen) => {
        if (this.#left) {
          chosen.reader.close();
          return;
        }
        this.#chosen = chosen;
        await this.#prepare(chosen);
      })
      .catch((error: unknown) => this.#choose(error));
  }

  /** The movie's facts, its first frame, and the choices. */
  async #prepare({ reader, name }: Chosen): Promise<void> {
    const { width, height, frameCount } = reader;
    this.#heading.textContent = name;
    const canvas = element("canvas", { role: "img", aria: { label: "First frame" } });
    const large = width * height > LARGE_PX;
    let part: Region | null = null;
    const estimate = (): void => {
      const [first, last] = range();
      const pixels = part === null ? width * height : (part[1] - part[0]) * (part[3] - part[2]);
      settings.describe(pixels * Math.max(last - first, 0), 0);
    };
    const frame = new RegionFrame((region) => {
      part = [region.x, region.x + region.width, region.y, region.y + region.height];
      estimate();
    });
    const usePart = (use: boolean): void => {
      frame.root.hidden = !use;
      if (use) frame.set(centredRegion(PART_PX, width, height, frame.region));
      else part = null;
      estimate();
    };
    const from = numberInput("first-frame", 1, frameCount, 1);
    const to = numberInput("last-frame", 1, frameCount, frameCount);
    const range = (): [number, number] => [
      Math.max((from.valueAsNumber || 1) - 1, 0),
      Math.min(to.valueAsNumber || frameCount, frameCount),
    ];
    from.addEventListener("change", estimate);
    to.addEventListener("change", estimate);
    const settings = new LocalizeSettings(estimate);
    const start = button("Localize", {
      icon: "play",
      kind: "primary big wide",
      press: () => {
        const [first, last] = range();
        const pixels = part === null ? width * height : (part[1] - part[0]) * (part[3] - part[2]);
        const method = settings.describe(pixels * (last - first), 0);
        this.#run(settings.settings(method, part, reader.valueRange), [first, last], pixels);
      },
    });
    const stage = element("div", { class: "movie-stage" }, canvas, frame.root);
    stage.style.setProperty("--ratio", String(width / height));
    fill(
      this.#body,
      element(
        "div",
        { class: "prepare" },
        element(
          "div",
          { class: "stack" },
          stage,
          width > 128 && height > 128
            ? segmented(
                "Part of the picture",
                [
                  ["whole", "Whole picture"],
                  ["part", "A part"],
                ],
                large ? "part" : "whole",
                (value) => usePart(value === "part"),
              )
            : null,
          large
            ? element(
                "p",
                { class: "hint" },
                "This picture is large. Drag the frame over your cells: a part is done in minutes, the whole may take hours.",
              )
            : null,
          ...reader.notices.map((words) => notice("plain", words)),
          facts([
            ["Movie", `${reader.formatName}, ${width} × ${height} px`],
            [
              "Frames",
              reader.frameRateHz === null
                ? countText(frameCount)
                : `${countText(frameCount)} at ${Number(reader.frameRateHz.toFixed(2))} per second`,
            ],
          ]),
        ),
        element(
          "div",
          { class: "stack" },
          element(
            "section",
            { class: "card" },
            settings.root,
            element(
              "div",
              { class: "field-pair" },
              element(
                "div",
                { class: "field" },
                element("label", { for: "first-frame" }, "From frame"),
                from,
              ),
              element(
                "div",
                { class: "field" },
                element("label", { for: "last-frame" }, "To frame"),
                to,
              ),
            ),
          ),
          start,
          button("Another movie", { kind: "quiet wide", press: () => this.#choose() }),
        ),
      ),
    );
    frame.setFrameSize(width, height);
    frame.root.hidden = true;
    if (reader.pixelSizeNm !== null) settings.suggestPixelSize(reader.pixelSizeNm);
    if (large) {
      const middle = centredRegion(PART_PX, width, height);
      frame.show(allowedRegion(middle, width, height));
      usePart(true);
    } else estimate();
    for await (const first of reader.frames(0, 1)) {
      canvas.width = first.width;
      canvas.height = first.height;
      canvas
        .getContext("2d")
        ?.putImageData(greyPicture(first.pixels, first.width, first.height, true), 0, 0);
    }
  }

  #run(
    settings: Parameters<typeof localizeMovie>[1],
    frames: [number, number],
    pixelsPerFrame: number,
  ): void {
    const chosen = this.#chosen;
    if (chosen === null) return;
    const { reader, name, itemId } = chosen;
    const session = localizeMovie(reader, settings, { frames });
    this.#session = session;
    const field = fieldOf(settings.region, reader.width, reader.height, settings.pixelSizeNm);
    const view = new AnalysisView(field, settings.region, true);
    this.#view = view;
    const keeper = new ResultKeeper(
      session,
      { name, width: reader.width, height: reader.height, itemId },
      // a recording's name ends in its time, 21.41
      name.replace(/\.(?=.*[a-z])[a-z0-9]{2,5}$/i, ""),
    );
    const message = element("div", { class: "stack", aria: { live: "polite" } });
    const stop = button("Stop", { icon: "stop", kind: "small", press: () => session.cancel() });
    fill(
      message,
      element(
        "p",
        { class: "hint", role: "status" },
        settings.method === "net"
          ? "Loading the network and looking at the movie …"
          : "Looking at the movie …",
      ),
    );
    // above the picture: on a phone what is under the plots is not seen
    fill(this.#body, element("div", { class: "running-bar" }, message, stop), view.root);
    window.scrollTo(0, 0);
    view.follow(session);
    void wakeLock.keep();
    window.onbeforeunload = (event): void => event.preventDefault();
    session.on("prepared", ({ notices }) =>
      fill(message, ...notices.map((words) => notice("warn", words))),
    );
    let fastest = 0;
    session.on("progress", ({ framesPerS }) => {
      fastest = Math.max(fastest, framesPerS);
    });
    const end = async (complete: boolean, error: AppError | null): Promise<void> => {
      window.onbeforeunload = null;
      void wakeLock.release();
      stop.remove();
      if (complete) rememberSpeed(settings.method, fastest * pixelsPerFrame);
      view.picture.show(session.table);
      const item = await keeper
        .finish(complete, await view.picture.thumbnail())
        .catch((problem: unknown) => {
          tellError(problem);
          return null;
        });
      if (this.#left) return;
      this.#session = null;
      if (error !== null && error.kind !== "cancelled") fill(message, errorNotice(error));
      else if (!complete) {
        fill(
          message,
          notice(
            "warn",
            `Stopped after ${plural(session.progress.framesDone, "frame")}.`,
            item === null ? "" : "What was found is in the library.",
          ),
        );
      }
      if (item === null) {
        message.append(button("Another movie", { kind: "wide", press: () => this.#choose() }));
        return;
      }
      const done = new FinishCard(item, view, session.table, frames[1], field);
      this.#finish = done;
      this.#body.append(
        element(
          "p",
          { class: "saved-line" },
          icon("check"),
          "Kept in the library. ",
          element("a", { href: `#/item/${item.id}` }, "Open it there"),
        ),
        done.root,
        decisionsCard(keeper.decisions),
        linkButton("Another movie", "#/localize", "quiet wide"),
      );
      if (location.hash.startsWith("#/localize")) {
        // The same address does not open the screen anew.
        this.#body.lastElementChild?.addEventListener("click", (event) => {
          event.preventDefault();
          this.#view?.end();
          this.#choose();
        });
      }
    };
    session.on("finished", () => void end(true, null));
    session.on("failed", ({ error }) => void end(false, error));
  }
}

/** What was decided, for those who want to know. */
export function decisionsCard(decisions: Record<string, string>): HTMLElement {
  return element(
    "details",
    { class: "card" },
    element("summary", {}, "What was decided"),
    facts(Object.entries(decisions)),
  );
}

/** The part of the sample that a region of the frames shows. */
export function fieldOf(
  region: Region | null,
  width: number,
  height: number,
  pixelSizeNm: number,
): Field {
  const [x0, x1, y0, y1] = region ?? [0, width, 0, height];
  return {
    x0Nm: x0 * pixelSizeNm,
    y0Nm: y0 * pixelSizeNm,
    widthNm: (x1 - x0) * pixelSizeNm,
    heightNm: (y1 - y0) * pixelSizeNm,
  };
}

function numberInput(id: string, least: number, most: number, value: number): HTMLInputElement {
  return element("input", {
    type: "number",
    id,
    min: String(least),
    max: String(most),
    step: "1",
    value: String(value),
    inputmode: "numeric",
  });
}

async function fromFile(file: File): Promise<Chosen> {
  return { reader: await openMovie(file, file.name), name: file.name, itemId: null };
}

async function fromLibrary(id: string): Promise<Chosen> {
  const item: LibraryItem = await library.get(id);
  const file = item.movie === null ? null : await library.file(id, item.movie);
  if (file === null) {
    throw new AppError("storage", "The movie of this item is not there any more.", "Open another.");
  }
  return { reader: await openMovie(file, item.name), name: item.name, itemId: id };
}

async function fromFolder(folder: string, path: string): Promise<Chosen> {
  const name = path.split("/").at(-1) ?? path;
  const blob = await Workstation.chosen().folderFile(folder, path);
  return { reader: await openMovie(blob, name), name, itemId: null };
}

export function localizeScreen(parts: string[]): Screen {
  return new LocalizeScreen(parts);
}
