/** Secrets leave no trace: what events and traces show of a command line or an answer. */

const MASK = "***";

/** Arguments that are secret, counted from 0, by command. */
const SECRET_ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  "+CPIN": [0, 1],
  "+CLCK": [2],
  "+CPWD": [1, 2],
  "+QICSGP": [4],
  "+QSECWRITE": [1],
};

/** Cuts at commas outside quotes; a PIN in quotes may hold one. */
function splitArguments(text: string): string[] {
  return text.match(/(?:"[^"]*"?|[^,"])+|(?<=^|,)(?=,|$)/g) ?? [];
}

function maskCommand(command: string): string {
  const match = /^(\s*)([+]?[A-Za-z]+)\s*=(?!\?)(.*)$/s.exec(command);
  if (match === null) return command;
  const [, blank = "", name = "", text = ""] = match;
  const secret = SECRET_ARGUMENTS[name.toUpperCase()];
  if (secret === undefined) return command;
  const masked = splitArguments(text).map((argument, index) =>
    secret.includes(index) && argument !== "" && argument !== '""' ? MASK : argument,
  );
  return `${blank}${name}=${masked.join(",")}`;
}

/** A command line without its secrets. */
export function maskLine(line: string): string {
  const prefix = /^.*?(?=[+]|$)/s.exec(line)?.[0] ?? "";
  const commands = line.slice(prefix.length).match(/(?:"[^"]*"?|[^;"])+|;/g) ?? [];
  return printable(prefix + commands.map((part) => (part === ";" ? part : maskCommand(part))).join(""));
}

/** An answer without its secrets: the password of an APN is the only one a modem tells. */
export function maskAnswer(line: string): string {
  const match = /^(\+QICSGP: )(.*)$/.exec(line);
  if (match === null) return printable(line);
  const parts = splitArguments(match[2] ?? "");
  return printable(
    (match[1] ?? "") +
      parts.map((part, index) => (index === 3 && part !== '""' && part !== "" ? MASK : part)).join(","),
  );
}

/** Control characters and bytes above ASCII as \xHH: a trace must not move the reader's cursor. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
