/** For commands: a session with the board at a port, closed whatever happens, and errors as the command line says them. */
import { CliError } from "../cli/errors.ts";
import type { Session } from "../repl/session.ts";

/** What the library says; the code stays. */
function asCliError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CliError || !("code" in error)) return error;
  const { code } = error;
  if (typeof code !== "string" || !/^(PORT|REPL|TRACE)_[A-Z]+$/.test(code)) return error;
  return new CliError(code, `${error.message} (${code}, docs/errors.md)`, code === "PORT_UNSUPPORTED" ? 2 : 1);
}

export async function withSession(port: string, use: (session: Session) => Promise<void>): Promise<void> {
  try {
    const [{ openPort }, { openSession }] = await Promise.all([
      import("../port/open.ts"),
      import("../repl/open-session.ts"),
    ]);
    const opened = await openPort(port).open();
    if (opened === undefined) throw new CliError("PORT_ABSENT", `${port}: nothing was chosen`);
    const session = openSession(opened);
    try {
      await use(session);
    } finally {
      await session.close();
    }
  } catch (error) {
    throw asCliError(error);
  }
}

/** Resolves after so many seconds (`undefined`: never), at Ctrl-C, or rejects when the session ends by itself. */
export function untilEnd(session: Session, seconds: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const interrupted = (): void => end();
    function end(cause?: Error): void {
      clearTimeout(timer);
      forget();
      process.off("SIGINT", interrupted);
      if (cause === undefined) resolve();
      else reject(cause);
    }
    const forget = session.onClose((cause) =>
      end(cause ?? new CliError("PORT_LOST", "the connection to the board ended")),
    );
    process.once("SIGINT", interrupted);
    if (seconds !== undefined) timer = setTimeout(() => end(), seconds * 1000);
  });
}
