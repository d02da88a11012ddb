/** A report and what is in the store, as lines for a terminal. */
import { createColors } from "picocolors";
import type { CertificateFacts, Finding, Report, Severity } from "./report.ts";
import type { StoredFile } from "./rules/rules.ts";
import type { Progress, ProvisionResult } from "./write.ts";

export interface PrintOptions {
  readonly color: boolean;
  /** Characters in a line. */
  readonly width: number;
}

const MARKS: Readonly<Record<Severity, string>> = { error: "x", warning: "!", ok: "+" };
const SUBJECTS: Readonly<Record<Finding["subject"], string>> = {
  ca: "CA",
  cert: "certificate",
  key: "key",
  server: "broker",
  pair: "pair",
  chain: "chain",
  host: "host",
};
const INDENT = "    ";

/** Words into lines; one that is longer than a line stands alone. */
function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width - indent.length) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, indent + line];
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

function certificateLine(label: string, facts: CertificateFacts): string {
  const { subject, role, key, signature, notBefore, notAfter } = facts;
  return `${label.padEnd(12)}${subject}  ${role}, ${key}, ${signature}, ${day(notBefore)} to ${day(notAfter)}`;
}

function factLines({ facts }: Report): string[] {
  const { ca, cert, key, server } = facts;
  const lines = [
    ...ca.map((one) => certificateLine("CA", one)),
    ...cert.map((one) => certificateLine("certificate", one)),
    ...server.map((one) => certificateLine("broker", one)),
  ];
  if (key !== undefined) lines.push(`${"key".padEnd(12)}${key.key}, ${key.form}`);
  return lines.length > 0 ? [...lines, ""] : [];
}

export function reportLines(report: Report, { color, width }: PrintOptions): string[] {
  const colors = createColors(color);
  const paint = { error: colors.red, warning: colors.yellow, ok: colors.green };
  const lines = factLines(report);
  for (const { code, severity, subject, text, why, remedy, commands, at } of report.findings) {
    const place = at === undefined ? "" : colors.dim(`  line ${at.line}, column ${at.column}`);
    lines.push(
      `${paint[severity](`${MARKS[severity]} ${code.padEnd(24)}`)} ${SUBJECTS[subject]}${place}`,
      ...wrap(text, width, INDENT),
      ...wrap(why, width, INDENT),
      ...wrap(remedy, width, INDENT).map((line) => (severity === "ok" ? line : colors.bold(line))),
      ...commands.map((command) => colors.cyan(`${INDENT}$ ${command}`)),
    );
  }
  const count = (severity: Severity): number => report.findings.filter((one) => one.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  const said = `${errors} error${errors === 1 ? "" : "s"}, ${warnings} warning${warnings === 1 ? "" : "s"}`;
  return [...lines, "", paint[report.verdict](said)];
}

export function storeLines(stored: readonly StoredFile[]): string[] {
  if (stored.length === 0) return ["The modem lists no files."];
  const longest = Math.max(...stored.map(({ name }) => name.length));
  return stored.map(({ name, bytes }) => `${name.padEnd(longest + 2)}${String(bytes).padStart(7)} bytes`);
}

export function progressLine(progress: Progress): string | undefined {
  if (progress.step === "ask") return "asking the modem what it has (it may be busy with the network for some minutes)";
  if (progress.step === "write")
    return `writing ${progress.name}, ${progress.bytes} bytes (${progress.file} of ${progress.files})`;
  if (progress.step === "scrub") return "overwriting what the key left in the board's memory";
  if (progress.step === "compare") return "comparing with the modem's list";
  return undefined;
}

export function resultLines(result: ProvisionResult): string[] {
  const lines = result.written.map(({ name, bytes, isReplaced, isListed }) => {
    const proof = isListed ? "checksum and size are right" : "checksum is right; this modem lists nothing";
    return `${name}  ${bytes} bytes, ${isReplaced ? "replaced" : "new"}: ${proof}`;
  });
  return [...lines, result.isRebooting ? "The board reboots now." : "E.reboot() at the REPL makes the board use them."];
}
