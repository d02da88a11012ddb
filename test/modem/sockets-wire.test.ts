/** Sockets against a table: forms and orders of answers that a well-behaved modem does not show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../../modules/failure.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";
import { codeOf, type ScriptedRig, startScripted } from "../support/engine-rig.ts";
import type { Reply, Script } from "../support/scripted-modem.ts";

const LIMIT = { timeout: 20_000 };

interface Opened {
  readonly error: Failure | undefined;
  readonly transport: Transport | undefined;
  readonly data: string[];
  readonly closed: (Failure | undefined)[];
}

function open(rig: ScriptedRig, host = "broker.test"): Promise<Opened> {
  return new Promise((resolve) =>
    rig.sockets.open("tls", host, 8883, (error, transport) => {
      const data: string[] = [];
      const closed: (Failure | undefined)[] = [];
      if (transport) {
        transport.onData = (bytes) => void data.push(bytes);
        transport.onClose = (cause) => void closed.push(cause && { ...cause });
      }
      resolve({ error: error && { ...error }, transport, data, closed });
    }),
  );
}

async function withModem(script: Script, run: (rig: ScriptedRig) => Promise<void>): Promise<void> {
  const rig = await startScripted(script);
  try {
    await run(rig);
  } finally {
    rig.stop();
  }
}

const idOf = (part: string): string => /^\+QSSL\w+=(?:1,1,)?(\d+)/.exec(part)?.[1] ?? "";
const isOpen = (part: string): boolean => part.startsWith("+QSSLOPEN=");
const opensWith = (cause: number, part: string): Reply => ({ behind: [`+QSSLOPEN: ${idOf(part)},${cause}`] });

/** Opens succeed; a read gives the next of `pieces`, then 0. */
function serving(pieces: string[]): Script {
  return (part) => {
    if (isOpen(part)) return opensWith(0, part);
    if (!part.startsWith("+QSSLRECV=")) return undefined;
    const raw = pieces.shift();
    return raw === undefined ? { lines: ["+QSSLRECV: 0"] } : { lines: [`+QSSLRECV: ${raw.length}`], raw };
  };
}

const reads = (rig: ScriptedRig): number => rig.far.parts.filter((part) => part.startsWith("+QSSLRECV=")).length;

test("nothing is read before a URC says so; a short piece needs no second question", LIMIT, () =>
  withModem(serving(["hello"]), async (rig) => {
    const { data } = await open(rig);
    await rig.wait(5000);
    assert.equal(reads(rig), 0);
    rig.far.say('+QSSLURC: "recv",0');
    await rig.wait(100);
    assert.deepEqual(data, ["hello"]);
    assert.equal(reads(rig), 1, "one exchange");
  }),
);

test("a full piece is followed by another question", LIMIT, () =>
  withModem(serving(["x".repeat(768), "y".repeat(768), "z"]), async (rig) => {
    const { data } = await open(rig);
    rig.far.say('+QSSLURC: "recv",0');
    await rig.wait(1000);
    assert.equal(data.join(""), `${"x".repeat(768)}${"y".repeat(768)}z`);
    assert.equal(reads(rig), 3);
  }),
);

test("a URC that was lost costs nothing but poll()", LIMIT, () =>
  withModem(serving(["hello"]), async (rig) => {
    const { transport, data } = await open(rig);
    transport?.poll();
    await rig.wait(100);
    assert.deepEqual(data, ["hello"]);
    transport?.poll();
    await rig.wait(100);
    assert.equal(reads(rig), 2, "once a call");
  }),
);

test("data that are there before the open's result is known are read behind it", LIMIT, () =>
  withModem(
    (part) =>
      isOpen(part)
        ? { behind: ['+QSSLURC: "recv",0', "+QSSLOPEN: 0,0"] }
        : part.startsWith("+QSSLRECV=")
          ? { lines: ["+QSSLRECV: 2"], raw: "hi" }
          : undefined,
    async (rig) => {
      const { data } = await open(rig);
      await rig.wait(100);
      assert.deepEqual(data, ["hi"]);
    },
  ),
);

test("a URC for a socket that is not there, or with no id, does nothing", LIMIT, () =>
  withModem(serving([]), async (rig) => {
    await open(rig);
    for (const line of ['+QSSLURC: "recv",7', '+QSSLURC: "recv",', '+QSSLURC: "closed",9', '+QSSLURC: "closed"']) {
      rig.far.say(line);
    }
    await rig.wait(100);
    assert.equal(reads(rig), 0);
  }),
);

test("closed by the peer with data left: everything is read, then the end", LIMIT, () =>
  withModem(serving(["x".repeat(768), "rest"]), async (rig) => {
    const { data, closed } = await open(rig);
    rig.far.say('+QSSLURC: "closed",0');
    await rig.wait(1000);
    assert.equal(data.join("").length, 772);
    assert.deepEqual(
      closed.map((cause) => cause?.code),
      ["SOCKET_CLOSED"],
    );
    assert.ok(rig.far.parts.includes("+QSSLCLOSE=0"));
  }),
);

test("an end that is told before the open's result is that of an earlier life of the id", LIMIT, () => {
  const serve = serving(["hello"]);
  const script: Script = (part) =>
    isOpen(part) ? { behind: ['+QSSLURC: "closed",0', "+QSSLOPEN: 0,0"] } : serve(part);
  return withModem(script, async (rig) => {
    const { data, closed } = await open(rig);
    rig.far.say('+QSSLURC: "recv",0');
    await rig.wait(100);
    assert.deepEqual([data, closed], [["hello"], []]);
  });
});

test("the result of an open may take minutes; the id is reserved until it comes", LIMIT, () =>
  withModem(
    (part) => {
      if (part.startsWith("+QSSLOPEN=1,1,0")) return { behind: ["+QSSLOPEN: 0,0"], afterMs: 120_000 };
      return isOpen(part) ? opensWith(0, part) : undefined;
    },
    async (rig) => {
      const both = await Promise.all([open(rig), open(rig)]);
      assert.ok(both.every(({ transport }) => transport !== undefined));
      assert.deepEqual(rig.far.parts.filter(isOpen).map(idOf), ["0", "1"]);
    },
  ),
);

test("the result in front of OK is as good as behind it", LIMIT, () =>
  withModem(
    (part) => (isOpen(part) ? { lines: ["+QSSLOPEN: 0,0"] } : undefined),
    async (rig) => assert.ok((await open(rig)).transport),
  ),
);

test("no result at all: an AT_ code after the manual's 150 s, and the id is closed", LIMIT, () =>
  withModem(
    () => undefined,
    async (rig) => {
      const { error } = await open(rig);
      assert.match(error?.code ?? "", /^AT_/);
      assert.ok(rig.far.parts.includes("+QSSLCLOSE=0"));
    },
  ),
);

test("the result comes after the wait is over: it opens nothing, and the next open gets its own", LIMIT, () => {
  let isLate = true;
  return withModem(
    (part) => {
      if (!isOpen(part)) return undefined;
      const late = isLate;
      isLate = false;
      return late ? { afterMs: 170_000, behind: ["+QSSLOPEN: 0,0"] } : opensWith(566, part);
    },
    async (rig) => {
      const first = await open(rig);
      assert.match(first.error?.code ?? "", /^AT_/);
      await rig.wait(60_000);
      const second = await open(rig);
      assert.equal(second.error?.code, "TLS_REFUSED");
      assert.equal(second.transport, undefined);
    },
  );
});

test("an open that is refused at once is the modem's cause", LIMIT, () =>
  withModem(
    (part) => (isOpen(part) ? { result: "+CME ERROR: 58" } : undefined),
    async (rig) => {
      const { error } = await open(rig);
      assert.deepEqual([error?.code, error?.cause], ["AT_ERROR", "58"]);
    },
  ),
);

test("an id from an earlier life is closed and taken; a second refusal is an error", LIMIT, async () => {
  for (const times of [1, 2]) {
    let left = times;
    await withModem(
      (part) => (isOpen(part) ? opensWith(left-- > 0 ? 563 : 0, part) : undefined),
      async (rig) => {
        const { error, transport } = await open(rig);
        if (times === 1) assert.ok(transport);
        else assert.deepEqual([error?.code, error?.cause], ["SOCKET_OPEN", 563]);
        assert.deepEqual(
          rig.far.parts.slice(0, 3).map((part) => part.split("=")[0]),
          ["+QSSLOPEN", "+QSSLCLOSE", "+QSSLOPEN"],
        );
      },
    );
  }
});

for (const [cause, code] of [
  [550, "SOCKET_OPEN"],
  [552, "SOCKET_WORN"],
  [565, "NET_DNS"],
  [566, "TLS_REFUSED"],
  [569, "SOCKET_OPEN"],
] as const) {
  test(`open answered with ${cause} is ${code}, with cause and peer, and the id is closed`, LIMIT, () =>
    withModem(
      (part) => (isOpen(part) ? opensWith(cause, part) : undefined),
      async (rig) => {
        const { error } = await open(rig);
        assert.deepEqual([error?.code, error?.cause], [code, cause]);
        assert.ok(String(error?.command).includes("broker.test"));
        assert.ok(rig.far.parts.includes("+QSSLCLOSE=0"));
      },
    ),
  );
}

interface ReadCase {
  readonly says: string;
  readonly reply: Reply;
  /** What the user gets; undefined: the socket must end with an error. */
  readonly data: string | undefined;
}

const READS: readonly ReadCase[] = [
  { says: "nothing there", reply: { lines: ["+QSSLRECV: 0"] }, data: "" },
  { says: "no blank behind the colon", reply: { lines: ["+QSSLRECV:2"], raw: "hi" }, data: "hi" },
  { says: "results as data", reply: { lines: ["+QSSLRECV: 12"], raw: "\r\nOK\r\nERROR\n" }, data: "\r\nOK\r\nERROR\n" },
  { says: "a URC in front", reply: { lines: ['+QSSLURC: "recv",0', "+QSSLRECV: 2"], raw: "hi" }, data: "hi" },
  { says: "a URC with its front cut off", reply: { lines: ['v",1', "+QSSLRECV: 2"], raw: "hi" }, data: "hi" },
  { says: "a count that is none", reply: { lines: ["+QSSLRECV: x"], raw: "hi" }, data: undefined },
  { says: "more than was asked for", reply: { lines: ["+QSSLRECV: 9000"], raw: "hi" }, data: undefined },
  { says: "no header", reply: { lines: [], raw: "hi" }, data: undefined },
  { says: "ERROR", reply: { result: "ERROR" }, data: undefined },
];

for (const { says, reply, data } of READS) {
  test(`read: ${says}`, LIMIT, () => {
    let isRead = false;
    return withModem(
      (part) => {
        if (isOpen(part)) return opensWith(0, part);
        if (!part.startsWith("+QSSLRECV=")) return undefined;
        const next = isRead ? { lines: ["+QSSLRECV: 0"] } : reply;
        isRead = true;
        return next;
      },
      async (rig) => {
        const socket = await open(rig);
        socket.transport?.poll();
        await rig.wait(10_000);
        assert.equal(socket.data.join("").slice(0, 12), data ?? "");
        assert.equal(socket.closed.length, data === undefined ? 1 : 0);
        if (data === undefined) assert.match(socket.closed[0]?.code ?? "", /^AT_/);
      },
    );
  });
}

test("a write longer than one send goes in pieces, in order, one behind the other", LIMIT, () =>
  withModem(
    (part) => {
      if (isOpen(part)) return opensWith(0, part);
      const size = /^\+QSSLSEND=\d+,(\d+)/.exec(part)?.[1];
      return size === undefined ? undefined : { prompt: ">", bytes: Number(size), result: "SEND OK" };
    },
    async (rig) => {
      const { transport } = await open(rig);
      const bytes = Array.from({ length: 3000 }, (_, index) => String.fromCharCode(index % 256)).join("");
      assert.equal(await codeOf((done) => transport?.write(bytes, done)), "");
      const sent = rig.far.written.filter((line) => line.startsWith("<")).map((line) => line.slice(1, -1));
      assert.deepEqual(
        sent.map((piece) => piece.length),
        [1460, 1460, 80],
      );
      assert.equal(sent.join(""), bytes);
    },
  ),
);

test("ERROR in place of the prompt: not a byte is sent, and the socket ends", LIMIT, () =>
  withModem(
    (part) => {
      if (isOpen(part)) return opensWith(0, part);
      return part.startsWith("+QSSLSEND=") ? { result: "ERROR" } : undefined;
    },
    async (rig) => {
      const { transport, closed } = await open(rig);
      assert.equal(await codeOf((done) => transport?.write("AT+QPOWD\r", done)), "SOCKET_CLOSED");
      await rig.wait(100);
      assert.ok(!rig.far.parts.includes("+QPOWD"));
      assert.equal(closed[0]?.code, "SOCKET_CLOSED");
    },
  ),
);

test("dropAll ends each socket once and without a word to the modem", LIMIT, () =>
  withModem(serving([]), async (rig) => {
    const sockets = [await open(rig), await open(rig)];
    const before = rig.far.parts.length;
    rig.sockets.dropAll({ code: "NET_PDP" });
    rig.sockets.dropAll({ code: "NET_PDP" });
    await rig.wait(1000);
    for (const { transport, closed } of sockets) {
      assert.deepEqual(
        closed.map((cause) => cause?.code),
        ["NET_PDP"],
      );
      assert.equal(await codeOf((done) => transport?.write("x", done)), "SOCKET_CLOSED");
    }
    assert.equal(rig.far.parts.length, before);
  }),
);
