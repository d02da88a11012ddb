/** Requests whose answers come as messages: told apart by a token, counted, and never waited for without end. */
import { type Done, type Failure, failure } from "../failure.ts";
import { after, guard } from "../guard.ts";

export type AnswerDone<T> = (error?: Failure, value?: T) => void;

interface Request<T> {
  done: AnswerDone<T>;
  /** Sends it; `undefined` when that has been done. */
  send: ((token: string, done: Done) => void) | undefined;
  timer: number;
  /** The version that was known when it was sent. */
  base: number;
}

export interface Requests<T> {
  /** False: too many are under way, and `done` was told. */
  ask(base: number, send: (token: string, done: Done) => void, done: AnswerDone<T>): boolean;
  /** The request that a token belongs to, and its `base`; undefined when nobody waits for it. */
  baseOf(token: string): number | undefined;
  answer(token: string, error?: Failure, value?: T): void;
}

/**
 * `subscribe` makes the answers audible. A request waits for it: an answer that comes before the SUBACK is lost.
 * What failed there is tried again with the next request.
 */
export const createRequests = <T>(subscribe: (done: Done) => void, timeoutS: number, most: number): Requests<T> => {
  // The key begins with what no inherited name begins with: tokens come from outside.
  const pending: { [key: string]: Request<T> } = {};
  // Answers to requests of before a reboot may still be on their way.
  let last = Math.randInt(1000000000);
  let isOpen = false;
  let isOpening = false;

  const answer = (token: string, error?: Failure, value?: T): void => {
    const key = `=${token}`;
    const request = pending[key];
    if (!request) return;
    delete pending[key];
    clearTimeout(request.timer);
    // The caller's mistakes must not keep the next answer away.
    guard(request.done, error, value);
  };

  const send = (token: string): void => {
    const request = pending[`=${token}`];
    const run = request && request.send;
    if (!run) return;
    (request as Request<T>).send = undefined;
    // Delivered is not answered; refused is.
    run(token, (error) => error && answer(token, error));
  };

  const onSubscribed = (error?: Failure): void => {
    isOpening = false;
    isOpen = !error;
    for (const key of Object.keys(pending)) {
      if (error) answer(key.slice(1), error);
      else send(key.slice(1));
    }
  };

  const open = (): void => {
    if (isOpen || isOpening) return;
    isOpening = true;
    subscribe(onSubscribed);
  };

  open();
  return {
    ask(base, run, done) {
      if (Object.keys(pending).length >= most) {
        done(failure("CLOUD_FULL", most));
        return false;
      }
      const token = `${++last}`;
      pending[`=${token}`] = {
        done,
        send: run,
        timer: after(timeoutS * 1000, answer, token, failure("CLOUD_TIMEOUT")),
        base,
      };
      open();
      if (isOpen) send(token);
      return true;
    },

    baseOf: (token) => {
      const request = pending[`=${token}`];
      return request && request.base;
    },

    answer,
  };
};
