/** What may happen to a device and its broker, for fast-check; shrinking leaves out what is not needed. */
import fc from "fast-check";
import type { QoS } from "../../modules/mqtt/types.ts";
import type { World } from "./mqtt-model.ts";

export type Command = readonly [name: keyof typeof actions, ...numbers: number[]];

/** Numbers stand for whatever the command takes. */
const actions = {
  publish: (world: World, [qos = 0, size = 0]: number[]) => world.publish(qos as QoS, size),
  down: (world: World, [qos = 0, echo = 0]: number[]) => world.publishDown(qos as QoS, echo === 0),
  attach: (world: World) => world.attach(),
  written: (world: World) => world.written(),
  giveUp: (world: World, [count = 0]: number[]) => world.giveUp(count),
  giveDown: (world: World, [count = 0, cut = 0]: number[]) => world.giveDown(count, cut),
  run: (world: World, [times = 0]: number[]) => {
    for (let i = 0; i < times; i++) world.run();
  },
  drop: (world: World, [up = 0, down = 0]: number[]) => world.drop(up, down),
  restart: (world: World, [lose = 0]: number[]) => world.restart(lose !== 0),
  reset: (world: World, [up = 0]: number[]) => world.reset(up),
  resetAtWrite: (world: World, [writes = 0, handed = 0]: number[]) => world.resetAtWrite(writes, handed !== 0),
  power: (world: World, [steps = 0, seed = 0]: number[]) => world.powerFailsAfter(steps, seed || undefined),
};

const upTo = (max: number) => fc.integer({ min: 0, max });
const qos = fc.constantFrom(1, 2, 2, 0);

const usual: fc.WeightedArbitrary<Command>[] = [
  { weight: 12, arbitrary: fc.tuple(fc.constant("publish" as const), qos, fc.oneof(upTo(30), upTo(200))) },
  { weight: 6, arbitrary: fc.tuple(fc.constant("down" as const), qos, upTo(4)) },
  { weight: 4, arbitrary: fc.constant(["attach"] as const) },
  { weight: 8, arbitrary: fc.constant(["written"] as const) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("giveUp" as const), upTo(5)) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("giveDown" as const), upTo(5), fc.integer({ min: -20, max: 40 })) },
  { weight: 10, arbitrary: fc.tuple(fc.constant("run" as const), upTo(4)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("drop" as const), upTo(4), upTo(4)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("restart" as const), upTo(3)) },
];
/** What a client without a store cannot come through. */
const hard: fc.WeightedArbitrary<Command>[] = [
  { weight: 2, arbitrary: fc.tuple(fc.constant("reset" as const), upTo(4)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("resetAtWrite" as const), upTo(4), upTo(1)) },
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.constant("power" as const),
      fc.oneof(upTo(20), upTo(100), upTo(600)),
      fc.oneof(fc.constant(0), upTo(1e6)),
    ),
  },
];

export interface Scenario {
  maxInflight: number;
  /** Which flash the device begins with. */
  flash: number;
  commands: Command[];
}

export const scenarios = (isDurable: boolean, maxLength = 80): fc.Arbitrary<Scenario> =>
  fc.record({
    maxInflight: fc.constantFrom(1, 2, 3, 8),
    flash: upTo(6),
    commands: fc.array(fc.oneof(...(isDurable ? [...usual, ...hard] : usual)), { maxLength, size: "max" }),
  });

export function perform(world: World, commands: readonly Command[]): void {
  for (const [name, ...numbers] of commands) actions[name](world, numbers);
}
