/**
 * Quectel BG96, BG95, BG77; EC2x and EG9x where the grammar is the same.
 *
 * Sources, with grade (H seen on hardware, D vendor text or a driver in use, R recalled and not verified):
 * Quectel SSL, TCP/IP, File and AT command manuals of BG96 (D); EG800K session logs (H for grammar, timings may differ).
 */
import type { Driver, Setting, Urc } from "../driver.ts";
import { parameters, quoted } from "../driver.ts";

/** TLS context for every TLS socket. */
const CONTEXT = 1;

/** TCP/IP manual, result codes; a few have their own Godwit code, the rest are SOCKET_OPEN. Grades: 552, 566 H, rest R. */
const OPEN_CODES: { [cause: string]: string } = {
  "552": "SOCKET_WORN",
  "561": "NET_PDP",
  "562": "NET_PDP",
  "564": "NET_DNS",
  "565": "NET_DNS",
  "566": "NET_CONNECT",
  "567": "NET_CONNECT",
  "569": "NET_TIMEOUT",
  "570": "NET_PDP",
  "573": "NET_APN",
};

const KNOWN: Urc = { type: "known" };

/** URCs without parameters. */
const WORDS: { [line: string]: Urc } = {
  // `RDY`, then `APP RDY` on BG96 and BG95 (R); EC2x stops at the first.
  RDY: { type: "boot" },
  "APP RDY": { type: "ready" },
  // BG96 and BG95 say which kind of power-down it is; the line may have no end (H).
  "POWERED DOWN": { type: "off" },
  "NORMAL POWER DOWN": { type: "off" },
};

function lineWith(lines: string[], prefix: string): string | undefined {
  return lines.find((line) => line.startsWith(prefix));
}

function socketUrc(line: string): Urc {
  const words = parameters(line);
  const id = parseInt(words[1] as string, 10);
  const what = words[0] as string;
  // A length may follow `recv` on firmware after 2020 (H); pull mode does not need it.
  if (what == "recv" || what == "closed") return { type: what, id };
  return what == "pdpdeact" ? { type: "pdp", id } : KNOWN;
}

function setting(key: string, value: string | number): Setting {
  const name = `+QSSLCFG="${key}",${CONTEXT}`;
  return { write: `${name},${value}`, read: name, expect: `"${key}",${CONTEXT},${value}` };
}

function family(kind: string): string {
  return kind == "tls" ? "QSSL" : "QI";
}

export const driver: Driver = {
  name: "quectel-bg9x",
  timing: {
    // BG96 hardware design: PWRKEY low 500 ms or more to switch on, 650 ms or more to switch off, RESET_N 150..460 ms (D).
    powerOnMs: 600,
    powerOffMs: 800,
    resetMs: 300,
    // UART ready 4.9 s after PWRKEY, typically (D); margin for a cold start.
    bootMs: 15000,
    // POWERED DOWN in 2 s or so; the manual allows 60 s while a network detaches (R).
    shutdownMs: 12000,
    // 150 s each in the TCP/IP and SSL manuals (D).
    activateMs: 150000,
    openMs: 150000,
    sendMs: 15000,
    // QSSLCLOSE waits 10 s by default (D).
    closeMs: 12000,
  },
  // The length of a command line is in no source at hand: 240 is under every figure recalled (R). 1460 and 1500: D.
  limits: { line: 240, send: 1460, receive: 1500, sockets: 6 },
  tls: {
    ca: "yes",
    // EG800K refuses a wrong host at seclevel 1 (H); no source says so of BG96, BG95 or BG77.
    host: "unproved",
    dates: "yes",
    sni: "yes",
    readBack: "yes",
    maxVersion: "1.2",
  },

  // CTZU=3 (R): network time sets the RTC. URCs to the UART that asks (TCP/IP manual, QIURC). No URC echo of signal.
  init: ["+CTZU=3", '+QURCCFG="urcport","uart1"'],

  pinTries: '+QPINC="SC"',
  readPinTries(lines) {
    const line = lineWith(lines, "+QPINC:");
    return line ? parseInt(parameters(line)[1] as string, 10) : 0;
  },

  activate(cid, apn, user, password) {
    const login = user ? `,${quoted(user)},${quoted(password)},3` : "";
    return [`+QICSGP=${cid},1,${quoted(apn)}${login}`, `+QIACT=${cid}`, "+QIACT?"];
  },
  deactivate(cid) {
    return [`+QIDEACT=${cid}`];
  },
  activeQuery: "+QIACT?",
  readActive(cid, lines) {
    const line = lineWith(lines, `+QIACT: ${cid},1,`);
    return line && parameters(line)[3];
  },

  shutdown: "+QPOWD=1",

  // 1: UTC of the last synchronisation, carried on by the modem; the answer is an empty string when there was none (D).
  networkTime: "+QLTS=1",
  readNetworkTime(lines) {
    const line = lineWith(lines, "+QLTS:");
    // The zone behind the 19 characters is for information: the time is UTC already.
    return line && (parameters(line)[0] as string).substr(0, 19);
  },

  ntp(cid, host, port) {
    return { text: `AT+QNTP=${cid},${quoted(host)},${port}` };
  },
  ntpResult: "+QNTP:",
  // 125 s (R).
  ntpMs: 125000,
  readNtp(line) {
    const words = parameters(line);
    return words[0] == "0" && words[1] ? words[1] : parseInt(words[0] as string, 10);
  },

  signal: "+QCSQ",
  readSignal(lines) {
    const line = lineWith(lines, "+QCSQ:");
    const words = line ? parameters(line) : ["NOSERVICE"];
    const rssi = parseInt(words[1] as string, 10);
    const rsrp = parseInt(words[2] as string, 10);
    return { rat: words[0] as string, rssiDbm: rssi < 0 ? rssi : undefined, rsrpDbm: rsrp < 0 ? rsrp : undefined };
  },

  tlsSettings(profile) {
    const level = profile.verify ? (profile.cert ? 2 : 1) : 0;
    const settings = [
      // 3: TLS 1.2 (D); 4 would accept every older version.
      setting("sslversion", 3),
      setting("ciphersuite", "0XFFFF"),
      setting("seclevel", level),
      // 0: dates count. By factory they do not (H).
      setting("ignorelocaltime", profile.verify ? 0 : 1),
      // By factory off (H).
      setting("sni", profile.sni ? 1 : 0),
      setting("negotiatetime", 60),
    ];
    if (level) settings.push(setting("cacert", quoted(profile.ca)));
    if (profile.cert && profile.key)
      settings.push(setting("clientcert", quoted(profile.cert)), setting("clientkey", quoted(profile.key)));
    return settings;
  },

  open(kind, cid, id, host, port) {
    const to = `${quoted(host)},${port}`;
    // Access mode 0, buffer: the host pulls. Local port 0.
    const text =
      kind == "tls"
        ? `AT+QSSLOPEN=${cid},${CONTEXT},${id},${to},0`
        : `AT+QIOPEN=${cid},${id},"${kind.toUpperCase()}",${to},0,0`;
    return { text };
  },
  openResult(kind, id) {
    return `+${family(kind)}OPEN: ${id},`;
  },
  readOpen(line) {
    return parseInt(parameters(line)[1] as string, 10);
  },
  openCodes(kind, cause) {
    // 566 stands for a TCP connection refused and for every TLS failure (H).
    if (kind == "tls" && cause == 566) return "TLS_REFUSED";
    return OPEN_CODES[`${cause}`] || "SOCKET_OPEN";
  },
  idInUse: 563,
  // About 20 TLS connections wear out the data stack of EG800K: then every open says 552 (H).
  wornOut: 552,

  send(kind, id, bytes) {
    return {
      text: `AT+${family(kind)}SEND=${id},${bytes.length}`,
      prompt: ">",
      data: bytes,
      success: "SEND OK",
      timeoutMs: driver.timing.sendMs,
    };
  },
  receive(kind, id, count) {
    const name = kind == "tls" ? "QSSLRECV" : "QIRD";
    return { text: `AT+${name}=${id},${count}`, prefix: `+${name}:`, maxRaw: count };
  },
  close(kind, id) {
    return { text: `AT+${family(kind)}CLOSE=${id}`, timeoutMs: driver.timing.closeMs };
  },

  store(name, bytes) {
    return {
      text: `AT+QFUPL=${quoted(name)},${bytes.length},20`,
      prompt: "CONNECT",
      data: bytes,
      prefix: "+QFUPL:",
      timeoutMs: 25000,
    };
  },
  readStored(lines) {
    const line = lines[0];
    if (!line) return undefined;
    const words = parameters(line);
    return { size: parseInt(words[0] as string, 10), sum: (words[1] as string).toUpperCase() };
  },
  /** XOR of big-endian 16-bit words, an odd last byte in the high half; no leading zeros (H). */
  checksum(bytes) {
    const words = new Uint32Array(E.toUint8Array(bytes + "\0\0\0\0".substr(bytes.length & 3 || 4)).buffer);
    const sum = words.reduce((a, b) => a ^ b, 0);
    const folded = (sum ^ (sum >>> 16)) & 0xffff;
    // The view is little-endian, the words are not.
    return (((folded & 255) << 8) | (folded >> 8)).toString(16).toUpperCase();
  },
  remove(name) {
    return { text: `AT+QFDEL=${quoted(name)}` };
  },
  list: '+QFLST="*"',
  readFile(line) {
    if (!line.startsWith("+QFLST:")) return undefined;
    const words = parameters(line);
    return { name: (words[0] as string).replace("UFS:", ""), size: parseInt(words[1] as string, 10) };
  },

  urc(line) {
    if (line.startsWith("+QSSLURC:") || line.startsWith("+QIURC:")) return socketUrc(line);
    // Not `WORDS[line]`: what comes from the wire must not find `on` or `toString`.
    for (const word in WORDS) if (line == word) return WORDS[word];
    return line.startsWith("+QIND:") || line.startsWith("+CTZ") ? KNOWN : undefined;
  },
};
