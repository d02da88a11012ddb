/** AT+QICFG and AT+QISDE. Source: BG96 TCP/IP manual V1.1, 2.1.15 and 2.1.16 [D]. */
import { type Commands, ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot } from "./context.ts";

interface Setting {
  readonly first: string;
  /** Lowest and highest of each number. */
  readonly ranges: readonly (readonly [min: number, max: number])[];
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  "transpktsize": { first: "1024", ranges: [[1, 1460]] },
  "transwaittm": { first: "2", ranges: [[0, 20]] },
  // Hexadecimal data and data on the header's line are not played: refused, never half done.
  "dataformat": {
    first: "0,0",
    ranges: [
      [0, 0],
      [0, 0],
    ],
  },
  "viewmode": { first: "0", ranges: [[0, 0]] },
  "recvind": { first: "0", ranges: [[0, 1]] },
  "tcp/retranscfg": {
    first: "8,600",
    ranges: [
      [3, 20],
      [5, 1000],
    ],
  },
  // [D] Drivers in use (toit, TinyGSM) set these on BG95 and BG96; the ranges are [R].
  "tcp/keepalive": {
    first: "0",
    ranges: [
      [0, 1],
      [0, 120],
      [0, 100],
      [0, 10],
    ],
  },
  "tcp/accept": { first: "1", ranges: [[0, 1]] },
  "passiveclosed": { first: "0", ranges: [[0, 1]] },
  "close/mode": { first: "0", ranges: [[0, 1]] },
  "udp/readmode": { first: "0", ranges: [[0, 1]] },
  "udp/sendmode": { first: "0", ranges: [[0, 1]] },
};

export function createSocketSettings({ machine, quirks }: Boot): Commands {
  const kept = new Map<string, string>();

  function configure(call: Call, io: Io): Result {
    if (call.kind === "test") {
      const shown = ({ ranges }: Setting): string => ranges.map(([min, max]) => `(${min}-${max})`).join(",");
      io.lines(...Object.entries(SETTINGS).map(([key, entry]) => `+QICFG: "${key}",${shown(entry)}`));
      return OK;
    }
    const key = string(call.args[0], 32)?.toLowerCase();
    const entry = key !== undefined && Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;
    if (call.kind !== "write" || key === undefined || entry === undefined) return ERROR;
    const given = call.args.slice(1);
    if (given.length === 0 || (given.length === 1 && given[0] === undefined)) {
      const present = key === "recvind" ? String(quirks.recvUrcLength ? 1 : 0) : (kept.get(key) ?? entry.first);
      io.lines(`+QICFG: "${key}",${present}`);
      return OK;
    }
    const values = given.map((arg, index) => integer(arg, ...(entry.ranges[index] ?? [1, 0])));
    if (values.some((value) => value === undefined)) return ERROR;
    kept.set(key, values.join(","));
    // [H] zephyr 38654: a firmware that adds the length broke a driver that did not expect it.
    if (key === "recvind") quirks.recvUrcLength = values[0] === 1;
    return OK;
  }

  return {
    "+QICFG": configure,
    "+QISDE": (call, io) => {
      if (call.kind === "test") io.lines("+QISDE: (0,1)");
      else if (call.kind === "read") io.lines(`+QISDE: ${machine.echoData ? 1 : 0}`);
      else {
        const value = integer(call.args[0], 0, 1);
        if (value === undefined) return ERROR;
        machine.echoData = value === 1;
      }
      return OK;
    },
  };
}
