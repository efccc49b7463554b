/** After localizing: drift, resolution, files to take away. */

import { AppError } from "../errors.ts";
import type { DriftResult } from "../refine/refine_types.ts";
import { type LibraryItem, library } from "../storage/library.ts";
import { canShare, download, fileName, share } from "../storage/sharing.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import type { AnalysisView } from "./analysis_view.ts";
import { element, fill } from "./element.ts";
import { exportFormats, findDrift, measureFrc, shifted } from "./engines.ts";
import { attempt, button, errorNotice } from "./parts.ts";
import type { Field } from "./picture_view.ts";
import { Curve } from "./plots.ts";
import { countText, lengthText } from "./words.ts";

/** Drift correction and resolution of one table, and its exports. */
export class FinishCard {
  readonly root: HTMLElement;
  readonly #item: LibraryItem;
  readonly #view: AnalysisView;
  readonly #measured: MoleculeTable;
  readonly #frames: number;
  readonly #field: Field;
  readonly #driftPlace = element("div", { class: "stack" });
  readonly #frcPlace = element("div", { class: "stack" });
  readonly #curves: Curve[] = [];
  #drift: DriftResult | null = null;

  constructor(
    item: LibraryItem,
    view: AnalysisView,
    table: MoleculeTable,
    frames: number,
    field: Field,
  ) {
    this.#item = item;
    this.#view = view;
    this.#measured = table;
    this.#frames = frames;
    this.#field = field;
    const drift = button("Correct drift", {
      icon: "drift",
      press: () => this.#run(drift, this.#driftPlace, () => this.#correct(drift)),
    });
    const frc = button("Measure resolution", {
      icon: "resolution",
      press: () => this.#run(frc, this.#frcPlace, () => this.#resolve()),
    });
    this.root = element(
      "div",
      { class: "finish" },
      element(
        "section",
        { class: "card" },
        element("h2", {}, "Improve and judge"),
        element("div", { class: "row even" }, drift, frc),
        this.#driftPlace,
        this.#frcPlace,
      ),
      element("section", { class: "card" }, element("h2", {}, "Take it away"), this.#exports()),
    );
  }

  end(): void {
    for (const curve of this.#curves) curve.end();
  }

  /** The table as it is shown: with the drift taken out, if it was. */
  get #table(): MoleculeTable {
    return this.#drift === null ? this.#measured : shifted(this.#measured, this.#drift.curve);
  }

  #run(pressed: HTMLButtonElement, place: HTMLElement, work: () => Promise<void>): void {
    pressed.disabled = true;
    fill(place, element("p", { class: "hint", role: "status" }, "Computing …"));
    // The words have to be on the screen before the work begins.
    setTimeout(() => {
      work()
        .catch((error: unknown) => fill(place, errorNotice(error)))
        .finally(() => {
          pressed.disabled = false;
        });
    }, 30);
  }

  async #correct(pressed: HTMLButtonElement): Promise<void> {
    if (this.#drift !== null) {
      this.#drift = null;
      this.#view.setDrift(null);
      fill(this.#driftPlace);
      pressed.lastChild?.replaceWith("Correct drift");
      pressed.setAttribute("aria-pressed", "false");
      return;
    }
    const drift = await findDrift(this.#measured, this.#frames);
    this.#drift = drift;
    this.#view.setDrift(drift.curve);
    pressed.lastChild?.replaceWith("Undo drift");
    pressed.setAttribute("aria-pressed", "true");
    const curve = new Curve("Drift in x and y", "nm");
    this.#curves.push(curve);
    const frames = Float64Array.from(drift.curve.xNm, (_, at) => at);
    curve.show(
      [
        { x: frames, y: drift.curve.xNm },
        { x: frames, y: drift.curve.yNm },
      ],
      ["frame 1", countText(this.#frames)],
      `${lengthText(drift.rangeNm)} at most, ${drift.segments} parts`,
    );
    fill(this.#driftPlace, curve.root);
    await this.#note({ driftNm: drift.rangeNm });
  }

  async #resolve(): Promise<void> {
    const frc = await measureFrc(this.#table);
    const curve = new Curve("Fourier ring correlation");
    this.#curves.push(curve);
    const last = frc.frequencyPerNm[frc.frequencyPerNm.length - 1] ?? 0;
    curve.show(
      [{ x: frc.frequencyPerNm, y: frc.correlation }],
      ["0", last > 0 ? `1 / ${lengthText(1 / last)}` : ""],
      frc.resolutionNm === null ? "never under 1/7" : lengthText(frc.resolutionNm),
      1 / 7,
    );
    fill(
      this.#frcPlace,
      curve.root,
      element(
        "p",
        { class: "hint" },
        frc.resolutionNm === null
          ? "The curve does not cross 1/7: there are too few molecules to tell."
          : `Details coarser than ${lengthText(frc.resolutionNm)} agree between two halves of the molecules (FRC at 1/7).`,
      ),
    );
    await this.#note({ resolutionNm: frc.resolutionNm });
  }

  async #note(found: { driftNm?: number; resolutionNm?: number | null }): Promise<void> {
    if (this.#item.result === null) return;
    this.#item.result = { ...this.#item.result, ...found };
    await library.save(this.#item);
  }

  #exports(): HTMLElement {
    const rows = exportFormats.map((format) => {
      const make = async (): Promise<File> => {
        const { result } = this.#item;
        if (result === null) throw new AppError("storage", "There is no result to export.", "");
        const blob = await format.make({
          table: this.#table,
          result,
          field: this.#field,
          shown: this.#view.picture.shown,
          driftCorrected: this.#drift !== null,
        });
        return new File([blob], fileName(this.#item.name, format.ending), { type: format.type });
      };
      const save = button("Save", {
        icon: "save",
        kind: "small",
        aria: { label: `Save ${format.name}` },
        data: { export: format.ending },
        press: () =>
          attempt(async () => {
            const file = await make();
            download(file, file.name);
          }),
      });
      const send = button("Share", {
        icon: "share",
        kind: "small",
        iconOnly: true,
        press: () =>
          attempt(async () => {
            const file = await make();
            await share([file], this.#item.name);
          }),
      });
      send.hidden = !canShare(new File(["x"], `x${format.ending}`, { type: format.type }));
      return element(
        "li",
        { class: "export" },
        element(
          "div",
          {},
          element("strong", {}, format.name),
          element("p", { class: "hint" }, format.words),
        ),
        send,
        save,
      );
    });
    return element("ul", { class: "exports" }, ...rows);
  }
}
