/** Power: the pins, the start with its URCs, the ways down. Source: BG96 hardware design [D], logs [H]. */
import type { InputPin, Level, PowerState } from "../types.ts";
import type { Lasting } from "./context.ts";
import { LATENCY, PULSE } from "./latency.ts";
import { POWER_ON_MS } from "./rtc.ts";

export interface PowerPorts {
  /** The chip starts: make its parts. */
  boot(): void;
  /** Commands are taken from now on. */
  ready(): void;
  /** The chip stops. */
  halt(): void;
  /** The supply or the reset pin took everything that only a power cycle cures. */
  lost(): void;
  anyPdp(): boolean;
}

export interface Power {
  readonly state: PowerState;
  setPin(pin: InputPin, level: Level): void;
  onStatus(callback: (level: Level) => void): void;
  on(reason: string): void;
  /** Orderly power-down, as with AT+QPOWD or PWRKEY. */
  goodbye(reason: string): void;
  /** AT+CFUN=1,1. */
  restart(): void;
  /** A reboot nobody asked for. */
  crash(): void;
  cut(): void;
}

export function createPower(lasting: Lasting, ports: PowerPorts): Power {
  const { machine, model, rtc } = lasting;
  const { clock } = machine;
  const listeners: ((level: Level) => void)[] = [];
  const levels: Record<InputPin, Level> = { pwrkey: 1, reset: 1, dtr: 0 };
  const pressed: Record<InputPin, number> = { pwrkey: 0, reset: 0, dtr: 0 };
  let state: PowerState = "off";
  let status: Level = 0;
  /** What a press of PWRKEY may still do: a press does one thing. */
  let press: "on" | "off" | "done" = "done";

  function become(next: PowerState, reason: string): void {
    state = next;
    machine.emit({ type: "power", state, reason });
  }

  function setStatus(level: Level): void {
    if (status === level) return;
    status = level;
    for (const listener of listeners) listener(level);
  }

  function stop(): void {
    ports.halt();
    machine.endSession();
  }

  function start(ms: number, reason: string): void {
    become("booting", reason);
    ports.boot();
    machine.after(ms, () => {
      setStatus(1);
      machine.listening = true;
      become("ready", reason);
      machine.urc("RDY");
      machine.after(LATENCY.appReady, () => {
        // [H] BG96 activation log: RDY, +CFUN: 1, APP RDY, then the SIM.
        machine.urc("+CFUN: 1");
        if (model.saysAppReady) machine.urc("APP RDY");
      });
      ports.ready();
    });
  }

  function setClockBack(): void {
    const beforeMs = rtc.now();
    rtc.set(POWER_ON_MS, 0, "local");
    machine.emit({ type: "rtc", source: "power-on", utcMs: POWER_ON_MS, beforeMs, text: rtc.text(2) });
  }

  function on(reason: string): void {
    if (state !== "off") return;
    // [R] Any kind of off loses the clock; a reset keeps it.
    setClockBack();
    ports.lost();
    start(LATENCY.boot, reason);
  }

  function off(reason: string): void {
    stop();
    machine.uart.silence();
    setStatus(0);
    become("off", reason);
  }

  function sayGoodbye(asked: boolean): void {
    // [D] AT+QPOWD ends with POWERED DOWN on every model: TinyGSM waits for it. [H] Other ways down: the model's own.
    const text = asked ? "POWERED DOWN" : model.goodbye;
    machine.emit({ type: "urc", line: text });
    // [H] Behind a restart no line end follows. [D] Behind QPOWD one does: three drivers in use read it as a line.
    machine.transmit(Buffer.from(`\r\n${text}${asked || model.goodbyeEnds ? "\r\n" : ""}`));
  }

  function goodbye(reason: string): void {
    if (state !== "ready") {
      if (state === "booting") off(reason);
      return;
    }
    become("shutting-down", reason);
    machine.after(LATENCY.goodbye, () => {
      sayGoodbye(reason.startsWith("QPOWD"));
      machine.after(LATENCY.powerDown, () => off(reason));
    });
  }

  function restart(): void {
    if (state !== "ready") return;
    become("shutting-down", "CFUN=1,1");
    machine.after(LATENCY.goodbye, () => {
      sayGoodbye(false);
      // [H] The stray URC behind the goodbye.
      if (ports.anyPdp()) machine.transmit(Buffer.from('\r\n+QIURC: "pdpdeact",1\r\n'));
      machine.after(LATENCY.powerDown, () => {
        stop();
        start(LATENCY.restart, "CFUN=1,1");
      });
    });
  }

  function pulsed(pin: "pwrkey" | "reset", atLeast: number): boolean {
    return clock.now() - pressed[pin] >= atLeast - PULSE.toleranceMs;
  }

  function tryPress(): void {
    if (press === "on" && pulsed("pwrkey", PULSE.onMs)) {
      press = "done";
      on("PWRKEY");
    } else if (press === "off" && pulsed("pwrkey", PULSE.offMs)) {
      press = "done";
      goodbye("PWRKEY");
    }
  }

  function powerKey(level: Level): void {
    if (level === 1) {
      tryPress();
      press = "done";
      return;
    }
    press = state === "off" ? "on" : state === "ready" ? "off" : "done";
    const limit = press === "on" ? PULSE.onMs : PULSE.offMs;
    // Held long enough it works before it is let go.
    if (press !== "done") clock.setTimeout(() => levels.pwrkey === 0 && tryPress(), limit);
  }

  function resetKey(level: Level): void {
    if (level === 0 || state === "off" || !pulsed("reset", PULSE.resetMs)) return;
    stop();
    machine.uart.silence();
    setStatus(0);
    ports.lost();
    start(LATENCY.boot, "RESET_N");
  }

  return {
    get state() {
      return state;
    },
    setPin(pin, level) {
      if (levels[pin] === level) return;
      levels[pin] = level;
      if (level === 0) pressed[pin] = clock.now();
      if (pin === "pwrkey") powerKey(level);
      else if (pin === "reset") resetKey(level);
    },
    onStatus(callback) {
      listeners.push(callback);
      callback(status);
    },
    on,
    goodbye,
    restart,
    crash() {
      if (state === "off") return;
      stop();
      machine.uart.silence();
      start(LATENCY.restart, "reset by itself");
    },
    cut() {
      if (state !== "off") off("power cut");
    },
  };
}
