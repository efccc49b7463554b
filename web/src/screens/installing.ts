/** Offline use and installing: the service worker, and the browser's offer to install. */

import { AppError } from "../errors.ts";
import { Emitter } from "../events.ts";

interface InstallOffer extends Event {
  prompt(): Promise<void>;
}

class InstallEvents extends Emitter<{ change: undefined }> {
  tell(): void {
    this.emit("change", undefined);
  }
}

/** Tells when the browser offers to install, or has done so. */
export const installEvents = new InstallEvents();

let offer: InstallOffer | null = null;

/** Registers the service worker and listens for the browser's offer. */
export function prepareInstalling(): void {
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event as InstallOffer;
    installEvents.tell();
  });
  window.addEventListener("appinstalled", () => {
    offer = null;
    installEvents.tell();
  });
  // While developing there is no built worker.
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  navigator.serviceWorker.register("service_worker.js").catch(() => {
    // Settings say that the app does not work offline; all else goes on.
  });
}

/** Whether the browser offers to install. */
export function canInstall(): boolean {
  return offer !== null;
}

/** Asks the browser to install. */
export async function install(): Promise<void> {
  await offer?.prompt();
}

/** Stores the network as well. */
export async function keepForOffline(): Promise<void> {
  const registration = await navigator.serviceWorker?.ready;
  const worker = registration?.active;
  if (worker === null || worker === undefined) {
    throw new AppError(
      "insecure",
      "This page cannot be kept for offline use.",
      "Open it by https or as http://localhost.",
    );
  }
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise<string | null>((done) => {
    port1.onmessage = (event: MessageEvent<string | null>): void => done(event.data);
  });
  worker.postMessage({ kind: "keep-all" }, [port2]);
  const problem = await answer;
  if (problem !== null) {
    throw new AppError(
      "storage",
      `Not everything could be stored (${problem}).`,
      "See that there is a connection and room, then try again.",
    );
  }
}
