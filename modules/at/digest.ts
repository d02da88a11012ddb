/**
 * Bytes from the modem -> lines, prompts and counted raw data. Pure: no timers, no I/O, no knowledge of commands.
 *
 * Lines end with LF; CR, CR CR and blanks around them are dropped, which covers echoes (`AT\r\r\nOK`) and S3/S4 at
 * their defaults (V.250, 6.2.1). Raw data is framed by count only: it may hold line ends, result codes and NULs.
 */
export interface DigestSink {
  /** A line without its end and without blanks around it; never empty. */
  onLine(line: string): void;
  /** The expected prompt stands at the end of what has come. */
  onPrompt(): void;
  /** All the bytes asked for by `expectRaw`. */
  onRaw(data: string): void;
  /** Bytes thrown away: a line longer than MAX_LINE. */
  onLost(count: number): void;
}

export interface Digest {
  feed(chunk: string): void;
  /** A one-character prompt (`>`, `@`) needs no line end; a word (`CONNECT`) is a line. Nothing ends the wait. */
  expectPrompt(prompt?: string): void;
  /** The next `count` bytes are data. To be called from `onLine`, for the line that announces them; 0 ends the wait. */
  expectRaw(count: number): void;
}

/** Longest line kept. The longest that the drivers ask for are TLS settings read back, under 100. */
const MAX_LINE = 512;

export function createDigest(sink: DigestSink): Digest {
  let tail = "";
  let raw = "";
  let need = 0;
  let prompt: string | undefined;
  let skipping = false;

  /** Takes what raw data needs from the front of `chunk`; returns what stands behind it. */
  function takeRaw(chunk: string): string {
    const taken = need;
    if (chunk.length < taken) {
      raw += chunk;
      need -= chunk.length;
      return "";
    }
    const data = raw + chunk.substr(0, taken);
    raw = "";
    need = 0;
    sink.onRaw(data);
    return chunk.substr(taken);
  }

  /** The echo may stand in front of the prompt with only a CR between them (`AT+X\r>`). */
  function isPrompt(text: string): boolean {
    return !!prompt && (text.split("\r").pop() as string).trim() == prompt;
  }

  function takeLine(line: string): void {
    if (skipping || line.length > MAX_LINE) {
      skipping = false;
      sink.onLost(line.length);
      return;
    }
    line = line.trim();
    if (isPrompt(line)) {
      prompt = undefined;
      sink.onPrompt();
    } else if (line) sink.onLine(line);
  }

  function takeTail(): void {
    // A word as prompt waits for its line end: `CONNECT` may still become `CONNECT FAIL`.
    if (isPrompt(tail) && (prompt as string).length == 1) {
      prompt = undefined;
      tail = "";
      sink.onPrompt();
    } else if (tail.length > MAX_LINE) {
      sink.onLost(tail.length);
      tail = "";
      skipping = true;
    }
  }

  function feed(chunk: string): void {
    while (chunk) {
      if (need) chunk = takeRaw(chunk);
      const text = tail + chunk;
      const lines = text.split("\n");
      let read = 0;
      tail = lines.pop() as string;
      chunk = "";
      for (const line of lines) {
        read += line.length + 1;
        takeLine(line);
        if (need) {
          // That line announced data, so what follows it is not text: read again from there.
          tail = "";
          chunk = text.substr(read);
          break;
        }
      }
    }
    if (!need) takeTail();
  }

  return {
    feed,
    expectPrompt(expected) {
      prompt = expected;
    },
    expectRaw(count) {
      need = count;
      raw = "";
    },
  };
}
