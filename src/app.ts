/** What this device does: telemetry at QoS 1, commands on a topic, a retained word on whether it is there. */
import { driver } from "godwit:driver";
import { OUTBOX } from "godwit:features";
import type { Board } from "../boards/board.ts";
import type { ClockStatus } from "../modules/clock/clock.ts";
import type { Failure } from "../modules/failure.ts";
import { after, guard } from "../modules/guard.ts";
import type { Modem } from "../modules/modem/modem.ts";
import type { Client } from "../modules/mqtt/client.ts";
import type { PublishPacket } from "../modules/mqtt/types.ts";

/**
 * What travels as JSON; the receiver knows these names.
 * @public
 */
export interface Telemetry {
  /** V, °C; `time` s since 1970, a small number before the clock was set; s since power-on; `free` interpreter variables. */
  battery?: number | undefined;
  temperature: number;
  rat?: string | undefined;
  rsrpDbm?: number | undefined;
  rssiDbm?: number | undefined;
  time: number;
  uptimeS: number;
  free: number;
}

/** @public */
export interface RemoteCommand {
  cmd?: string;
  /** For `interval`. */
  seconds?: number;
}

/** @public */
export interface CommandResult {
  cmd: string;
  /** A code of docs/errors.md. */
  error?: string | undefined;
}

const MAX_INTERVAL_S = 604800;
/** Long enough for the PUBACK of the command to leave: it must not come again after the reboot. */
const REBOOT_MS = 5000;

/** `topic`: what the topics of this device begin with, slash included. */
export function startApp(
  board: Board,
  modem: Modem,
  clock: ClockStatus,
  client: Client,
  topic: string,
  intervalS: number,
): void {
  let timer = 0;
  /** `online` is under way. */
  let isAnnounced = false;

  function report(): void {
    if (timer) clearTimeout(timer);
    timer = after(intervalS * 1000, report);
    // Offline the modem has other things to do. A reading is worth keeping where it outlives that.
    if (!client.connected) {
      if (OUTBOX) publish([]);
    } else modem.script([driver.signal], (_, lines) => publish(lines));
  }

  function publish(lines: string[]): void {
    const memory = process.memory(false);
    const signal = driver.readSignal(lines);
    const telemetry: Telemetry = {
      battery: board.batteryV && Math.round(board.batteryV() * 100) / 100,
      temperature: Math.round(E.getTemperature() * 10) / 10,
      rat: signal.rat,
      rsrpDbm: signal.rsrpDbm,
      rssiDbm: signal.rssiDbm,
      time: Math.round(getTime()),
      uptimeS: Math.round(getTime() - clock.startedS),
      free: memory.free,
    };
    client.publish(`${topic}telemetry`, JSON.stringify(telemetry), { qos: 1 });
  }

  function execute(cmd: unknown, seconds: unknown, isRetained: boolean): string | undefined {
    if (cmd === "report") after(0, report);
    else if (cmd === "interval") {
      if (typeof seconds != "number" || !(seconds >= 1 && seconds <= MAX_INTERVAL_S)) return "COMMAND_RANGE";
      intervalS = seconds;
      after(0, report);
    } else if (cmd === "reboot") {
      // A retained reboot would reboot for ever.
      if (isRetained) return "COMMAND_RETAINED";
      after(REBOOT_MS, () => E.reboot());
    } else return "COMMAND_UNKNOWN";
    return undefined;
  }

  function onCommand(payload: string, packet: PublishPacket): void {
    let command: RemoteCommand | undefined;
    try {
      command = JSON.parse(payload) as RemoteCommand;
    } catch (_) {
      // Answered below, as any other thing that is not a command.
    }
    const isCommand = command && typeof command == "object";
    const cmd = isCommand && (command as RemoteCommand).cmd;
    const error = isCommand ? execute(cmd, (command as RemoteCommand).seconds, packet.retain) : "COMMAND_FORMAT";
    const result: CommandResult = { cmd: typeof cmd == "string" ? cmd.substr(0, 32) : "", error };
    client.publish(`${topic}result`, JSON.stringify(result), { qos: 1 });
  }

  client.on("message", (heard: string, payload: string, packet: PublishPacket) => {
    if (heard == `${topic}command`) guard(onCommand, payload, packet);
  });
  /** Queued while there is no connection, so that it leaves with the SUBSCRIBE in one send. */
  function announce(): void {
    if (isAnnounced) return;
    isAnnounced = true;
    client.publish(`${topic}status`, "online", { qos: 1, retain: true }, () => {
      isAnnounced = false;
    });
  }

  client.on("connect", () => guard(report));
  client.on("close", () => guard(announce));
  client.subscribe(`${topic}command`, { qos: 1 }, (error?: Failure) => {
    if (error) print(`subscribe ${error.code}`);
  });
  announce();
}
