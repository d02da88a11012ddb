/**
 * Quectel BG96, BG95, BG77; EC2x and EG9x where the grammar is the same.
 *
 * Sources, with grade (H seen on hardware, D vendor text or a driver in use, R recalled and not verified):
 * Quectel SSL, TCP/IP, File and AT command manuals of BG96 (D); EG800K session logs (H for grammar, timings may differ).
 */
import type { Driver } from "../driver.ts";
import { quoted, quotedIn } from "../driver.ts";

function command(kind: string, verb: string): string {
  return `+${kind == "tls" ? "QSSL" : "QI"}${verb}`;
}

/** In TLS context 1, as every TLS socket. */
function setting(key: string, value: string | number): string {
  return `+QSSLCFG="${key}",1,${value}`;
}

export const driver: Driver = {
  family: "quectel-bg9x",
  // BG96 hardware design: PWRKEY low 500 ms or more to switch on, 650 ms or more to switch off, RESET_N 150..460 ms (D).
  powerOnMs: 600,
  powerOffMs: 800,
  resetMs: 300,
  // UART ready 4.9 s after PWRKEY, typically (D); margin for a cold start.
  bootMs: 15000,
  // POWERED DOWN in 2 s or so; longer while a network detaches (R).
  shutdownMs: 12000,
  // 150 s in the TCP/IP manual (D).
  activateMs: 150000,
  // The length of a command line is in no source at hand: 240 is under every figure recalled (R). 1460: D.
  lineLength: 240,
  sendBytes: 1460,
  tls: (checksHost) => ({
    ca: "yes",
    // Of models without `hostCheck` EG800K refuses a wrong host (H), and no source says so of another.
    host: checksHost ? "yes" : "unproved",
    dates: "yes",
    sni: "yes",
    readBack: "yes",
    maxVersion: "1.2",
  }),

  // Network time sets the RTC (R); URCs go to the UART that the host is on (D).
  setUp: () => ["+CTZU=3", '+QURCCFG="urcport","uart1"'],

  pinTries: '+QPINC="SC"',
  pinTriesPrefix: '+QPINC: "SC",',

  activate: (cid, apn, user, password) => {
    // 3: PAP or CHAP.
    const login = user ? `,${quoted(user)},${quoted(password)},3` : "";
    return [`+QICSGP=${cid},1,${quoted(apn)}${login}`, `+QIACT=${cid}`, "+QIACT?"];
  },
  activeQuery: "+QIACT?",
  address: (cid, lines) => quotedIn(lines, `+QIACT: ${cid},1,`),
  deactivate: "+QIDEACT=1",
  switchOff: "+QPOWD=1",

  // 1: UTC of the last synchronisation, carried on by the modem; an empty string when there was none (D). The zone behind
  // the 19 characters is for information only.
  networkTime: "+QLTS=1",
  readNetworkTime: (lines) => (quotedIn(lines, "+QLTS:") || "").substr(0, 19),

  // The manual allows 125 s (R), but nothing else is sent meanwhile, a PINGREQ not either, and SNTP comes next.
  ntp: (cid, host, port) => ({
    text: `AT+QNTP=${cid},${quoted(host)},${port}`,
    success: "+QNTP:",
    timeoutMs: 20000,
  }),

  signal: "+QCSQ",
  readSignal: (lines) => {
    const parts = (lines.find((line) => line.startsWith("+QCSQ:")) || "").split('"');
    const powers = (parts[2] || "").split(",");
    return {
      rat: parts[1] || "NOSERVICE",
      rssiDbm: parseInt(powers[1] as string, 10),
      rsrpDbm: parseInt(powers[2] as string, 10),
    };
  },

  tlsSettings: (profile) => {
    const verify = profile.verify;
    const cert = profile.cert;
    const settings = [
      // 3: TLS 1.2 (D); 4 would accept every older version.
      setting("sslversion", 3),
      setting("ciphersuite", "0XFFFF"),
      // 0 none, 1 the server's certificate, 2 the client's too.
      setting("seclevel", verify ? (cert ? 2 : 1) : 0),
      // 0: dates count. By factory they do not (H).
      setting("ignorelocaltime", verify ? 0 : 1),
      // By factory off (H).
      setting("sni", profile.sni ? 1 : 0),
      setting("negotiatetime", 60),
      setting("cacert", quoted(profile.ca)),
    ];
    return cert
      ? settings.concat(setting("clientcert", quoted(cert)), setting("clientkey", quoted(profile.key)))
      : settings;
  },

  // BG96 and BG95 list it (H), EC2x does not (H). 1: the common name is compared with the host, in the words of a driver in
  // use; the chip's own interface names common name and alternative DNS names (D). Off by factory (R).
  hostCheck: '+QSSLCFG="checkhost",1,',

  openSocket: (kind, cid, id, host, port) => {
    const isTls = kind == "tls";
    const verb = command(kind, "OPEN");
    const as = isTls ? `1,${id}` : `${id},"${kind.toUpperCase()}"`;
    // TLS in context 1. Access mode 0, buffer: the host pulls; in front of it the local port of TCP and UDP.
    return {
      text: `AT${verb}=${cid},${as},${quoted(host)},${port},0${isTls ? "" : ",0"}`,
      success: `${verb}: ${id},`,
      // 150 s in both manuals (D).
      timeoutMs: 150000,
    };
  },
  openCode: (kind, cause) => {
    // 566 stands for a TCP connection refused and for every TLS failure (H).
    if (cause == 566) return kind == "tls" ? "TLS_REFUSED" : "NET_CONNECT";
    // 565 (R). About 20 TLS connections wear out the data stack of EG800K: then every open says 552 (H).
    return cause == 565 ? "NET_DNS" : cause == 552 ? "SOCKET_WORN" : "SOCKET_OPEN";
  },
  idInUse: 563,

  sendTo: (kind, id, bytes) => ({
    text: `AT${command(kind, "SEND")}=${id},${bytes.length}`,
    prompt: ">",
    payload: bytes,
    success: "SEND OK",
    timeoutMs: 15000,
  }),
  receiveFrom: (kind, id, count) => {
    const verb = command(kind, kind == "tls" ? "RECV" : "RD");
    return { text: `AT${verb}=${id},${count}`, prefix: `${verb}:`, maxRaw: count };
  },
  // QSSLCLOSE waits 10 s by default (D).
  closeSocket: (kind, id) => ({ text: `AT${command(kind, "CLOSE")}=${id}`, timeoutMs: 12000 }),

  store: (fileName, bytes) => ({
    text: `AT+QFUPL=${quoted(fileName)},${bytes.length},20`,
    prompt: "CONNECT",
    payload: bytes,
    prefix: "+QFUPL:",
    timeoutMs: 25000,
  }),
  /** XOR of big-endian 16-bit words, an odd last byte in the high half; no leading zeros (H). */
  storedAs: (bytes) => {
    const words = new Uint16Array(E.toUint8Array(bytes + "\0".substr(0, bytes.length & 1)).buffer);
    const sum = words.reduce((a, b) => a ^ b, 0);
    // The view is little-endian, the words are not.
    return `+qfupl: ${bytes.length},${(((sum & 255) << 8) | (sum >> 8)).toString(16)}`;
  },
  removeFile: (fileName) => ({ text: `AT+QFDEL=${quoted(fileName)}` }),
  listFiles: '+QFLST="*"',

  readUrc: (line) => {
    const parts = line.split('"');
    // +QSSLURC, +QIURC. A length may follow `recv` on firmware after 2020 (H); pull mode does not need it.
    if (/URC:/.test(parts[0] as string))
      return { event: parts[1] as string, id: parseInt((parts[2] || "").substr(1), 10) };
    // `RDY` comes first, but commands are taken only behind `APP RDY` (R).
    return line == "APP RDY" ? { event: "ready", id: 0 } : undefined;
  },
};
