/** What this browser and device can do, each with what to do where it cannot. */

/** One thing the app needs. */
export interface Capability {
  readonly name: string;
  readonly state: "yes" | "no" | "partly";
  readonly detail: string;
}

const HEVC = "hvc1.1.6.L93.B0";

/** Looks at everything; takes a few milliseconds. */
export async function capabilities(): Promise<Capability[]> {
  const found: Capability[] = [];
  const add = (name: string, state: Capability["state"], detail: string): void => {
    found.push({ name, state, detail });
  };
  const yes = (good: boolean): Capability["state"] => (good ? "yes" : "no");
  add(
    "Secure page",
    yes(window.isSecureContext),
    window.isSecureContext
      ? "https or localhost: camera, codecs and offline use are allowed"
      : "this page is plain http: open it as http://localhost through USB (adb reverse tcp:8000 tcp:8000) or by https",
  );
  const camera = navigator.mediaDevices?.getUserMedia !== undefined;
  add("Camera", yes(camera), camera ? "can be asked for" : "this browser gives none to pages");
  const processor = "MediaStreamTrackProcessor" in window;
  const safari = /AppleWebKit/.test(navigator.userAgent) && !/Chrom/.test(navigator.userAgent);
  add(
    "Exact camera frames",
    processor ? "yes" : safari ? "partly" : "no",
    processor
      ? "the luma plane, bit for bit"
      : safari
        ? "in workers, from Safari 18 on"
        : "only colours: recordings will not be exact; Chrome and Edge do better",
  );
  const codecs = typeof VideoEncoder !== "undefined" && typeof VideoDecoder !== "undefined";
  add(
    "Video codecs (WebCodecs)",
    yes(codecs),
    codecs ? "there" : "missing: record with the phone's camera app and analyse on a workstation",
  );
  if (codecs) {
    const lossless = await encodes("vp09.00.10.08", "quantizer");
    add(
      "Lossless recording",
      yes(lossless),
      lossless ? "VP9 with quantiser 0" : "no: H.264 at its highest quality is used",
    );
    const h264 = await decodes("avc1.640028");
    add("Opens H.264", yes(h264), h264 ? "most phone videos" : "open such movies on a workstation");
    const hevc = await decodes(HEVC);
    add(
      "Opens HEVC",
      yes(hevc),
      hevc
        ? "newer phones' videos"
        : "not here: set the phone's camera to “most compatible” (H.264), or send the movie to a workstation",
    );
  }
  const files = navigator.storage?.getDirectory !== undefined;
  add(
    "Keeps files",
    yes(files),
    files ? "in the browser's own file system" : "no: private windows have none",
  );
  const offline = "serviceWorker" in navigator;
  const active = offline && navigator.serviceWorker.controller !== null;
  add(
    "Works offline",
    active ? "yes" : offline ? "partly" : "no",
    active
      ? "the app is stored on this device"
      : offline
        ? "after the next start"
        : "needs https or localhost",
  );
  const wake = "wakeLock" in navigator;
  add(
    "Keeps the screen on",
    yes(wake),
    wake ? "while recording" : "no: set the screen's time-out to 10 minutes",
  );
  return found;
}

/** Whether such a video can be decoded. */
export async function decodes(codec: string): Promise<boolean> {
  try {
    return (await VideoDecoder.isConfigSupported({ codec })).supported === true;
  } catch {
    return false;
  }
}

async function encodes(codec: string, bitrateMode: VideoEncoderBitrateMode): Promise<boolean> {
  try {
    const config = { codec, width: 256, height: 256, bitrateMode };
    return (await VideoEncoder.isConfigSupported(config)).supported === true;
  } catch {
    return false;
  }
}
