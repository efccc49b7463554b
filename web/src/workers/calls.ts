import { type PlainError, plainError, unpackError } from "../errors.ts";
import { workerSide } from "./worker_side.ts";

interface Call {
  readonly number: number;
  readonly request: unknown;
}

interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: PlainError;
}

/** Asks a worker and gets answers as promises, in whatever order. */
export class Calls {
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: unknown) => void }
  >();
  private number = 0;

  constructor(private readonly worker: Worker) {
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      const call = this.waiting.get(data.number);
      this.waiting.delete(data.number);
      if (data.error !== undefined) call?.reject(unpackError(data.error));
      else call?.resolve(data.result as never);
    });
    worker.addEventListener("error", (event) => {
      const error = unpackError(plainError(new Error(event.message || "the worker stopped")));
      for (const call of this.waiting.values()) call.reject(error);
      this.waiting.clear();
    });
  }

  /** Sends a request; the promise is its answer. */
  ask<Result>(request: unknown, transfer: Transferable[] = []): Promise<Result> {
    const number = this.number++;
    return new Promise<Result>((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.worker.postMessage({ number, request } satisfies Call, transfer);
    });
  }
}

/** In a worker: answers every call, one after the other. */
export function answerCalls(
  answer: (request: never) => Promise<{ result: unknown; transfer?: Transferable[] }>,
): void {
  let before: Promise<unknown> = Promise.resolve();
  workerSide.addEventListener("message", ({ data }: MessageEvent<Call>) => {
    before = before.then(async () => {
      try {
        const { result, transfer } = await answer(data.request as never);
        workerSide.postMessage({ number: data.number, result } satisfies Answer, transfer ?? []);
      } catch (error) {
        const answered: Answer = { number: data.number, error: plainError(error) };
        workerSide.postMessage(answered, []);
      }
    });
  });
}
