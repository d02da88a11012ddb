/** `godwit modem`: a virtual modem on a TCP port. */
import { type Command, InvalidArgumentError } from "commander";
import { FAULTS } from "./faults.ts";

interface Options {
  family: string;
  model: string;
  tcp: number;
  listen: string;
  latency: number;
  baud: number;
  seed: number;
  pin?: string;
  nitz: boolean;
  roaming: boolean;
  denied: boolean;
  apn?: string;
  files?: string;
  fault: string[];
  trace: boolean;
  json: boolean;
}

const HELP = `
Connect anything that speaks AT: your own driver, a terminal, a serial-to-TCP bridge.

  godwit modem --tcp 7001 --trace
  socat -,raw,echo=0 TCP:127.0.0.1:7001              a terminal: type ATI, press Enter

What it does: boots with RDY, +CFUN: 1, APP RDY and the SIM's lines; registers after a while; its clock starts in
1980 and judges the dates of certificates; QNTP, QPING, TCP, UDP and TLS go to the real network, in buffer, push and
(TCP) transparent mode; a TCP LISTENER listens on this computer only; certificates come from its own file store
(AT+QFUPL, or --files). AT+QPOWD switches it off, connecting again switches it on.
What it does not do, and answers with ERROR or NO CARRIER: calls and PPP (ATD), CMUX, SMS, and MQTT, HTTP and FTP of
the module's own (AT+QMT..., AT+QHTTP..., AT+QFTP...). The satellite receiver goes on and off and never gets a fix.

Faults, now or at a command:
  --fault deaf:afterMs=30000                         silent after 30 s, until you connect again
  --fault "send-fail:nth=2"                          the second send says SEND FAIL
  --fault "drop:on=+QSSLSEND,nth=3"                  the connection dies at the third send
  --fault "urc:where=header,on=+QSSLRECV"            a URC in the middle of the answer's header
  --fault "late-answer:on=+QIACT,delayMs=160000"     an answer later than anybody waits
  --fault no-signal                                  no cell: never registers
  --fault sim-out:afterMs=60000,forMs=30000          the SIM is pulled out after a minute, and put back
All of them:
`;

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max)) throw new InvalidArgumentError(`${min} to ${max}`);
    return value;
  };
}

const collect = (value: string, before: string[]): string[] => [...before, value];

async function run(options: Options): Promise<void> {
  // Loaded here so that `godwit --help` does not pay for TLS and X.509.
  const [
    { createClock },
    { createVirtualModem, FAMILY_NAMES, parseFault },
    { loadFiles, saveFiles, serveModem },
    print,
    { CliError },
  ] = await Promise.all([
    import("../clock.ts"),
    import("./index.ts"),
    import("./server.ts"),
    import("./print.ts"),
    import("../cli/errors.ts"),
  ]);
  const usage = <T>(make: () => T): T => {
    try {
      return make();
    } catch (error) {
      throw new CliError("USAGE", error instanceof Error ? error.message : String(error), 2);
    }
  };
  const family = FAMILY_NAMES.find((name) => name === options.family);
  if (family === undefined)
    throw new CliError("USAGE", `no family ${options.family}; there is ${FAMILY_NAMES.join(", ")}`, 2);
  const faults = usage(() => options.fault.map(parseFault));
  const modem = usage(() =>
    createVirtualModem({
      family,
      model: options.model,
      clock: createClock(),
      latency: options.latency,
      baud: options.baud,
      seed: options.seed,
      sim: { pin: options.pin },
      network: { nitz: options.nitz, roaming: options.roaming, denied: options.denied, apn: options.apn },
      files: options.files === undefined ? undefined : loadFiles(options.files),
    }),
  );
  if (options.files !== undefined) saveFiles(options.files, modem);
  modem.on("event", (event) => {
    if (options.json) console.log(JSON.stringify(event));
    else {
      const text = print.eventText(event, options.trace);
      if (text !== undefined) console.log(`${print.timeText(event.at)}  ${text}`);
    }
  });
  const note = (text: string): void => {
    if (!options.json) console.log(text);
  };
  const served = await serveModem(modem, { port: options.tcp, address: options.listen, onNote: note });
  if (options.json) console.log(JSON.stringify({ type: "listening", address: served.address, port: served.port }));
  else note(`${modem.model} on ${served.address}:${served.port}, Ctrl-C ends it`);
  for (const { name, options: faultOptions } of faults) modem.fault(name, faultOptions);
  modem.powerOn();
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await served.close();
}

function faultTable(): string {
  return Object.entries(FAULTS)
    .map(([name, text]) => `  ${name.padEnd(15)} ${text}`)
    .join("\n");
}

export function register(program: Command): void {
  program
    .command("modem")
    .description("run a virtual modem whose UART is a TCP port")
    .option("--family <name>", "modem family", "quectel-bg9x")
    .option("--model <name>", "model of the family: BG96, BG95, BG77, EC25, EC21, EG91, EG800K", "BG96")
    .option("--tcp <port>", "port; 0 takes a free one", number(0, 65_535), 7001)
    .option("--listen <address>", "address to listen on", "127.0.0.1")
    .option("--latency <factor>", "1 = as slow as the real one, 0 = no waiting", number(0, 100), 1)
    .option("--baud <rate>", "pace bytes like a UART; 0 = do not", number(0, 4_000_000), 115_200)
    .option("--seed <number>", "for faults with random bytes", number(0, 0xffff_ffff), 1)
    .option("--pin <pin>", "the SIM asks for this PIN")
    .option("--no-nitz", "the network never tells the time")
    .option("--roaming", "register as a guest", false)
    .option("--denied", "registration is denied", false)
    .option("--apn <name>", "refuse any other APN")
    .option("--files <dir>", "folder that holds the modem's file store")
    .option("--fault <fault>", "name or name:option=value,... (repeatable)", collect, [])
    .option("--trace", "show commands, answers and URCs, secrets masked", false)
    .option("--json", "one event a line", false)
    .addHelpText("after", HELP + faultTable())
    .action((options: Options) => run(options));
}
