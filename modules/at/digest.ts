/**
 * Bytes from the modem -> lines, prompts and counted raw data. Pure: no timers, no I/O, no knowledge of commands.
 *
 * Lines end with LF; CR, CR CR and blanks around them are dropped, which covers echoes (`AT\r\r\nOK`) and S3/S4 at
 * their defaults (V.250, 6.2.1). Raw data is framed by count only: it may hold line ends, result codes and NULs.
 */
export interface Digest {
  feed(chunk: string): void;
  /** Wanted prompt. One character (`>`, `@`) needs no line end; a word (`CONNECT`) is a line. */
  prompt: string | undefined;
  /** So many bytes that follow are data. To be set in `onLine`, for the line that announces them. */
  need: number;
  /** Bytes of over-long lines thrown away. */
  lost: number;
}

/** Longest line kept. The longest that the drivers ask for are TLS settings read back, under 100. */
const MAX_LINE = 512;

/**
 * `onLine`: a line without its end and without blanks around it, never empty. `onPrompt`: the prompt that was wanted; it
 * is wanted no longer. `onRaw`: all the bytes that were needed.
 */
export function createDigest(
  onLine: (line: string) => void,
  onPrompt: () => void,
  onRaw: (data: string) => void,
): Digest {
  let tail = "";
  let raw = "";
  let isSkipping = false;

  /** The echo may stand in front of the prompt with only a CR between them (`AT+X\r>`). */
  function isPrompt(text: string): boolean {
    return !!digest.prompt && (text.split("\r").pop() as string).trim() == digest.prompt;
  }

  function takePrompt(): void {
    digest.prompt = undefined;
    onPrompt();
  }

  function takeLine(whole: string): void {
    const line = whole.trim();
    if (isSkipping || whole.length > MAX_LINE) digest.lost += whole.length;
    else if (isPrompt(line)) takePrompt();
    else if (line) onLine(line);
    isSkipping = false;
  }

  function feed(chunk: string): void {
    while (chunk) {
      if (digest.need) {
        const part = chunk.substr(0, digest.need);
        digest.need -= part.length;
        raw += part;
        chunk = chunk.substr(part.length);
        if (digest.need) return;
        onRaw(raw);
      }
      const text = tail + chunk;
      const lines = text.split("\n");
      let read = 0;
      tail = lines.pop() as string;
      chunk = raw = "";
      for (const line of lines) {
        read += line.length + 1;
        takeLine(line);
        if (digest.need) {
          // That line announced data, so what follows it is not text: read again from there.
          tail = "";
          chunk = text.substr(read);
          break;
        }
      }
    }
    // A word as prompt waits for its line end: `CONNECT` may still become `CONNECT FAIL`.
    if (isPrompt(tail) && (digest.prompt as string).length == 1) {
      tail = "";
      takePrompt();
    } else if (tail.length > MAX_LINE) {
      digest.lost += tail.length;
      tail = "";
      isSkipping = true;
    }
  }

  const digest: Digest = { feed, prompt: undefined, need: 0, lost: 0 };
  return digest;
}
