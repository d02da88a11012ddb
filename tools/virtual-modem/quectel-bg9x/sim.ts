/** The SIM card: PIN, PUK, IMSI, ICCID, the card's switch. Source: 27.007 chapter 8 and BG96 AT manual chapter 5 [D]. */
import { cme, ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { CME } from "./errors.ts";
import { LATENCY } from "./latency.ts";
import { ICCID, IMSI, restrictedAccess } from "./sim-files.ts";

/** 51.011: a PIN has three tries, a PUK ten. */
export const PIN_TRIES = 3;
export const PUK_TRIES = 10;

const PIN = /^\d{4,8}$/;

export interface Sim extends Part {
  /** The card takes commands. */
  readonly ready: boolean;
  start(): void;
  /** AT+CFUN=0: the card has no power. */
  sleep(): void;
  /** AT+CFUN=1: it has again. */
  wake(): void;
  /** The card went out of its slot, or came back into it. */
  pulled(): void;
  inserted(): void;
}

export interface SimPorts {
  start(): void;
  detach(): void;
}

export function createSim(boot: Boot, registration: SimPorts): Sim {
  const { machine, sim, nvm } = boot;
  // [D] The setting of AT+QSIMDET counts from the next start on.
  const watched = nvm.simDetect.watched === 1;
  let powered = true;
  let awake = false;
  let unlocked = false;
  let smsDone = false;
  /** When the chip last looked there was no card; [R] without the card's switch it does not see it come back. */
  let missed = false;
  /** Counts starts: one that is overtaken says nothing. */
  let starts = 0;

  const state = (): string => {
    if (unlocked || !sim.pinEnabled) return "READY";
    return sim.pinTries > 0 ? "SIM PIN" : "SIM PUK";
  };

  function unusable(): number | undefined {
    if (sim.absent || missed) return CME.simNotInserted;
    // [D] AT manual, example of AT+CFUN.
    if (!powered) return CME.simFailure;
    if (!awake) return CME.simBusy;
    return sim.pukTries === 0 ? CME.simFailure : undefined;
  }

  function refusal(): number | undefined {
    const broken = unusable();
    const now = state();
    if (broken !== undefined || now === "READY") return broken;
    return now === "SIM PIN" ? CME.simPinRequired : CME.simPukRequired;
  }

  function announceReady(): void {
    const mine = starts;
    machine.urc("+CPIN: READY");
    // [H] BG96 activation log: +CPIN: READY, +QUSIM: 1, +QIND: SMS DONE.
    machine.urc("+QUSIM: 1");
    machine.after(LATENCY.smsDone, () => {
      if (mine !== starts) return;
      smsDone = true;
      machine.urc("+QIND: SMS DONE");
    });
    registration.start();
  }

  function start(): void {
    const mine = ++starts;
    powered = true;
    missed = false;
    machine.after(LATENCY.sim, () => {
      if (mine !== starts) return;
      awake = true;
      if (sim.absent) {
        missed = true;
        machine.urc("+CPIN: NOT INSERTED");
      } else if (refusal() === undefined) announceReady();
      else machine.urc(`+CPIN: ${state()}`);
    });
  }

  function forget(): void {
    starts++;
    awake = false;
    unlocked = false;
    smsDone = false;
  }

  function report(): void {
    if (watched && nvm.simReport === 1) machine.urc(`+QSIMSTAT: 1,${sim.absent ? 0 : 1}`);
  }

  function unlock(call: Call): Result {
    const [first, second] = call.args;
    // 27.007 8.3: quotes are optional, the code is a string.
    const code = first?.text ?? "";
    const now = state();
    const broken = unusable();
    if (broken !== undefined) return cme(broken);
    if (now === "READY") return cme(CME.notAllowed);
    if (now === "SIM PIN") {
      if (second !== undefined || !PIN.test(code)) return cme(CME.incorrectPassword);
      if (code !== sim.pin) {
        sim.pinTries--;
        return cme(sim.pinTries > 0 ? CME.incorrectPassword : CME.simPukRequired);
      }
    } else {
      const pin = second?.text ?? "";
      if (code !== sim.puk || !PIN.test(pin)) {
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

  /** The PIN as proof: a wrong one costs a try. */
  function proved(code: string | undefined): boolean {
    if (code === sim.pin) {
      sim.pinTries = PIN_TRIES;
      return true;
    }
    sim.pinTries = Math.max(0, sim.pinTries - 1);
    return false;
  }

  function lock(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines('+CLCK: ("SC")');
      return OK;
    }
    const mode = call.args[1]?.text;
    if (string(call.args[0], 2)?.toUpperCase() !== "SC") return cme(CME.notAllowed);
    const refused = refusal();
    if (refused !== undefined) return cme(refused);
    if (mode === "2") {
      io.lines(`+CLCK: ${sim.pinEnabled ? 1 : 0}`);
      return OK;
    }
    if (mode !== "0" && mode !== "1") return cme(CME.incorrectParameters);
    if (!proved(call.args[2]?.text)) return cme(CME.incorrectPassword);
    sim.pinEnabled = mode === "1";
    unlocked = true;
    return OK;
  }

  function changePin(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines('+CPWD: ("SC",8)');
      return OK;
    }
    const pin = call.args[2]?.text ?? "";
    if (string(call.args[0], 2)?.toUpperCase() !== "SC") return cme(CME.notAllowed);
    const refused = refusal();
    if (refused !== undefined) return cme(refused);
    // 27.007 7.5 leaves it open; [R] a card lets its PIN be changed only while it asks for it.
    if (!sim.pinEnabled) return cme(CME.notAllowed);
    if (!PIN.test(pin) || !proved(call.args[1]?.text)) return cme(CME.incorrectPassword);
    sim.pin = pin;
    return OK;
  }

  function tries(call: Call, io: Io): Result {
    const facility = string(call.args[0], 2, "")?.toUpperCase();
    if (call.kind === "test") io.lines('+QPINC: ("SC","P2")');
    else if (unusable() === CME.simNotInserted) return cme(CME.simNotInserted);
    else if (call.kind === "write" && facility !== "SC" && facility !== "P2") return ERROR;
    else {
      const lines = [`+QPINC: "SC",${sim.pinTries},${sim.pukTries}`, `+QPINC: "P2",${PIN_TRIES},${PUK_TRIES}`];
      io.lines(...lines.filter((line) => call.kind !== "write" || line.includes(`"${facility}"`)));
    }
    return OK;
  }

  function detect(call: Call, io: Io): Result {
    if (call.kind === "test") io.lines("+QSIMDET: (0,1),(0,1)");
    else if (call.kind === "read") io.lines(`+QSIMDET: ${nvm.simDetect.watched},${nvm.simDetect.level}`);
    else {
      const enable = integer(call.args[0], 0, 1);
      const level = integer(call.args[1], 0, 1);
      if (enable === undefined || level === undefined) return ERROR;
      nvm.simDetect = { watched: enable === 1 ? 1 : 0, level: level === 1 ? 1 : 0 };
    }
    return OK;
  }

  function reporting(call: Call, io: Io): Result {
    if (call.kind === "test") io.lines("+QSIMSTAT: (0,1)");
    else if (call.kind === "read") {
      const inserted = sim.absent || missed ? 0 : awake || !powered ? 1 : 2;
      io.lines(`+QSIMSTAT: ${nvm.simReport},${inserted}`);
    } else {
      const enable = integer(call.args[0], 0, 1);
      if (enable === undefined) return ERROR;
      nvm.simReport = enable === 1 ? 1 : 0;
    }
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
    start,
    sleep() {
      powered = false;
      forget();
    },
    wake() {
      if (!powered) start();
    },
    pulled() {
      if (missed) return;
      missed = true;
      forget();
      registration.detach();
      report();
      if (watched) machine.urc("+CPIN: NOT READY");
    },
    inserted() {
      if (!watched || !powered) return;
      report();
      start();
    },
    commands: {
      "+CPIN": (call, io) => {
        if (call.kind === "test") return OK;
        if (call.kind === "write") return unlock(call);
        const broken = unusable();
        if (broken !== undefined) return cme(broken);
        io.lines(`+CPIN: ${state()}`);
        return OK;
      },
      "+QPINC": tries,
      "+CLCK": lock,
      "+CPWD": changePin,
      "+CIMI": needsCard(() => IMSI),
      "+QCCID": needsCard(() => `+QCCID: ${ICCID}`),
      // [D] Not in the BG96 manual; Particle's client reads +CCID of BG96, BG95 and EG91. +ICCID is [R].
      "+CCID": needsCard(() => `+CCID: ${ICCID}`),
      "+ICCID": needsCard(() => `+ICCID: ${ICCID}`),
      "+CRSM": (call, io) => {
        if (call.kind === "test") return OK;
        const refused = refusal();
        return refused === undefined ? restrictedAccess(call, io) : cme(refused);
      },
      "+QINISTAT": (call, io) => {
        // [D] AT manual: the sum of 1 = the card is ready and 2 = short messages are.
        if (call.kind === "test") io.lines("+QINISTAT: (0-3)");
        else io.lines(`+QINISTAT: ${(refusal() === undefined ? 1 : 0) + (smsDone ? 2 : 0)}`);
        return OK;
      },
      "+QSIMDET": detect,
      "+QSIMSTAT": reporting,
    },
  };
}
