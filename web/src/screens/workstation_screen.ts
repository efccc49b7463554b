/** Workstation: connect to it, its jobs, its folders. */

import { AppError } from "../errors.ts";
import { preferences } from "../storage/preferences.ts";
import { download } from "../storage/sharing.ts";
import { cameraWords, measuredBy } from "../workstation/calibrations.ts";
import { keepJobResult } from "../workstation/job_results.ts";
import { chosenJobSettings, jobWords } from "../workstation/transfers.ts";
import {
  type FolderEntry,
  type Job,
  type JobCamera,
  type ServerFacts,
  SILENT,
  Workstation,
} from "../workstation/workstation.ts";
import { element, fill } from "./element.ts";
import { type IconName, icon } from "./icons.ts";
import { JobForm } from "./job_form.ts";
import { attempt, button, confirmed, errorNotice, type Screen, segmented, tell } from "./parts.ts";
import { go } from "./router.ts";
import { bytesText, countText, dateText, plural } from "./words.ts";

const ASK_EVERY_MS = 1500;

class WorkstationScreen implements Screen {
  readonly title = "Workstation";
  readonly root: HTMLElement;
  readonly #body = element("div", { class: "stack" });
  readonly #jobs = element("div", { class: "stack" });
  readonly #folders = element("div", { class: "stack" });
  #workstation = Workstation.chosen();
  #timer = 0;
  #shownJobs = "";
  readonly #opened = new Set<string>();
  #form: JobForm | null = null;

  constructor() {
    this.root = element(
      "div",
      { class: "screen" },
      element("div", { class: "screen-head" }, element("h1", {}, "Workstation")),
      this.#body,
    );
    this.#connect();
  }

  leave(): void {
    clearInterval(this.#timer);
  }

  #connect(): void {
    clearInterval(this.#timer);
    this.#workstation = Workstation.chosen();
    fill(this.#body, element("p", { class: "hint", role: "status" }, "Looking for it …"));
    this.#workstation
      .facts()
      .then((facts) => (facts.authorized ? this.#show(facts) : this.#askToken(facts)))
      .catch((error: unknown) => this.#askAddress(error));
  }

  #askAddress(problem: unknown): void {
    const address = element("input", {
      type: "url",
      id: "workstation-address",
      placeholder: "https://labpc.local:8000",
      value: preferences.values.workstation,
      autocomplete: "url",
    });
    const token = element("input", {
      type: "password",
      id: "workstation-token",
      value: preferences.values.token,
      autocomplete: "off",
    });
    const form = element(
      "form",
      { class: "card" },
      element("h2", {}, "Where is it?"),
      element(
        "p",
        { class: "hint" },
        "Run “cellstorm serve” on the computer. It prints an address and a QR code: scanning the code with the phone's camera opens the app connected. Or enter both here:",
      ),
      element(
        "div",
        { class: "field" },
        element("label", { for: "workstation-address" }, "Address"),
        address,
      ),
      element(
        "div",
        { class: "field" },
        element("label", { for: "workstation-token" }, "Token"),
        token,
      ),
      element("button", { class: "button primary wide", type: "submit" }, "Connect"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      preferences.set({ workstation: address.value.trim(), token: token.value.trim() });
      this.#connect();
    });
    // A page of a static host has no server behind it; one of a server that ended has a problem.
    const first = preferences.values.workstation === "" && !isSilent(problem);
    const again = button("Try again", { kind: "primary", press: () => this.#connect() });
    fill(this.#body, first ? null : errorNotice(problem, [again]), form);
  }

  #askToken(facts: ServerFacts): void {
    const token = element("input", {
      type: "password",
      id: "workstation-token",
      autocomplete: "off",
    });
    const form = element(
      "form",
      { class: "card" },
      element("h2", {}, `${facts.host} asks for its token`),
      element(
        "p",
        { class: "hint" },
        "Enter the token that “cellstorm serve” printed, or scan its QR code.",
      ),
      element(
        "div",
        { class: "field" },
        element("label", { for: "workstation-token" }, "Token"),
        token,
      ),
      element("button", { class: "button primary wide", type: "submit" }, "Sign in"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(async () => {
        if (preferences.values.workstation === "") {
          await this.#workstation.signIn(token.value.trim());
        } else {
          preferences.set({ token: token.value.trim() });
        }
        this.#connect();
      });
    });
    fill(this.#body, form);
  }

  #show(facts: ServerFacts): void {
    let chosen = false;
    const show = (value: "jobs" | "folders"): void => {
      this.#jobs.hidden = value !== "jobs";
      folders.hidden = value !== "folders";
    };
    const tabs = segmented<"jobs" | "folders">(
      "Show",
      [
        ["jobs", "Jobs"],
        ["folders", "Folders"],
      ],
      "jobs",
      (value) => {
        chosen = true;
        show(value);
      },
    );
    this.#form = new JobForm(this.#workstation);
    const folders = element(
      "div",
      { class: "stack" },
      element(
        "details",
        { class: "card job-settings" },
        element("summary", {}, "For the next movies: method, pixel, camera"),
        this.#form.root,
      ),
      this.#folders,
    );
    fill(
      this.#body,
      element(
        "p",
        { class: "server-line" },
        element("span", { class: "chip good" }, "connected"),
        element("strong", {}, facts.host),
        element(
          "span",
          { class: "hint" },
          `cellstorm ${facts.version}${
            facts.limits === null ? "" : ` · ${bytesText(facts.limits.free_bytes)} free`
          }`,
        ),
        preferences.values.workstation === ""
          ? null
          : button("Another", {
              kind: "small quiet",
              press: () => {
                preferences.set({ workstation: "", token: "" });
                this.#connect();
              },
            }),
      ),
      tabs,
      this.#jobs,
      folders,
    );
    show("jobs");
    this.#timer = window.setInterval(() => void this.#loadJobs(), ASK_EVERY_MS);
    attempt(async () => {
      const [jobs, names] = await Promise.all([this.#loadJobs(), this.#loadFolders()]);
      // Who named a folder and has no jobs yet came for its movies.
      if (jobs === 0 && names > 0 && !chosen) {
        tabs.select("folders");
        show("folders");
      }
    });
  }

  /** Shows the jobs; gives how many there are, null where they cannot be told. */
  async #loadJobs(): Promise<number | null> {
    try {
      const jobs = await this.#workstation.jobs();
      // Drawing anew under a finger would take the button away.
      const known = JSON.stringify([jobs, [...this.#opened]]);
      if (known === this.#shownJobs) return jobs.length;
      this.#shownJobs = known;
      if (jobs.length === 0) {
        fill(
          this.#jobs,
          element(
            "div",
            { class: "empty" },
            icon("workstation"),
            element(
              "p",
              {},
              "No jobs yet. Send a recording from the library, or choose a movie in the folders.",
            ),
          ),
        );
        return 0;
      }
      fill(this.#jobs, element("ul", { class: "items" }, ...jobs.map((job) => this.#jobCard(job))));
      return jobs.length;
    } catch (error) {
      clearInterval(this.#timer);
      fill(this.#jobs, errorNotice(error, [button("Try again", { press: () => this.#connect() })]));
      return null;
    }
  }

  #jobCard(job: Job): HTMLElement {
    const tone =
      { done: "good", failed: "bad", cancelled: "warn" }[job.state as string] ?? "accent";
    const bar = element("progress", { max: "1", aria: { label: `Progress of ${job.name}` } });
    const { progress, upload } = job;
    if (job.state === "uploading" && upload !== null) {
      bar.value = upload.offset_bytes / Math.max(upload.size_bytes, 1);
    } else if (progress?.frames_total) bar.value = progress.frames_done / progress.frames_total;
    const active = ["uploading", "queued", "running"].includes(job.state);
    const isCalibration = job.settings.kind === "calibrate";
    const page = job.results.find(({ name }) => name === "report.html" || name === "camera.html");
    const act = (work: () => Promise<unknown>): void =>
      attempt(async () => {
        await work();
        await this.#loadJobs();
      });
    const actions: (HTMLElement | null)[] = [
      job.state === "done" && isCalibration
        ? button("Use for jobs", {
            icon: "calibrate",
            kind: "small primary",
            aria: { label: `Use for jobs: the camera of ${job.name}` },
            press: () => this.#useCamera(nameOf(job), { job: job.id }),
          })
        : null,
      job.state === "done" && !isCalibration
        ? button("Open", {
            icon: "molecules",
            kind: "small primary",
            press: () => attempt(() => this.#openResult(job)),
          })
        : null,
      page !== undefined && preferences.values.workstation === ""
        ? element(
            "a",
            {
              class: "button small",
              href: this.#workstation.address(page.url),
              ...({ target: "_blank", rel: "noopener" } as object),
            },
            isCalibration ? "Page" : "Report",
          )
        : null,
      job.state === "done"
        ? button("Files", {
            icon: "save",
            kind: "small",
            aria: { expanded: String(this.#opened.has(job.id)) },
            press: () => {
              if (!this.#opened.delete(job.id)) this.#opened.add(job.id);
              void this.#loadJobs();
            },
          })
        : null,
      active
        ? button("Stop", {
            icon: "stop",
            kind: "small",
            disabled: job.cancelling,
            press: () => act(() => this.#workstation.cancel(job.id)),
          })
        : null,
      job.state === "failed" || job.state === "cancelled"
        ? button("Try again", {
            icon: "play",
            kind: "small",
            press: () => act(() => this.#workstation.retry(job.id)),
          })
        : null,
      button("Delete", {
        icon: "trash",
        kind: "small quiet danger",
        iconOnly: true,
        press: () =>
          act(async () => {
            const yes = await confirmed(
              `Delete “${job.name}”?`,
              "Its results are removed from the workstation; movies in folders are not touched.",
              "Delete",
            );
            if (yes) await this.#workstation.remove(job.id);
          }),
      }),
    ];
    return element(
      "li",
      { class: "card job", data: { job: job.id } },
      element(
        "div",
        { class: "row spread" },
        element("strong", { class: "job-name" }, job.name),
        element("span", { class: `chip ${tone}` }, job.state),
      ),
      element(
        "p",
        { class: "hint" },
        isCalibration ? "Calibration · " : null,
        job.state === "done" ? summaryLine(job) : jobWords(job),
        ` · ${dateText(job.created)}`,
      ),
      active ? bar : null,
      job.error === null
        ? null
        : errorNotice(new AppError("server", job.error.what, job.error.todo ?? "")),
      job.notices.length === 0
        ? null
        : element(
            "details",
            {},
            element("summary", {}, plural(job.notices.length, "notice")),
            element(
              "ul",
              { class: "notices" },
              ...job.notices.map((words) => element("li", {}, words)),
            ),
          ),
      element("div", { class: "row" }, ...actions.filter((action) => action !== null)),
      this.#opened.has(job.id)
        ? element(
            "ul",
            { class: "files" },
            ...job.results.map((result) =>
              element(
                "li",
                { class: "row spread" },
                element("span", {}, result.name),
                element("span", { class: "hint" }, bytesText(result.size_bytes)),
                button("Save", {
                  icon: "save",
                  kind: "small",
                  iconOnly: true,
                  press: () =>
                    attempt(async () => {
                      download(
                        await this.#workstation.result(job, result.name),
                        `${nameOf(job)}.${result.name}`,
                      );
                    }),
                }),
              ),
            ),
          )
        : null,
    );
  }

  #useCamera(name: string, camera: JobCamera): void {
    preferences.set({ jobCamera: { name, camera } });
    this.#form?.refresh();
    tell("good", `The next movies are localized with the camera “${name}”.`);
  }

  async #openResult(job: Job): Promise<void> {
    tell("plain", "Fetching the result …");
    const item = await keepJobResult(this.#workstation, job, null);
    go(`#/item/${item.id}`);
  }

  /** Shows the folders; gives how many there are. */
  async #loadFolders(): Promise<number> {
    const folders = await this.#workstation.folders();
    if (folders.length === 0) {
      fill(
        this.#folders,
        element(
          "div",
          { class: "empty" },
          icon("folder"),
          element(
            "p",
            {},
            "The workstation shows no folders. Start it with “cellstorm serve --folder PATH” to open movies without uploading them.",
          ),
        ),
      );
      return 0;
    }
    if (folders.length === 1) await this.#loadEntries(folders[0], "");
    else {
      fill(
        this.#folders,
        element(
          "ul",
          { class: "entries" },
          ...folders.map((folder) =>
            entryRow("folder", folder, "", () => attempt(() => this.#loadEntries(folder, ""))),
          ),
        ),
      );
    }
    return folders.length;
  }

  async #loadEntries(folder: string, path: string): Promise<void> {
    const listing = await this.#workstation.entries(folder, path);
    const steps = path === "" ? [] : path.split("/");
    const crumb = (words: string, to: () => Promise<void>): HTMLElement =>
      button(words, { kind: "small quiet", press: () => attempt(to) });
    fill(
      this.#folders,
      element(
        "nav",
        { class: "row crumbs", aria: { label: "Folder" } },
        crumb("Folders", async () => void (await this.#loadFolders())),
        crumb(folder, () => this.#loadEntries(folder, "")),
        ...steps.map((step, at) =>
          crumb(step, () => this.#loadEntries(folder, steps.slice(0, at + 1).join("/"))),
        ),
      ),
      listing.entries.length === 0
        ? element("p", { class: "hint" }, "This folder is empty.")
        : element(
            "ul",
            { class: "entries" },
            ...listing.entries.map((entry) => this.#entry(folder, entry)),
          ),
      listing.truncated
        ? element("p", { class: "hint" }, "There is more in this folder than is shown.")
        : null,
    );
  }

  #entry(folder: string, entry: FolderEntry): HTMLElement {
    const size = entry.size_bytes === null ? "" : bytesText(entry.size_bytes);
    if (entry.kind === "folder") {
      return entryRow("folder", entry.name, "", () =>
        attempt(() => this.#loadEntries(folder, entry.path)),
      );
    }
    if (entry.kind === "camera") {
      return element(
        "li",
        { class: "entry" },
        icon("calibrate"),
        element(
          "span",
          { class: "entry-name" },
          entry.name,
          element("span", { class: "hint" }, "camera file"),
        ),
        button("Use for jobs", {
          kind: "small",
          aria: { label: `Use for jobs: ${entry.name}` },
          press: () => this.#useCamera(entry.name, { folder, path: entry.path }),
        }),
      );
    }
    if (entry.kind !== "movie") {
      return element(
        "li",
        { class: "entry other" },
        icon(entry.kind === "picture" ? "molecules" : "library"),
        element("span", { class: "entry-name" }, entry.name),
        element("span", { class: "hint" }, size),
      );
    }
    return element(
      "li",
      { class: "entry" },
      icon("film"),
      element(
        "span",
        { class: "entry-name" },
        entry.name,
        element("span", { class: "hint" }, `${size} · ${dateText(entry.modified)}`),
      ),
      element(
        "span",
        { class: "entry-actions" },
        button("Localize", {
          icon: "workstation",
          kind: "small primary",
          aria: { label: `Localize ${entry.name} on the workstation` },
          press: () =>
            attempt(async () => {
              await this.#workstation.create({
                source: { kind: "folder", folder, path: entry.path },
                settings: chosenJobSettings(),
                key: null,
              });
              tell("good", "It is in the queue.", "Jobs shows how far it is.");
              await this.#loadJobs();
            }),
        }),
        button("Open here", {
          icon: "play",
          kind: "small",
          aria: { label: `Open here: ${entry.name}` },
          press: () =>
            go(
              `#/localize/folder/${encodeURIComponent(folder)}/${entry.path
                .split("/")
                .map(encodeURIComponent)
                .join("/")}`,
            ),
        }),
      ),
    );
  }
}

function entryRow(name: IconName, words: string, hint: string, press: () => void): HTMLElement {
  return element(
    "li",
    {},
    element(
      "button",
      { type: "button", class: "entry", on: { click: press } },
      icon(name),
      element("span", { class: "entry-name" }, words),
      element("span", { class: "hint" }, hint),
      icon("next"),
    ),
  );
}

function isSilent(problem: unknown): boolean {
  return problem instanceof AppError && problem.what === SILENT;
}

function nameOf(job: Job): string {
  return job.name.replace(/\.[^.]+$/, "");
}

function summaryLine(job: Job): string {
  if (measuredBy(job).length > 0) return cameraWords(job);
  const molecules = job.summary?.molecules;
  const frames = job.summary?.frames;
  if (typeof molecules !== "number") return "Done";
  const parts = [`${countText(molecules)} molecules`];
  if (typeof frames === "number") parts.push(`${countText(frames)} frames`);
  return parts.join(" in ");
}

export function workstationScreen(_: string[]): Screen {
  return new WorkstationScreen();
}
