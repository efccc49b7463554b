/** What went wrong, for code that reacts to it; the sentences are for the person. */
export type ErrorKind =
  | "not-a-movie"
  | "unsupported-codec"
  | "no-webcodecs"
  | "cut-short"
  | "unreadable"
  | "no-network"
  | "bad-settings"
  | "too-few-molecules"
  | "cannot-write"
  | "cancelled"
  | "camera"
  | "storage"
  | "insecure"
  | "server"
  | "unexpected";

/**
 * Something the user can act on; shown as two sentences.
 *
 * `what` says what was wrong, `todo` what to do about it, `where` in which file. Anything
 * else that is thrown is a fault of the app.
 */
export class AppError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly what: string,
    readonly todo: string = "",
    readonly where: string = "",
  ) {
    super([where ? `${where}: ${what}` : what, todo].filter(Boolean).join(" "));
    this.name = "AppError";
  }

  /** The same with the file's name. */
  at(where: string): AppError {
    return new AppError(this.kind, this.what, this.todo, where);
  }
}

/** An error as it crosses to or from a worker. */
export interface PlainError {
  kind: ErrorKind;
  what: string;
  todo: string;
  where: string;
}

/** Any thrown value as plain data. */
export function plainError(error: unknown): PlainError {
  if (error instanceof AppError) {
    return { kind: error.kind, what: error.what, todo: error.todo, where: error.where };
  }
  const what = error instanceof Error ? error.message : String(error);
  return { kind: "unexpected", what, todo: "", where: "" };
}

/** The error that `plainError` packed. */
export function unpackError(plain: PlainError): AppError {
  return new AppError(plain.kind, plain.what, plain.todo, plain.where);
}
