/** The SIM card: PIN, PUK, IMSI, ICCID. Source: 27.007 chapter 8 and the BG96 AT manual [D]. */
import { cme, type Io, OK, type Result } from "../answer.ts";
import { type Call, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { CME } from "./errors.ts";
import { LATENCY } from "./latency.ts";

/** 51.011: a PIN has three tries, a PUK ten. */
export const PIN_TRIES = 3;
export const PUK_TRIES = 10;

const IMSI = "001010123456789";
const ICCID = "8949001012345678901F";

export interface Sim extends Part {
  /** The card takes commands. */
  readonly ready: boolean;
  /** The code that commands give which need the card. */
  refusal(): number | undefined;
  start(): void;
}

export function createSim(boot: Boot, onReady: () => void): Sim {
  const { machine, sim } = boot;
  let awake = false;
  let unlocked = false;

  const state = (): string => {
    if (unlocked || !sim.pinEnabled) return "READY";
    return sim.pinTries > 0 ? "SIM PIN" : "SIM PUK";
  };

  function refusal(): number | undefined {
    if (sim.absent) return CME.simNotInserted;
    if (!awake) return CME.simBusy;
    if (sim.pukTries === 0) return CME.simFailure;
    const now = state();
    if (now === "READY") return undefined;
    return now === "SIM PIN" ? CME.simPinRequired : CME.simPukRequired;
  }

  function announceReady(): void {
    machine.urc("+CPIN: READY");
    // [H] BG96 activation log: +CPIN: READY, +QUSIM: 1, +QIND: SMS DONE.
    machine.urc("+QUSIM: 1");
    machine.after(LATENCY.smsDone, () => machine.urc("+QIND: SMS DONE"));
    onReady();
  }

  function start(): void {
    machine.after(LATENCY.sim, () => {
      awake = true;
      if (sim.absent) machine.urc("+CPIN: NOT INSERTED");
      else if (refusal() === undefined) announceReady();
      else machine.urc(`+CPIN: ${state()}`);
    });
  }

  function unlock(call: Call): Result {
    const [first, second] = call.args;
    // 27.007 8.3: quotes are optional, the code is a string.
    const code = first?.text ?? "";
    const now = state();
    if (sim.absent || !awake || sim.pukTries === 0) return cme(refusal() ?? CME.notAllowed);
    if (now === "READY") return cme(CME.notAllowed);
    if (now === "SIM PIN") {
      if (second !== undefined || !/^\d{4,8}$/.test(code)) return cme(CME.incorrectPassword);
      if (code !== sim.pin) {
        sim.pinTries--;
        return cme(sim.pinTries > 0 ? CME.incorrectPassword : CME.simPukRequired);
      }
    } else {
      const pin = second?.text ?? "";
      if (code !== sim.puk || !/^\d{4,8}$/.test(pin)) {
        sim.pukTries--;
        return cme(sim.pukTries > 0 ? CME.incorrectPassword : CME.simFailure);
      }
      sim.pin = pin;
      sim.pukTries = PUK_TRIES;
    }
    sim.pinTries = PIN_TRIES;
    unlocked = true;
    machine.after(0, announceReady);
    return OK;
  }

  const needsCard =
    (answer: () => string) =>
    (call: Call, io: Io): Result => {
      if (call.kind === "test") return OK;
      const refused = refusal();
      if (refused !== undefined) return cme(refused);
      io.lines(answer());
      return OK;
    };

  return {
    get ready() {
      return refusal() === undefined;
    },
    refusal,
    start,
    commands: {
      "+CPIN": (call, io) => {
        if (call.kind === "test") return OK;
        if (call.kind === "write") return unlock(call);
        if (sim.absent) return cme(CME.simNotInserted);
        if (!awake) return cme(CME.simBusy);
        if (sim.pukTries === 0) return cme(CME.simFailure);
        io.lines(`+CPIN: ${state()}`);
        return OK;
      },
      "+QPINC": (_call, io) => {
        if (sim.absent) return cme(CME.simNotInserted);
        io.lines(`+QPINC: "SC",${sim.pinTries},${sim.pukTries}`, `+QPINC: "P2",${PIN_TRIES},${PUK_TRIES}`);
        return OK;
      },
      "+CLCK": (call, io) => {
        const facility = string(call.args[0], 2);
        const mode = call.args[1]?.text;
        if (facility?.toUpperCase() !== "SC") return cme(CME.notAllowed);
        const refused = refusal();
        if (refused !== undefined) return cme(refused);
        if (mode === "2") {
          io.lines(`+CLCK: ${sim.pinEnabled ? 1 : 0}`);
          return OK;
        }
        if (call.args[2]?.text !== sim.pin) {
          sim.pinTries = Math.max(0, sim.pinTries - 1);
          return cme(CME.incorrectPassword);
        }
        sim.pinEnabled = mode === "1";
        unlocked = true;
        sim.pinTries = PIN_TRIES;
        return OK;
      },
      "+CIMI": needsCard(() => IMSI),
      "+QCCID": needsCard(() => `+QCCID: ${ICCID}`),
      "+ICCID": needsCard(() => `+ICCID: ${ICCID}`),
      "+QINISTAT": (_call, io) => {
        io.lines(`+QINISTAT: ${refusal() === undefined ? 7 : awake ? 1 : 0}`);
        return OK;
      },
      "+QSIMSTAT": (call, io) => {
        if (call.kind === "read") io.lines(`+QSIMSTAT: 0,${sim.absent ? 0 : 1}`);
        return OK;
      },
    },
  };
}
