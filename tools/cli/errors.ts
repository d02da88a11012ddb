/** Something that a user did or met, to be shown as one sentence without a stack. */
export class CliError extends Error {
  /** Stable, for programs that read --json. */
  readonly code: string;
  /** 1: it failed. 2: it was asked for in a way that cannot work. */
  readonly exitCode: 1 | 2;

  constructor(code: string, message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}
