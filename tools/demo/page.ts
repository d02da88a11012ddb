/** The page on the demo: what the console server shows of it, and what the page may do to it. */
import { startConsolePort } from "../console/console-port.ts";
import type { PanelMessage } from "../console/messages.ts";
import { openBrowser } from "../console/open-browser.ts";
import type { Panel } from "../console/panel-socket.ts";
import { startConsole } from "../console/server.ts";
import { type Pace, virtualDesk } from "../console/virtual-desk.ts";
import type { BoardState, Demo } from "./demo.ts";
import type { Entry, Mark } from "./entry.ts";
import { MODEL } from "./stage.ts";
import { createStory } from "./story.ts";

/** What the demo tells the page; made before the demo is, which tells from its first moment on. */
export interface PageFeed {
  entry(entry: Entry): void;
  faults(): void;
  board(state: BoardState): void;
  /** The panel of a demo. */
  panel(board: string, demo: Demo): Panel;
}

export function createFeed(): PageFeed {
  const story = createStory();
  const listeners = new Set<(message: PanelMessage) => void>();
  let state: BoardState = "off";
  let activeFaults: () => readonly string[] = () => [];

  function tell(message: PanelMessage): void {
    for (const listener of listeners) listener(message);
  }

  story.follow((entry) => tell({ type: "entry", entry }));
  return {
    entry: (entry) => story.add(entry),
    faults: () => tell({ type: "faults", active: activeFaults() }),
    board(next) {
      state = next;
      tell({ type: "board", state });
    },
    panel(board, demo) {
      activeFaults = () => demo.faults.filter(({ active }) => active).map(({ name }) => name);
      return {
        hello: () => ({ type: "hello", board, model: MODEL, faults: demo.faults }),
        boardState: () => state,
        story: story.entries,
        follow(listener) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
        ask(request) {
          if (request.type === "fault") demo.strike(request.name, request.on);
          else if (request.type === "power") demo.power(request.on);
          else demo.send(request.command);
        },
      };
    },
  };
}

export interface PageOptions {
  readonly board: string;
  /** Folder of the built page; undefined: there is none. */
  readonly web: string | undefined;
  readonly port: number;
  /** Undefined: none. */
  readonly consolePort: number | undefined;
  readonly opens: boolean;
  readonly pace: Pace;
  /** The file that the page flashes and reads stack traces with. */
  readonly imageFile: string;
  readonly note: (text: string, mark?: Mark) => void;
}

export interface Page {
  close(): Promise<void>;
}

function documents(demo: Demo, { imageFile }: PageOptions): Readonly<Record<string, () => string | undefined>> {
  return {
    "/image.json": () => imageFile,
    "/pki.json": () => demo.ownFiles && JSON.stringify(demo.ownFiles),
  };
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Serves the page on a demo that has started. What cannot be had is noted, and the demo goes on without it. */
export async function startPage(demo: Demo, feed: PageFeed, options: PageOptions): Promise<Page> {
  const { board, note, pace, web, consolePort } = options;
  const desk = virtualDesk(() => demo.board, pace);
  const parts: { close(): Promise<void> }[] = [];
  async function part(what: string, start: () => Promise<{ close(): Promise<void> }>): Promise<void> {
    try {
      parts.push(await start());
    } catch (error) {
      note(`no ${what}: ${reason(error)}`, "fault");
    }
  }

  if (web !== undefined) {
    await part("page", async () => {
      const server = await startConsole({
        port: options.port,
        web,
        documents: documents(demo, options),
        desk,
        panel: feed.panel(board, demo),
        boardName: `virtual ${board}`,
      });
      note(`the page: ${server.url}`, "good");
      if (options.opens) openBrowser(server.url);
      return server;
    });
  }
  if (consolePort !== undefined) {
    await part("console port", async () => {
      const onNote = (text: string): void => note(`console port: ${text}`);
      const wire = await startConsolePort({ port: consolePort, desk, onNote });
      note(`the board's console: npx godwit repl --port tcp:127.0.0.1:${wire.port}`);
      return wire;
    });
  }
  return {
    async close() {
      for (const each of parts) await each.close();
    },
  };
}
