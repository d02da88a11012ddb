/** Commands that every modem has: V.250 (V.), and 3GPP TS 27.007 with its section. Facts of the standards (D). */
import { type CommandRecord, type Explained, type Field, lookup } from "./record.ts";

const REGISTRATION: Readonly<Record<string, string>> = {
  0: "not registered, not searching",
  1: "registered, home network",
  2: "searching",
  3: "denied",
  4: "unknown, e.g. out of coverage",
  5: "registered, roaming",
  8: "emergency services only",
};

const ACCESS: Readonly<Record<string, string>> = {
  0: "GSM",
  2: "UTRAN",
  3: "GSM with EGPRS",
  7: "LTE",
  8: "LTE-M",
  9: "NB-IoT",
};

const FUNCTIONALITY = { 0: "minimum: radio off", 1: "full", 4: "flight mode" };

function registration(domain: string): (args: readonly string[], isUrc: boolean) => Explained | undefined {
  return (args, isUrc) => {
    // The answer has a leading <n>, the URC has not; in `1,"01A2"` the second is the area code.
    const hasMode = !isUrc && args.length > 1 && (args[1] ?? "").length < 3;
    const [stat = "", area = "", cell = "", access = ""] = hasMode ? args.slice(1) : args;
    const says = lookup(REGISTRATION, stat);
    if (says === undefined) return undefined;
    const where = [
      area === "" ? "" : `, area ${area}`,
      cell === "" ? "" : `, cell ${cell}`,
      access === "" ? "" : `, ${lookup(ACCESS, access) ?? `access technology ${access}`}`,
    ].join("");
    const severity = stat === "1" || stat === "5" ? "good" : stat === "3" ? "fault" : "info";
    return { says: `${domain}: ${says}${where}`, severity, ...(stat === "3" ? { code: "NET_REGISTRATION" } : {}) };
  };
}

const registrationMode: readonly Field[] = [
  { name: "URCs", values: { 0: "off", 1: "state", 2: "state and cell", 4: "state, cell and PSM" } },
];

/** 27.007 8.5: 0 to 31 in steps of 2 dBm from -113. */
function csqDbm(value: string): string {
  const level = Number(value);
  return value !== "" && level >= 0 && level <= 31 ? `${-113 + 2 * level} dBm` : "not known";
}

function pin(args: readonly string[]): Explained | undefined {
  const [state = ""] = args;
  if (state === "READY") return { says: "the SIM is unlocked", severity: "good" };
  if (state === "SIM PIN") return { says: "the SIM asks for its PIN" };
  if (state === "SIM PUK")
    return { says: "the SIM is blocked and asks for its PUK", severity: "fault", code: "SIM_LOCKED" };
  if (state === "NOT INSERTED") return { says: "no SIM", severity: "fault", code: "SIM_ABSENT" };
  return undefined;
}

export const common: readonly CommandRecord[] = [
  { name: "", says: "asks for a sign of life", source: "V.250" },
  {
    name: "E",
    says: "echo of commands",
    source: "V.250 6.2.4",
    parameters: [{ name: "state", values: { 0: "off", 1: "on" } }],
  },
  {
    name: "V",
    says: "form of result codes",
    source: "V.250 6.2.6",
    parameters: [{ name: "form", values: { 0: "numbers", 1: "words" } }],
  },
  { name: "I", says: "asks what the modem is", source: "V.250 6.1.3" },
  { name: "Z", says: "back to the stored settings", source: "V.250 6.1.1" },
  { name: "&F", says: "back to factory settings", source: "V.250 6.1.2" },
  { name: "&W", says: "stores the settings", source: "V.250" },
  { name: "+IPR", says: "baud rate of the UART", source: "V.250 6.2.10", parameters: [{ name: "rate", unit: "baud" }] },
  {
    name: "+IFC",
    says: "flow control",
    source: "V.250 6.2.12",
    parameters: [
      { name: "towards the modem", values: { 0: "none", 1: "XON/XOFF", 2: "RTS" } },
      { name: "towards the host", values: { 0: "none", 1: "XON/XOFF", 2: "CTS" } },
    ],
  },
  {
    name: "+CMEE",
    says: "form of error results",
    source: "27.007 9.1",
    parameters: [{ name: "form", values: { 0: "ERROR only", 1: "numbers", 2: "words" } }],
    results: [{ name: "form", values: { 0: "ERROR only", 1: "numbers", 2: "words" } }],
  },
  {
    name: "+CFUN",
    isNews: true,
    says: "how much of the modem works",
    source: "27.007 8.2",
    parameters: [
      { name: "level", values: FUNCTIONALITY },
      { name: "reset", values: { 0: "no", 1: "first" } },
    ],
    results: [{ name: "level", values: FUNCTIONALITY }],
  },
  {
    name: "+CPIN",
    isNews: true,
    says: "the SIM's PIN",
    source: "27.007 8.3",
    parameters: [
      { name: "PIN", isSecret: true },
      { name: "new PIN", isSecret: true },
    ],
    explainResult: pin,
  },
  {
    name: "+CLCK",
    says: "locks of the SIM",
    source: "27.007 7.4",
    parameters: [
      { name: "lock" },
      { name: "mode", values: { 0: "off", 1: "on", 2: "query" } },
      { name: "password", isSecret: true },
    ],
  },
  {
    name: "+CPWD",
    says: "changes a password of the SIM",
    source: "27.007 7.5",
    parameters: [{ name: "lock" }, { name: "old", isSecret: true }, { name: "new", isSecret: true }],
  },
  { name: "+CGSN", says: "asks for the IMEI", source: "27.007 5.4" },
  { name: "+CIMI", says: "asks for the IMSI", source: "27.007 5.6" },
  { name: "+CGMI", says: "asks for the manufacturer", source: "27.007 5.1" },
  { name: "+CGMM", says: "asks for the model", source: "27.007 5.2" },
  { name: "+CGMR", says: "asks for the firmware's revision", source: "27.007 5.3" },
  {
    name: "+CSQ",
    says: "asks for the signal",
    source: "27.007 8.5",
    explainResult: ([rssi = "", ber = ""]) => ({
      says: `received power ${csqDbm(rssi)}, bit error rate ${ber === "99" ? "not known" : `class ${ber}`}`,
    }),
  },
  {
    name: "+CREG",
    isNews: true,
    says: "circuit-switched registration",
    source: "27.007 7.2",
    parameters: registrationMode,
    explainResult: registration("circuit-switched"),
  },
  {
    name: "+CGREG",
    isNews: true,
    says: "registration in GSM and UMTS packet service",
    source: "27.007 10.1.20",
    parameters: registrationMode,
    explainResult: registration("GSM and UMTS packet service"),
  },
  {
    name: "+CEREG",
    isNews: true,
    says: "registration in LTE, LTE-M and NB-IoT",
    source: "27.007 10.1.22",
    parameters: registrationMode,
    explainResult: registration("LTE, LTE-M, NB-IoT"),
  },
  {
    name: "+CGATT",
    says: "attachment to the packet service",
    source: "27.007 10.1.9",
    parameters: [{ name: "state", values: { 0: "detach", 1: "attach" } }],
    results: [{ name: "state", values: { 0: "detached", 1: "attached" } }],
  },
  {
    name: "+COPS",
    says: "the operator",
    source: "27.007 7.3",
    parameters: [
      {
        name: "mode",
        values: { 0: "automatic", 1: "manual", 2: "deregister", 3: "form of the name", 4: "manual, then automatic" },
      },
      { name: "form" },
      { name: "operator" },
      { name: "access", values: ACCESS },
    ],
    results: [
      { name: "mode", values: { 0: "automatic", 1: "manual", 2: "deregistered" } },
      { name: "form" },
      { name: "operator" },
      { name: "access", values: ACCESS },
    ],
  },
  {
    name: "+CGDCONT",
    says: "defines a PDP context",
    source: "27.007 10.1.1",
    parameters: [{ name: "context" }, { name: "type" }, { name: "APN" }],
    results: [{ name: "context" }, { name: "type" }, { name: "APN" }, { name: "address" }],
  },
  {
    name: "+CGAUTH",
    says: "login of a PDP context",
    source: "27.007 10.1.31",
    parameters: [
      { name: "context" },
      { name: "method", values: { 0: "none", 1: "PAP", 2: "CHAP" } },
      { name: "user", isSecret: true },
      { name: "password", isSecret: true },
    ],
  },
  {
    name: "+CGACT",
    says: "activates a PDP context",
    source: "27.007 10.1.10",
    parameters: [{ name: "state", values: { 0: "off", 1: "on" } }, { name: "context" }],
    results: [{ name: "context" }, { name: "state", values: { 0: "off", 1: "on" } }],
  },
  {
    name: "+CGPADDR",
    says: "asks for the address of a PDP context",
    source: "27.007 10.1.14",
    parameters: [{ name: "context" }],
    results: [{ name: "context" }, { name: "address" }],
  },
  {
    name: "+CCLK",
    says: "the modem's clock, by which certificates are judged",
    source: "27.007 8.15",
    parameters: [{ name: "time" }],
    results: [{ name: "modem's clock" }],
  },
  {
    name: "+CTZU",
    says: "whether network time sets the modem's clock",
    source: "27.007 8.40",
    parameters: [{ name: "mode", values: { 0: "no", 1: "yes", 3: "yes, local time (Quectel, D)" } }],
  },
  { name: "+CTZR", says: "URCs of the time zone", source: "27.007 8.41", parameters: [{ name: "mode" }] },
  {
    name: "+CTZV",
    isNews: true,
    says: "the network told its time zone",
    source: "27.007 8.41",
    results: [{ name: "zone", unit: "quarter hours" }],
  },
  {
    name: "+CPSMS",
    says: "power saving mode",
    source: "27.007 7.38",
    parameters: [{ name: "mode", values: { 0: "off", 1: "on" } }],
  },
  {
    name: "+CEDRXS",
    says: "extended discontinuous reception",
    source: "27.007 7.40",
    parameters: [{ name: "mode", values: { 0: "off", 1: "on" } }],
  },
];
