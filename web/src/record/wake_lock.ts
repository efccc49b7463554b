/** Keeps the screen on while something is running. */

/** A screen that stays on until `release`, also after the app was in the background. */
export class WakeLock {
  #lock: WakeLockSentinel | null = null;
  #wanted = false;

  constructor() {
    // The browser takes the lock away whenever the app is hidden.
    document.addEventListener("visibilitychange", () => {
      if (this.#wanted && document.visibilityState === "visible") void this.#take();
    });
  }

  /** False where the device does not offer it. */
  static get offered(): boolean {
    return "wakeLock" in navigator;
  }

  async keep(): Promise<void> {
    this.#wanted = true;
    await this.#take();
  }

  async release(): Promise<void> {
    this.#wanted = false;
    await this.#lock?.release().catch(() => undefined);
    this.#lock = null;
  }

  async #take(): Promise<void> {
    if (!WakeLock.offered) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
    } catch {
      // A low battery may forbid it; nothing depends on it.
    }
  }
}

/** The lock of this page. */
export const wakeLock = new WakeLock();
