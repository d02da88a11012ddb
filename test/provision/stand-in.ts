/** A Session that asks a virtual board directly, without a console in between: for tests of what is asked. */
import type { EvaluateOptions, Session } from "../../tools/repl/session.ts";
import { MAX_PACKET, ReplError } from "../../tools/repl/session.ts";
import type { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";

export interface StandIn extends Session {
  /** Every expression that was sent. */
  readonly sent: string[];
  /** Called in front of each; what it throws is what the session rejects with. */
  intercept: ((expression: string) => void) | undefined;
}

/** What provisioning never asks a session for. */
export const unasked: Omit<Session, "evaluate" | "call"> = {
  port: {
    name: "stand-in",
    chunkBytes: 20,
    write: () => Promise.resolve(),
    onData: undefined,
    onClose: undefined,
    close: () => Promise.resolve(),
  },
  identify: () => Promise.resolve({ version: "2v29", board: "RAK5010" }),
  type: () => Promise.resolve(),
  interrupt: () => Promise.resolve(),
  onText: () => () => {},
  onClose: () => () => {},
  close: () => Promise.resolve(),
};

export function standIn(board: VirtualBoard): StandIn {
  let calls = 0;
  const run = (expression: string): unknown => {
    session.sent.push(expression);
    if (expression.length > MAX_PACKET) throw new ReplError("REPL_LENGTH", "longer than a packet");
    session.intercept?.(expression);
    return toHost(board.evaluate(expression));
  };
  const session: StandIn = {
    sent: [],
    intercept: undefined,
    ...unasked,
    evaluate: async (expression) => run(expression),
    async call(code: string, options: EvaluateOptions = {}) {
      const slot = `answer${calls++}`;
      run(`(function(done){${code}})(function(){global.${slot}=[].slice.call(arguments)})`);
      const end = Date.now() + Math.min(options.timeoutMs ?? 10_000, 20_000);
      while (board.evaluate(`global.${slot}===undefined`) === true) {
        if (Date.now() > end) throw new ReplError("REPL_TIMEOUT", "no answer");
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return toHost(board.evaluate(`global.${slot}`)) as unknown[];
    },
  };
  return session;
}
