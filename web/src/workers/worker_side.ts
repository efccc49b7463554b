/** The part of a worker's global scope that we use; the page's types do not have it. */
export interface WorkerSide {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(name: "message", listener: (event: MessageEvent) => void): void;
}

/** This worker. */
export const workerSide = globalThis as unknown as WorkerSide;
