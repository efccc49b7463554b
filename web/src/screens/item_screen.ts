/** One item of the library: a recording to look at and hand over, or a result to explore. */

import { recordingJson } from "../record/recording_facts.ts";
import { type LibraryItem, library } from "../storage/library.ts";
import { readResult } from "../storage/result_keeper.ts";
import { canShare, download, fileName, share } from "../storage/sharing.ts";
import { unpackTable } from "../storage/table_file.ts";
import { KEPT_FILES } from "../workstation/job_results.ts";
import { AnalysisView } from "./analysis_view.ts";
import { calibrationCard } from "./calibration_card.ts";
import { element, fill } from "./element.ts";
import { FinishCard } from "./finish_card.ts";
import { icon } from "./icons.ts";
import { itemLine, kindText } from "./item_card.ts";
import { decisionsCard, fieldOf } from "./localize_screen.ts";
import {
  attempt,
  button,
  confirmed,
  errorNotice,
  facts,
  notice,
  type Screen,
  tell,
} from "./parts.ts";
import { go } from "./router.ts";
import { transferCard } from "./transfer_card.ts";
import { bytesText, clockText, countText, dateText } from "./words.ts";

export async function itemScreen(parts: string[]): Promise<Screen> {
  const item = await library.get(parts[0] ?? "");
  const ends: (() => void)[] = [];
  const body = element("div", { class: "stack" });
  const name = element("h1", {}, item.name);
  const root = element(
    "div",
    { class: `screen ${item.result === null ? "narrow" : ""}` },
    element(
      "div",
      { class: "screen-head" },
      element(
        "a",
        { class: "button quiet icon-only", href: "#/library", title: "Library" },
        icon("back"),
        element("span", { class: "visually-hidden" }, "Back to the library"),
      ),
      name,
      button("Rename", {
        icon: "edit",
        kind: "quiet",
        iconOnly: true,
        press: () => attempt(() => rename(item, name)),
      }),
      button("Delete", {
        icon: "trash",
        kind: "quiet danger",
        iconOnly: true,
        press: () => attempt(() => remove(item)),
      }),
    ),
    body,
  );
  if (item.result === null) await showRecording(item, body, ends);
  else await showResult(item, body, ends).catch((error) => fill(body, errorNotice(error)));
  return { root, title: item.name, leave: () => leaveAll(ends) };
}

function leaveAll(ends: (() => void)[]): void {
  for (const end of ends) end();
}

async function showRecording(
  item: LibraryItem,
  body: HTMLElement,
  ends: (() => void)[],
): Promise<void> {
  const file = item.movie === null ? null : await library.file(item.id, item.movie);
  const { recording } = item;
  const ending = item.movie?.slice(item.movie.lastIndexOf(".")) ?? "";
  const video = element("video", { class: "item-video", aria: { label: "The recording" } });
  if (file !== null) {
    const address = URL.createObjectURL(file);
    video.src = address;
    video.controls = true;
    video.loop = true;
    video.muted = true;
    video.playsInline = true;
    ends.push(() => URL.revokeObjectURL(address));
  }
  const movieFile = (): File =>
    new File([file ?? ""], fileName(item.name, ending), { type: movieType(ending) });
  const factsFile = async (): Promise<File> =>
    new File([await recordingJson(item)], fileName(item.name, ".json"), {
      type: "application/json",
    });
  const shareable = canShare(new File(["x"], `x${ending}`, { type: movieType(ending) }));
  fill(
    body,
    item.state === "interrupted"
      ? notice(
          "warn",
          "This recording was cut short.",
          "The app was closed or the device stopped while it was being written. What was written up to then is here and can be localized.",
        )
      : null,
    file === null
      ? notice("bad", "There is no movie in this item.", "Nothing was written before it stopped.")
      : video,
    element(
      "div",
      { class: "actions" },
      item.kind === "recording"
        ? element(
            "a",
            { class: "button primary big wide", href: `#/localize/item/${item.id}` },
            icon("molecules"),
            "Localize on this device",
          )
        : null,
      element(
        "div",
        { class: "row even" },
        button("Save movie", {
          icon: "save",
          disabled: file === null,
          press: () => download(movieFile(), movieFile().name),
        }),
        button("Save facts", {
          icon: "save",
          press: () =>
            attempt(async () => {
              const made = await factsFile();
              download(made, made.name);
            }),
        }),
        shareable
          ? button("Share", {
              icon: "share",
              press: () =>
                attempt(async () => {
                  await share([movieFile()], item.name);
                }),
            })
          : null,
      ),
    ),
    file === null ? null : workstationCard(item, ends),
    element(
      "section",
      { class: "card" },
      element("h2", {}, "About it"),
      recording === null
        ? facts([["Size", bytesText(item.sizeBytes)]])
        : facts([
            ["Kind", kindText(item)],
            ["Recorded", dateText(item.createdAt)],
            ["Region", `${recording.width} × ${recording.height} px`],
            ["Frames", `${countText(recording.frames)}, ${countText(recording.dropped)} dropped`],
            ["Length", clockText(recording.durationS)],
            [
              "Rate",
              recording.frameRateHz === null
                ? "–"
                : `${recording.frameRateHz.toFixed(2)} per second`,
            ],
            [
              "Codec",
              recording.lossless
                ? `${recording.codec}${recording.exact ? ", first frames compared bit for bit" : ""}`
                : `${recording.codec}, not lossless`,
            ],
            ["Size", bytesText(item.sizeBytes)],
            ["Camera", String(item.facts.camera ?? "–")],
            ...settingRows(item),
          ]),
    ),
  );
}

function workstationCard(item: LibraryItem, ends: (() => void)[]): HTMLElement {
  if (item.kind === "flat") return calibrationCard(item, ends);
  if (item.kind !== "dark") return transferCard(item, ends);
  return element(
    "p",
    { class: "hint" },
    "A dark clip goes to the workstation together with its still clip: open that one.",
  );
}

async function showResult(
  item: LibraryItem,
  body: HTMLElement,
  ends: (() => void)[],
): Promise<void> {
  const { result } = item;
  if (result === null) return;
  const kept: HTMLElement[] = [];
  for (const name of item.job === null ? [] : KEPT_FILES) {
    const file = await library.file(item.id, name);
    if (file === null) continue;
    kept.push(
      button(`Save ${name.replace(/\..*/, "")}`, {
        icon: "save",
        kind: "small",
        press: () => {
          const dot = name.lastIndexOf(".");
          download(file, fileName(`${item.name} ${name.slice(0, dot)}`, name.slice(dot)));
        },
      }),
    );
  }
  const fromWorkstation =
    kept.length > 0
      ? element(
          "section",
          { class: "card" },
          element("h2", {}, "From the workstation"),
          element("div", { class: "row" }, ...kept),
        )
      : null;
  const table = await unpackTable(await readResult(item)).catch((error: unknown) => {
    if (fromWorkstation === null) throw error;
    return null;
  });
  if (table === null) {
    fill(body, element("p", { class: "lead" }, itemLine(item)), fromWorkstation);
    return;
  }
  const region = (result.settings.region ?? null) as
    | readonly [number, number, number, number]
    | null;
  const field = fieldOf(region, result.width, result.height, result.pixelSizeNm);
  const view = new AnalysisView(field, region, false);
  const frames = Math.max(result.frames, lastFrame(table.column("frame")) + 1);
  view.showTable(table, frames);
  view.showNumbers([
    ["Molecules", countText(table.rows)],
    ["Frames", countText(result.frames)],
    ["Method", result.method === "net" ? "Network" : "Classical"],
    ["Pixel", String(result.pixelSizeNm), "nm"],
  ]);
  const finish = new FinishCard(item, view, table, frames, field);
  ends.push(
    () => view.end(),
    () => finish.end(),
  );
  fill(
    body,
    result.complete
      ? null
      : notice(
          "warn",
          "This result is not of the whole movie.",
          "It was stopped, or the app was closed.",
        ),
    view.root,
    ...result.notices.map((words) => notice("plain", words)),
    finish.root,
    fromWorkstation,
    decisionsCard({ Movie: result.movieName, ...result.decisions }),
  );
}

const SETTINGS: Record<string, [string, (value: number) => string]> = {
  exposureTime: ["Exposure", (value) => `${value / 10} ms`],
  iso: ["ISO", String],
  focusDistance: ["Focus", (value) => `${Number(value.toFixed(3))} m`],
  colorTemperature: ["White", (value) => `${value} K`],
  zoom: ["Zoom", (value) => `${value} ×`],
};

function settingRows(item: LibraryItem): [string, string][] {
  const settings = item.facts.settings as Record<string, unknown> | undefined;
  const rows: [string, string][] = [];
  for (const [key, [name, words]] of Object.entries(SETTINGS)) {
    const value = settings?.[key];
    if (typeof value === "number") rows.push([name, words(value)]);
  }
  return rows;
}

async function rename(item: LibraryItem, heading: HTMLElement): Promise<void> {
  const name = await new Promise<string | null>((answer) => {
    const input = element("input", { type: "text", id: "item-name", value: item.name });
    const dialog = element("dialog", { aria: { label: "Rename" } });
    const end = (value: string | null): void => {
      dialog.close();
      dialog.remove();
      answer(value);
    };
    const form = element(
      "form",
      { class: "stack" },
      element("div", { class: "field" }, element("label", { for: "item-name" }, "Name"), input),
      element(
        "div",
        { class: "row even" },
        button("Cancel", { press: () => end(null) }),
        element("button", { class: "button primary", type: "submit" }, "Rename"),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      end(input.value.trim() || null);
    });
    dialog.addEventListener("cancel", () => end(null));
    dialog.append(form);
    document.body.append(dialog);
    dialog.showModal();
    input.select();
  });
  if (name === null) return;
  item.name = name;
  await library.save(item);
  heading.textContent = name;
}

async function remove(item: LibraryItem): Promise<void> {
  const yes = await confirmed(
    `Delete “${item.name}”?`,
    `${bytesText(item.sizeBytes)} on this device. This cannot be undone.`,
    "Delete",
  );
  if (!yes) return;
  await library.remove(item.id);
  tell("good", "Deleted.");
  go("#/library");
}

function movieType(ending: string): string {
  return ending === ".mp4" ? "video/mp4" : "video/webm";
}

function lastFrame(frames: ArrayLike<number>): number {
  return frames.length === 0 ? 0 : frames[frames.length - 1];
}
