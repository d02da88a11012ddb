/** PEM (RFC 7468) as people really have it: what can be put right is, what is damaged is told with line and column. */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { claimedLength, TAG } from "./der.ts";
import { type FileRole, type Finding, finding, type Position } from "./report.ts";
import { readSource, type Source } from "./source.ts";

export type { Source } from "./source.ts";

export interface PemBlock {
  /** e.g. `CERTIFICATE`. */
  readonly label: string;
  readonly der: Uint8Array;
  /** Of its BEGIN line; line 1, column 1 for a binary file. */
  readonly at: Position;
  /** `Proc-Type: 4,ENCRYPTED`: `der` is cipher text. */
  readonly isEncrypted: boolean;
}

export interface PemFile {
  /** Those that could be read; where a finding is an error, others may be missing. */
  readonly blocks: readonly PemBlock[];
  readonly findings: readonly Finding[];
  /** What differs from the canonical form, and harms some reader: `CR LF line ends`, `byte order mark` ... */
  readonly repairs: readonly string[];
}

/** Longest sensible chain, its key and its parameters. */
const MAX_BLOCKS = 16;
const MARK = /-----(BEGIN|END) ([A-Z0-9][A-Z0-9 .#]{0,60})-----/g;
/** A line that was once a mark. Not the headings of `openssl x509 -text`, which have colons. */
const DAMAGED_MARK =
  /^[^:\n]*\b(?:BEGIN|END)\b[^:\n]{0,40}\b(?:CERTIFICATE|KEY|REQUEST|PARAMETERS)\b|^[ \t]*---[^:\n]*[A-Z]{3}/m;

interface Mark {
  readonly isBegin: boolean;
  readonly label: string;
  readonly start: number;
  readonly end: number;
}

/** A canonical block; the last line has its end too. */
export function writePem(label: string, der: Uint8Array, lineEnd: "\n" | "\r\n" = "\n"): string {
  return `-----BEGIN ${label}-----${lineEnd}${encodeBase64(der, lineEnd)}-----END ${label}-----${lineEnd}`;
}

/** Reads a file; never throws, and never calls damaged content a block. */
export function readPem(source: Source, subject: FileRole): PemFile {
  const content = readSource(source, subject);
  if (content.kind === "refused") return { blocks: [], findings: [content.finding], repairs: [] };
  if (content.kind === "text") return new Reader(content.text, subject, content.repairs).read();
  const { label, der } = content;
  return {
    blocks: [{ label, der, at: { line: 1, column: 1 }, isEncrypted: false }],
    findings: [],
    repairs: ["binary (DER) instead of PEM"],
  };
}

class Reader {
  private readonly text: string;
  private readonly subject: FileRole;
  private readonly findings: Finding[] = [];
  private readonly blocks: PemBlock[] = [];
  private readonly repairs: Set<string>;

  constructor(text: string, subject: FileRole, repairs: readonly string[]) {
    this.text = text;
    this.subject = subject;
    this.repairs = new Set(repairs);
  }

  read(): PemFile {
    const marks: Mark[] = Array.from(this.text.matchAll(MARK), (match) => ({
      isBegin: match[1] === "BEGIN",
      label: match[2] ?? "",
      start: match.index,
      end: match.index + match[0].length,
    }));
    if (marks.length > 2 * MAX_BLOCKS)
      this.error("PEM_MANY", 0, `The file has more than ${MAX_BLOCKS} blocks.`, {
        remedy: "Take what is needed out of the bundle: the modem's store wants one root.",
      });
    else this.walk(marks);
    if (/\r/.test(this.text)) this.repairs.add(/\r\n/.test(this.text) ? "CR LF line ends" : "CR line ends");
    if (!/\n$/.test(this.text)) this.repairs.add("no line end at the end");
    return { blocks: this.blocks, findings: this.findings, repairs: [...this.repairs] };
  }

  private walk(marks: readonly Mark[]): void {
    let open: Mark | undefined;
    let outside = 0;
    for (const mark of marks) {
      if (!open) this.between(outside, mark.start);
      if (mark.isBegin) {
        if (open) this.unended(open, mark.start);
        open = mark;
      } else if (open) {
        this.block(open, mark);
        open = undefined;
      } else
        this.error("PEM_NO_BEGIN", mark.start, `END ${mark.label} stands without its BEGIN line.`, {
          why: "The block is passed over by every reader, so a certificate would be missing.",
          remedy: "Copy the file again, with its first line.",
        });
      outside = mark.end;
    }
    if (open) this.unended(open, this.text.length);
    else this.between(outside, this.text.length);
    if (this.blocks.length === 0 && this.findings.length === 0)
      this.error("PEM_NO_BLOCK", 0, "The file has no PEM block: no line -----BEGIN ...-----.", {
        why: "The modem would store it and refuse every connection.",
        remedy: /^\s*[<{]/.test(this.text)
          ? "It looks like a web page or JSON: download the file itself."
          : "Take the PEM (Base64) form of the file.",
      });
  }

  /** What stands in front of, between and behind blocks is a comment, unless it was a mark once. */
  private between(start: number, end: number): void {
    const text = this.text.slice(start, end);
    const damaged = DAMAGED_MARK.exec(text);
    if (damaged)
      this.error("PEM_MARK", start + damaged.index, "A BEGIN or END line is damaged.", {
        why: "It has to have five hyphens, BEGIN or END, the name and five hyphens, and nothing else.",
        remedy: "Copy the file again, not through a word processor or a chat, which exchange hyphens.",
      });
    else if (text.trim() !== "") this.repairs.add("text outside the blocks");
    else if (/\n[ \t\r]*\n/.test(text.replace(/^[ \t]*\r?\n/, "\n"))) this.repairs.add("empty lines");
  }

  private unended(open: Mark, end: number): void {
    const body = this.text.slice(open.end, end).split("\n-")[0] ?? "";
    const decoded = decodeBase64(body);
    const isWhole = "bytes" in decoded && claimedLength(decoded.bytes) === decoded.bytes.length;
    this.error("PEM_NO_END", open.start, `The block ${open.label} has no END line.`, {
      why: isWhole ? "Its content is complete; only the line is missing." : "Its content is cut or damaged too.",
      remedy: isWhole ? `Add the line -----END ${open.label}----- and a line end.` : "Copy the file again, to its end.",
    });
  }

  private block(begin: Mark, end: Mark): void {
    if (begin.label !== end.label) {
      this.error("PEM_MARK", end.start, `BEGIN ${begin.label} is ended by END ${end.label}.`, {
        remedy: "Copy the file again; two files were mixed, or a line was edited.",
      });
      return;
    }
    const whole = this.text.slice(begin.end, end.start);
    // RFC 1421: headers end with an empty line.
    const headers = /^\s*(?:[A-Za-z0-9-]+:[^\n]*\n(?:[ \t]+[^\n]*\n)*)+/.exec(whole)?.[0] ?? "";
    const body = whole.slice(headers.length);
    const decoded = decodeBase64(body);
    if ("problem" in decoded) {
      const at = begin.end + headers.length + decoded.offset;
      this.error("PEM_BASE64", at, `Base64 of ${begin.label}: ${decoded.problem}.`, {
        why: "The content is damaged.",
        remedy: "Copy or export the file again.",
      });
      return;
    }
    const isEncrypted = /Proc-Type:[^\n]*ENCRYPTED/.test(headers);
    if (!isEncrypted && !this.isComplete(begin, decoded.bytes)) return;
    this.noteForm(begin.label, body, headers !== "" && !isEncrypted);
    this.blocks.push({ label: begin.label, der: decoded.bytes, at: this.position(begin.start), isEncrypted });
  }

  /** Every kind of content says at its beginning how long it is. */
  private isComplete(begin: Mark, bytes: Uint8Array): boolean {
    const isSequence = bytes[0] === TAG.sequence || begin.label === "EC PARAMETERS";
    const claimed = isSequence ? claimedLength(bytes) : undefined;
    if (claimed === bytes.length) return true;
    const [code, text] =
      claimed === undefined
        ? ["PEM_CONTENT", `${begin.label} is valid Base64, but its content is no DER.`]
        : claimed > bytes.length
          ? ["PEM_CUT", `${begin.label} is cut: ${bytes.length} of ${claimed} bytes are there.`]
          : ["PEM_CONTENT", `${begin.label} has ${bytes.length - claimed} bytes behind its end.`];
    this.error(code, begin.start, text, {
      why: "The modem would store it and refuse every connection.",
      remedy: "Copy or export the file again.",
    });
    return false;
  }

  private noteForm(label: string, body: string, hasHeaders: boolean): void {
    if (hasHeaders) this.repairs.add("headers inside a block");
    if (label !== label.replace(/^X509 /, "")) this.repairs.add(`the label ${label}`);
    const lines = body.replaceAll("\r", "").split("\n").slice(1, -1);
    if (!/^[ \t]*\r?\n/.test(body) || !/\n[ \t]*$/.test(body)) this.repairs.add("no line ends inside a block");
    if (/[ \t]/.test(body)) this.repairs.add("blanks in lines");
    if (lines.some((line) => line.trim() === "")) this.repairs.add("empty lines inside a block");
    else if (
      lines.some((line, index) => line.trim().length > 64 || (line.trim().length < 64 && index < lines.length - 1))
    )
      this.repairs.add("lines of other lengths than 64");
  }

  private position(offset: number): Position {
    const before = this.text.slice(0, offset).split(/\r\n|\n|\r/);
    return { line: before.length, column: (before[before.length - 1]?.length ?? 0) + 1 };
  }

  private error(
    code: string,
    offset: number,
    text: string,
    details: { why?: string; remedy?: string; commands?: string[] },
  ): void {
    this.findings.push(finding(code, "error", this.subject, text, { ...details, at: this.position(offset) }));
  }
}
