/** Record: the camera's view, the region, its controls, the shutter. */

import { Camera, type CameraChoice, listCameras } from "../camera/camera.ts";
import type { RecordingProgress } from "../camera/camera_messages.ts";
import { exposureWarnings } from "../camera/exposure_statistics.ts";
import { centredRegion, REGION_SIZES_PX, type Region } from "../camera/region.ts";
import type { AppError } from "../errors.ts";
import { ControlPanel } from "../record/control_panel.ts";
import { holdButton } from "../record/hold_button.ts";
import { RecordingSession } from "../record/recording_session.ts";
import { RegionFrame } from "../record/region_frame.ts";
import { library } from "../storage/library.ts";
import { preferences } from "../storage/preferences.ts";
import { element, fill } from "./element.ts";
import { FocusMeter } from "./focus_meter.ts";
import { icon } from "./icons.ts";
import { LivePanel } from "./live_panel.ts";
import { attempt, button, errorNotice, notice, type Screen, tellError } from "./parts.ts";
import { GreyHistogram } from "./plots.ts";
import { RegionView } from "./region_view.ts";
import { bytesText, clockText, countText, nameNow } from "./words.ts";

/** The record screen. */
export class RecordScreen implements Screen {
  readonly title = "Record";
  readonly root: HTMLElement;
  readonly #video = element("video", { class: "viewfinder-video", aria: { label: "Camera" } });
  readonly #frame = new RegionFrame((region) => this.#chooseRegion(region));
  readonly #viewfinder: HTMLElement;
  readonly #regionView = new RegionView();
  readonly #histogram = new GreyHistogram();
  readonly #focus = new FocusMeter();
  readonly #warnings = element("p", { class: "exposure-warning", aria: { live: "polite" } });
  readonly #status = element("p", { class: "camera-status" });
  readonly #controls = element("div", { class: "control-place" });
  readonly #sizes: HTMLElement;
  readonly #setup: HTMLElement;
  readonly #shutter: HTMLButtonElement;
  readonly #running: HTMLElement;
  readonly #message = element("div", { class: "record-message" });
  readonly #cameraChoice = element("div", { class: "camera-choice" });
  readonly #flip: HTMLButtonElement;
  #camera: Camera | null = null;
  #panel: ControlPanel | null = null;
  #session: RecordingSession | null = null;
  #cameras: CameraChoice[] = [];
  #left = false;
  #live: LivePanel | null = null;
  #liveWanted: boolean;
  readonly #livePlace = element("div", { class: "live-place" });
  readonly #liveButton: HTMLButtonElement;
  readonly #stops: (() => void)[] = [];
  readonly #numbers = {
    time: element("span", { class: "recording-time", aria: { live: "off" } }, "0:00"),
    frames: element("dd", {}, "0"),
    dropped: element("dd", {}, "0"),
    size: element("dd", {}, "0 MB"),
    room: element("dd", {}, "–"),
    codec: element("p", { class: "recording-codec", aria: { live: "polite" } }),
  };

  /** @param live begin to localize as soon as the camera is open */
  constructor(live: boolean) {
    this.#liveWanted = live;
    this.#liveButton = button("Localize", {
      icon: "molecules",
      kind: "quiet stacked",
      aria: { pressed: "false" },
      press: () => (this.#live === null ? this.#startLive() : this.#stopLive()),
    });
    this.#viewfinder = element(
      "div",
      { class: "viewfinder" },
      this.#video,
      this.#frame.root,
      this.#status,
    );
    this.#sizes = element(
      "div",
      { class: "region-sizes row", role: "group", aria: { label: "Size of the region" } },
      ...REGION_SIZES_PX.map((size) =>
        button(String(size), {
          kind: "small",
          data: { size: String(size) },
          aria: { label: `${size} by ${size} pixels`, pressed: "false" },
          press: () => this.#resize(size),
        }),
      ),
    );
    this.#flip = button("Next camera", {
      icon: "flip",
      iconOnly: true,
      kind: "quiet",
      press: () => this.#nextCamera(),
    });
    this.#shutter = element(
      "button",
      {
        type: "button",
        class: "shutter",
        disabled: true,
        on: { click: () => attempt(() => this.#record()) },
      },
      element("span", { class: "visually-hidden" }, "Record"),
    );
    const view = element(
      "section",
      { class: "region-panel", aria: { label: "Region" } },
      this.#regionView.root,
      element(
        "div",
        { class: "region-facts" },
        this.#histogram.root,
        this.#warnings,
        this.#focus.root,
      ),
    );
    this.#setup = element(
      "div",
      { class: "record-setup" },
      this.#sizes,
      this.#controls,
      element(
        "div",
        { class: "shutter-row" },
        element(
          "a",
          { class: "button quiet stacked", href: "#/calibrate" },
          icon("calibrate"),
          "Calibrate",
        ),
        this.#shutter,
        this.#liveButton,
      ),
    );
    const hold = holdButton("Hold to stop recording", () => this.#session?.stop());
    this.#running = element(
      "section",
      { class: "recording-panel", hidden: true, aria: { label: "Recording" } },
      element(
        "p",
        { class: "recording-head" },
        element("span", { class: "recording-dot" }),
        element("span", { class: "visually-hidden" }, "Recording for "),
        this.#numbers.time,
      ),
      element(
        "dl",
        { class: "numbers" },
        element("div", {}, element("dt", {}, "Frames"), this.#numbers.frames),
        element("div", {}, element("dt", {}, "Dropped"), this.#numbers.dropped),
        element("div", {}, element("dt", {}, "Size"), this.#numbers.size),
        element("div", {}, element("dt", {}, "Room for"), this.#numbers.room),
      ),
      this.#numbers.codec,
      hold,
      element("p", { class: "hint lock-hint" }, icon("lock"), "Locked. Hold to stop."),
    );
    this.root = element(
      "div",
      { class: "screen record-screen" },
      element(
        "div",
        { class: "screen-head" },
        element("h1", {}, "Record"),
        this.#cameraChoice,
        this.#flip,
      ),
      this.#message,
      this.#livePlace,
      element(
        "div",
        { class: "record-body" },
        this.#viewfinder,
        element("div", { class: "record-side" }, view, this.#setup, this.#running),
      ),
    );
    this.#flip.hidden = true;
    attempt(() => this.#open(preferences.values.cameraId));
  }

  leave(): void {
    this.#left = true;
    this.#session?.stop();
    this.#live?.stop();
    this.#closeCamera();
    this.#histogram.end();
    this.#regionView.end();
  }

  async #open(deviceId: string | null): Promise<void> {
    this.#closeCamera();
    fill(this.#message);
    this.#viewfinder.classList.add("waiting");
    try {
      const camera = await Camera.open(deviceId, preferences.values.region);
      if (this.#left) {
        camera.close();
        return;
      }
      this.#camera = camera;
      this.#listen(camera);
      await camera.show(this.#video);
      this.#panel = new ControlPanel(camera.controls);
      fill(this.#controls, this.#panel.root);
      this.#shutter.disabled = false;
      this.root.classList.remove("without-camera");
      this.#cameras = await listCameras();
      this.#flip.hidden = this.#cameras.length < 2;
      fill(this.#cameraChoice, element("span", { class: "hint" }, camera.label));
      if (this.#liveWanted) {
        this.#liveWanted = false;
        if (camera.format !== null) this.#startLive();
        else this.#stops.push(camera.on("format", () => this.#live ?? this.#startLive()));
      }
    } catch (error) {
      this.#noCamera(error as AppError);
    } finally {
      this.#viewfinder.classList.remove("waiting");
    }
  }

  #listen(camera: Camera): void {
    this.#stops.push(
      camera.on("format", (format) => {
        this.#frame.setFrameSize(format.width, format.height);
        const { region } = preferences.values;
        const size = region?.width ?? 256;
        this.#frame.set(region ?? centredRegion(size, format.width, format.height));
        this.#viewfinder.style.setProperty("--ratio", String(format.width / format.height));
        if (!format.exact) {
          fill(
            this.#message,
            notice(
              "warn",
              "This browser shows colours, not the camera's own grey values: recordings are not exact.",
              "Chrome, Edge and Safari 18 give them.",
            ),
          );
        }
      }),
      camera.on("preview", (preview) => {
        const format = camera.format;
        if (format === null) return;
        this.#regionView.show(preview.luma, preview.region, format.rotation);
        this.#histogram.show(preview.statistics, format.range);
        this.#focus.show(preview.sharpness);
        const warnings = exposureWarnings(preview.statistics);
        const words = warnings[0] ?? "";
        // Repeating the same words would make a screen reader repeat them as well.
        if (this.#warnings.textContent !== words) this.#warnings.textContent = words;
        const rate = preview.framesPerSecond;
        fill(
          this.#status,
          element("span", {}, `${format.width} × ${format.height}`),
          element("span", {}, rate === null ? "–" : `${rate.toFixed(1)} fps`),
          element(
            "span",
            { class: preview.dropped > 0 ? "some-dropped" : "" },
            `${countText(preview.dropped)} dropped`,
          ),
        );
      }),
      camera.on("failed", (error) => {
        if (this.#session === null) fill(this.#message, errorNotice(error));
      }),
      camera.on("ended", () => {
        if (this.#left) return;
        fill(
          this.#message,
          notice(
            "bad",
            "The camera went away.",
            "It was unplugged or taken by another app. What was recorded is in the library.",
            [button("Open it again", { kind: "primary", press: () => this.#again() })],
          ),
        );
        this.#shutter.disabled = true;
      }),
      camera.on("muted", (muted) => {
        if (muted) {
          fill(
            this.#message,
            notice(
              "warn",
              "No frames come from the camera.",
              "The app was in the background, or the phone got too warm. Keep this screen open.",
            ),
          );
        } else fill(this.#message);
      }),
    );
  }

  #noCamera(error: AppError): void {
    this.root.classList.add("without-camera");
    this.#shutter.disabled = true;
    fill(
      this.#message,
      errorNotice(error, [
        button("Try again", { kind: "primary", press: () => this.#again() }),
        element("a", { class: "button", href: "#/localize" }, icon("film"), "Open a movie"),
      ]),
    );
  }

  #again(): void {
    attempt(() => this.#open(null));
  }

  #closeCamera(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#panel?.end();
    this.#panel = null;
    this.#camera?.close();
    this.#camera = null;
  }

  #startLive(): void {
    const camera = this.#camera;
    if (camera?.format === null || camera === null || this.#live !== null) return;
    const live = new LivePanel(camera, this.#frame.region);
    this.#live = live;
    fill(this.#livePlace, live.root);
    this.root.classList.add("is-live");
    this.#liveButton.setAttribute("aria-pressed", "true");
    live.on("ended", ({ item, error }) => {
      if (this.#live === live) this.#live = null;
      if (this.#left) return;
      this.root.classList.remove("is-live");
      this.#liveButton.setAttribute("aria-pressed", "false");
      fill(this.#livePlace);
      if (error !== null) fill(this.#message, errorNotice(error));
      else if (item !== null) {
        this.#tellResult(
          notice("good", `${countText(item.result?.molecules ?? 0)} molecules kept.`, "", [
            element("a", { class: "button primary", href: `#/item/${item.id}` }, "Look at them"),
          ]),
        );
      }
    });
  }

  #stopLive(): void {
    this.#live?.stop();
  }

  #tellResult(made: HTMLElement): void {
    made.appendChild(
      button("Dismiss", {
        icon: "close",
        kind: "quiet small",
        iconOnly: true,
        press: () => fill(this.#message),
      }),
    );
    fill(this.#message, made);
  }

  #nextCamera(): void {
    const at = this.#cameras.findIndex((camera) => camera.id === this.#camera?.deviceId);
    const next = this.#cameras[(at + 1) % this.#cameras.length];
    this.#live?.stop();
    preferences.set({ cameraId: next.id, region: null });
    attempt(() => this.#open(next.id));
  }

  #chooseRegion(region: Region): void {
    preferences.set({ region });
    this.#camera?.setRegion(region);
    for (const each of this.#sizes.querySelectorAll("button")) {
      const is = region.width === Number(each.dataset.size) && region.height === region.width;
      each.setAttribute("aria-pressed", String(is));
    }
    this.#focus.reset();
  }

  #resize(size: number): void {
    const format = this.#camera?.format;
    if (format === null || format === undefined) return;
    this.#frame.set(centredRegion(size, format.width, format.height, this.#frame.region));
  }

  async #record(): Promise<void> {
    const camera = this.#camera;
    if (camera === null || this.#session !== null) return;
    this.#shutter.disabled = true;
    try {
      const name = nameNow();
      const session = await RecordingSession.start(camera, "recording", name, null);
      this.#session = session;
      session.on("progress", (progress) => this.#showProgress(progress));
      session.on("finished", ({ item, notices }) => {
        this.#unlock();
        const frames = item.recording?.frames ?? 0;
        this.#tellResult(
          notice(
            notices.length > 0 ? "warn" : "good",
            `${countText(frames)} frames recorded${item.recording?.exact ? ", bit for bit" : ""}`,
            notices.join(" "),
            [
              element(
                "a",
                { class: "button primary", href: `#/localize/item/${item.id}` },
                icon("molecules"),
                "Localize",
              ),
              element("a", { class: "button", href: `#/item/${item.id}` }, "Look at it"),
            ],
          ),
        );
        void this.#regionView
          .picture()
          .then((picture) => library.setThumbnail(item.id, picture))
          .catch(() => undefined);
      });
      session.on("failed", (error) => {
        this.#unlock();
        tellError(error);
      });
      this.#lock();
    } catch (error) {
      this.#unlock();
      fill(this.#message, errorNotice(error));
    }
  }

  #lock(): void {
    fill(this.#message);
    this.#running.hidden = false;
    this.#setup.hidden = true;
    this.#frame.root.inert = true;
    this.#numbers.codec.textContent = "Choosing the codec …";
    document.body.classList.add("recording");
    this.#running.querySelector<HTMLElement>(".hold-button")?.focus({ preventScroll: true });
    window.onbeforeunload = (event): void => event.preventDefault();
    // A phone held at an eyepiece turns; the picture must not.
    const orientation = screen.orientation as ScreenOrientation & {
      lock?: (direction: string) => Promise<void>;
    };
    orientation.lock?.(orientation.type).catch(() => undefined);
  }

  #unlock(): void {
    this.#session = null;
    this.#running.hidden = true;
    this.#setup.hidden = false;
    this.#frame.root.inert = false;
    document.body.classList.remove("recording");
    window.onbeforeunload = null;
    if (this.#camera !== null) {
      this.#shutter.disabled = false;
      this.#shutter.focus({ preventScroll: true });
    }
  }

  #showProgress(progress: RecordingProgress): void {
    const { time, frames, dropped, size, room, codec } = this.#numbers;
    time.textContent = clockText(progress.durationS);
    frames.textContent = countText(progress.frames);
    dropped.textContent = countText(progress.dropped);
    dropped.classList.toggle("some-dropped", progress.dropped > 0);
    size.textContent = bytesText(progress.bytes);
    if (progress.leftBytes !== null && progress.durationS > 1 && progress.bytes > 0) {
      const perSecond = progress.bytes / progress.durationS;
      const seconds = progress.leftBytes / perSecond;
      room.textContent = seconds > 36_000 ? "> 10 h" : clockText(seconds);
      room.title = `${bytesText(progress.leftBytes)} left`;
    }
    const words = progress.codec.lossless
      ? progress.exact === true
        ? "VP9, lossless: first frames decoded and compared, bit for bit"
        : progress.exact === false
          ? "VP9: the first frames did NOT decode exactly"
          : "VP9, lossless: comparing the first frames …"
      : `${progress.codec.name} at the highest quality, not without loss`;
    if (codec.textContent !== words) codec.textContent = words;
  }
}

export function recordScreen(parts: string[]): Screen {
  return new RecordScreen(parts[0] === "live");
}
