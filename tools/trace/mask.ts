/** Secrets out of whatever is shown, stored or exported. The board masks its own AT traffic; this is for what is typed. */
import { splitCommandLine } from "./commands/split.ts";
import { createExplainer, FAMILIES } from "./explain.ts";
import { shortened } from "./printable.ts";

export const MASK = "***";

/** Lines of a private key whose end never comes: text goes on after so many. */
const LONGEST_KEY = 200;

const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const KEY_END = /-----END [A-Z0-9 ]*PRIVATE KEY-----/;

/**
 * Names of settings and of fields whose value is a secret: `password: "x"`, `"pin":"1"`, `token=abc`. Quotes may be
 * escaped, as where an expression stands in a string.
 */
const NAMED =
  /((?:^|[^A-Za-z0-9])(?:[A-Za-z]*(?:password|passwd|passkey|secret|token)|pin2?|puk|pass|psk|sharedaccesssignature|sig)\\*["']?\s*[:=]\s*)(\\*"(?:[^"\\]|\\[^"])*\\*"|\\*'(?:[^'\\]|\\[^'])*\\*'|[^\s,;&}\])"']+)/gi;

const explainers = FAMILIES.map(createExplainer);

/** A parameter that a table calls secret, in a command line anywhere in the text. */
const COMMAND = /AT(?:[+&*^#$%][A-Za-z0-9]+[^\r\n]*)/gi;

function secretsOf(line: string): string[] {
  return splitCommandLine(line)
    .filter(({ form }) => form === "set")
    .flatMap(({ name, args }) => {
      const parameters = explainers.map((explainer) => explainer.record(name)?.parameters).find((found) => found);
      return args.filter((value, index) => value !== "" && value !== MASK && parameters?.[index]?.isSecret === true);
    });
}

/** Values of `isSecret` parameters of an AT command line, quotes kept. */
export function maskCommandLine(line: string): string {
  let masked = line;
  for (const secret of secretsOf(line)) masked = masked.split(secret).join(MASK);
  return masked;
}

/** `+QICSGP: 1,"iot","user","password",2`: the modem repeats a login. */
function maskAnswer(line: string): string {
  return line.replace(/(\+QICSGP:\s*\d+,"[^"]*",)"[^"]*","[^"]*"/g, `$1"${MASK}","${MASK}"`);
}

/** Longer text is cut before it is masked, else a hostile one would take its time: nothing shows as much. */
const LONGEST = 4096;

/** One text by itself: a payload, a command line, a line of the console. */
export function maskText(whole: string): string {
  const keyless = shortened(whole, LONGEST).replace(
    /(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
    `$1 ${MASK} $2`,
  );
  // In quotes within another text the quotes may be escaped: the secrets are looked for without.
  const plain = keyless.replace(COMMAND, (command) => {
    let masked = command;
    for (const secret of secretsOf(command.replace(/\\(["'])/g, "$1"))) {
      // What ends the text around the command is no part of a parameter without quotes.
      const bare = secret.replace(/^["'\\]+/, "").replace(/["'`)\\;].*$/s, "");
      if (bare !== "") masked = masked.split(bare).join(MASK);
    }
    return masked;
  });
  return maskAnswer(plain).replace(NAMED, (_, before: string, value: string) => {
    const quote = /^\\*["']/.exec(value)?.[0] ?? "";
    return `${before}${quote}${MASK}${quote}`;
  });
}

/** Line by line: also the lines of a private key between its marks. */
export function createLineMask(): (line: string) => string {
  let isKey = false;
  let lines = 0;
  return (line) => {
    if (isKey) {
      lines++;
      const isEnd = KEY_END.test(line);
      if (isEnd || lines >= LONGEST_KEY) isKey = false;
      return isEnd ? `${MASK}${maskText(line.slice(line.search(KEY_END)))}` : MASK;
    }
    const rest = line.slice(line.search(KEY_BEGIN));
    if (KEY_BEGIN.test(line) && !KEY_END.test(rest)) {
      isKey = true;
      lines = 0;
    }
    return maskText(line);
  };
}

/** IMEI, IMSI and ICCID tell who and where: what is behind type, country and operator is taken out. */
export function maskIdentifiers(text: string): string {
  return text.replace(
    /(?<![\dA-Fa-f])(\d{6})(\d{8,16})(?![\dA-Fa-f])/g,
    (_, front: string, rest: string) => front + "*".repeat(rest.length),
  );
}
