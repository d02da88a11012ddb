/** PDP contexts: QICSGP, QIACT, QIDEACT, CGDCONT, CGPADDR, CGACT. Source: BG96 TCP/IP manual [D]. */
import { cme, ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Bearer, LastError, Lasting, Part } from "./context.ts";
import { CME, IP_ERROR } from "./errors.ts";
import { LATENCY } from "./latency.ts";

/** [D] TCP/IP manual: contexts 1 to 16. */
const MAX_CID = 16;
/** [D] AT manual, 9.2, in the order of AT+QICSGP's <context_type>. */
const PDP_TYPES: readonly string[] = ["IP", "IPV6", "IPV4V6", "PPP"];

interface Profile {
  type: number;
  apn: string;
  user: string;
  password: string;
  auth: number;
}

export interface Pdp extends Part {
  readonly bearer: Bearer;
  /** The network takes a context away. */
  lose(cid: number): void;
  readonly anyActive: boolean;
}

export function createPdp(
  boot: Lasting,
  lastError: LastError,
  registration: { readonly registered: boolean; onChange(listener: (registered: boolean) => void): void },
): Pdp {
  const { machine, network, nvm } = boot;
  const profiles = new Map<number, Profile>();
  const active = new Map<number, string>();
  const listeners: ((cid: number, by: "host" | "network") => void)[] = [];

  function profile(cid: number): Profile {
    const known = profiles.get(cid);
    if (known !== undefined) return known;
    const type = PDP_TYPES.indexOf(nvm.pdpType.get(cid) ?? "IP") + 1;
    const fresh = { type: type > 3 ? 1 : type, apn: nvm.apn.get(cid) ?? "", user: "", password: "", auth: 0 };
    profiles.set(cid, fresh);
    return fresh;
  }

  function end(cid: number, by: "host" | "network"): void {
    if (!active.delete(cid)) return;
    machine.emit({ type: "pdp", cid, active: false });
    for (const listener of listeners) listener(cid, by);
  }

  function lose(cid: number): void {
    if (!active.has(cid)) return;
    end(cid, "network");
    machine.urc(`+QIURC: "pdpdeact",${cid}`);
  }

  registration.onChange((registered) => {
    if (!registered) for (const cid of [...active.keys()]) lose(cid);
  });

  function configure(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QICSGP: (1-16),(1-3),<APN>,<username>,<password>,(0-3)");
      return OK;
    }
    const cid = integer(call.args[0], 1, MAX_CID);
    if (call.kind !== "write" || cid === undefined) return ERROR;
    const entry = profile(cid);
    if (call.args.length === 1) {
      io.lines(`+QICSGP: ${entry.type},"${entry.apn}","${entry.user}","${entry.password}",${entry.auth}`);
      return OK;
    }
    const type = integer(call.args[1], 1, 3);
    const apn = string(call.args[2], 127, "");
    const user = string(call.args[3], 127, "");
    const password = string(call.args[4], 127, "");
    const auth = integer(call.args[5], 0, 3, 0);
    if (type === undefined || apn === undefined || user === undefined || password === undefined || auth === undefined) {
      return ERROR;
    }
    Object.assign(entry, { type, apn, user, password, auth });
    nvm.apn.set(cid, apn);
    nvm.pdpType.set(cid, PDP_TYPES[type - 1] ?? "IP");
    return OK;
  }

  async function activate(call: Call, io: Io): Promise<Result> {
    if (call.kind === "test") {
      io.lines("+QIACT: (1-16)");
      return OK;
    }
    if (call.kind === "read") {
      io.lines(...[...active].map(([cid, address]) => `+QIACT: ${cid},1,${profile(cid).type},"${address}"`));
      return OK;
    }
    const cid = integer(call.args[0], 1, MAX_CID);
    if (call.kind !== "write" || cid === undefined) return ERROR;
    // [R] Most firmware refuses a second activation; ask QIACT? first.
    if (active.has(cid)) return ERROR;
    await machine.wait(LATENCY.activate);
    const apn = profile(cid).apn;
    const refused = network.apn !== undefined && apn !== network.apn;
    // [H] EG800K: with a worn-out data stack QIACT=1 answers ERROR.
    if (!registration.registered || refused || machine.faults.worn) {
      lastError.code = IP_ERROR.pdpOpen;
      return ERROR;
    }
    const address = `10.187.7.${7 + cid}`;
    active.set(cid, address);
    machine.emit({ type: "pdp", cid, active: true, address });
    return OK;
  }

  async function deactivate(call: Call, io: Io): Promise<Result> {
    if (call.kind === "test") {
      io.lines("+QIDEACT: (1-16)");
      return OK;
    }
    const cid = integer(call.args[0], 1, MAX_CID);
    if (call.kind !== "write" || cid === undefined) return ERROR;
    await machine.wait(LATENCY.deactivate);
    // [D] TinyGSM and others deactivate before they activate: an inactive context gives OK.
    end(cid, "host");
    return OK;
  }

  function define(call: Call, io: Io): Result {
    const type = (cid: number): string => nvm.pdpType.get(cid) ?? "IP";
    if (call.kind === "test") io.lines(...PDP_TYPES.map((name) => `+CGDCONT: (1-16),"${name}",,,(0-3),(0-4)`));
    else if (call.kind === "read") {
      // [H] Logs of the family: an address with room for IPv6 where the type has it.
      const none = (cid: number): string => (type(cid).includes("V6") ? Array(16).fill("0").join(".") : "0.0.0.0");
      io.lines(...[...nvm.apn].map(([cid, apn]) => `+CGDCONT: ${cid},"${type(cid)}","${apn}","${none(cid)}",0,0`));
    } else {
      const cid = integer(call.args[0], 1, MAX_CID);
      const name = string(call.args[1], 8, "IP")?.toUpperCase();
      const apn = string(call.args[2], 127, "");
      if (call.kind !== "write" || cid === undefined || apn === undefined) return cme(CME.incorrectParameters);
      if (name === undefined || !PDP_TYPES.includes(name)) return cme(CME.incorrectParameters);
      if (call.args.length === 1) nvm.apn.delete(cid);
      else nvm.apn.set(cid, apn);
      nvm.pdpType.set(cid, name);
      profiles.delete(cid);
    }
    return OK;
  }

  /** [D] LTE gives the default bearer an address at registration. */
  const addressOf = (cid: number): string =>
    active.get(cid) ?? (cid === 1 && registration.registered ? "10.187.7.8" : "0.0.0.0");

  function showAddress(call: Call, io: Io): Result {
    const defined = [...nvm.apn.keys()];
    if (call.kind === "test") {
      io.lines(`+CGPADDR: (${defined.join(",") || "1"})`);
      return OK;
    }
    const asked = call.args.map((arg) => integer(arg, 1, MAX_CID));
    // 27.007 10.1.14: without <cid> those of all defined contexts. [D] A BG95 driver in use reads them without quotes.
    const cids = call.kind === "write" ? asked.filter((cid) => cid !== undefined) : defined;
    if (call.kind === "write" && cids.length < asked.length) return cme(CME.incorrectParameters);
    io.lines(...cids.map((cid) => `+CGPADDR: ${cid},${addressOf(cid)}`));
    return OK;
  }

  return {
    bearer: { address: (cid) => active.get(cid), onLost: (listener) => void listeners.push(listener) },
    lose,
    get anyActive() {
      return active.size > 0;
    },
    commands: {
      "+QICSGP": configure,
      "+QIACT": activate,
      "+QIDEACT": deactivate,
      "+CGDCONT": define,
      "+CGPADDR": showAddress,
      "+CGACT": (call, io) => {
        if (call.kind === "read") {
          const cids = new Set([1, ...nvm.apn.keys(), ...active.keys()]);
          const on = (cid: number): boolean => active.has(cid) || (cid === 1 && registration.registered);
          io.lines(...[...cids].map((cid) => `+CGACT: ${cid},${on(cid) ? 1 : 0}`));
        } else if (call.kind === "test") io.lines("+CGACT: (0,1)");
        else if (!registration.registered) return cme(CME.noNetwork);
        return OK;
      },
    },
  };
}
