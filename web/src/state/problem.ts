/** What went wrong, in the form in which every panel shows it. */
export interface Problem {
  /** Of docs/errors.md, or undefined where something failed that has no code: a browser's own exception. */
  readonly code: string | undefined;
  readonly message: string;
}

function codeOf(error: object): string | undefined {
  const code: unknown = "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? code : undefined;
}

/** Whatever was thrown. Messages are cut: some browsers repeat what they were given. */
export function toProblem(error: unknown): Problem {
  if (typeof error === "object" && error !== null) {
    const message: unknown = "message" in error ? error.message : undefined;
    return {
      code: codeOf(error),
      message: typeof message === "string" && message !== "" ? message.slice(0, 500) : "failed",
    };
  }
  return { code: undefined, message: String(error).slice(0, 500) };
}
