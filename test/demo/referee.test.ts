import assert from "node:assert/strict";
import { test } from "node:test";
import type { DemoFault } from "../../tools/demo/faults.ts";
import { createReferee, type Referee, type Verdict } from "../../tools/demo/referee.ts";

function judge(fault: DemoFault | undefined, once: number | undefined, play: (referee: Referee) => void): Verdict[] {
  const verdicts: Verdict[] = [];
  play(createReferee({ fault, once, onVerdict: (verdict) => verdicts.push(verdict) }));
  return verdicts;
}

const refusal = (code: string, inRow = 1) => ({ code, cause: undefined, inRow });

test("reports alone are not enough, nor is a command alone", () => {
  assert.deepEqual(
    judge(undefined, 2, (referee) => {
      referee.acknowledged();
      referee.acknowledged();
      referee.acknowledged();
    }),
    [],
  );
  assert.deepEqual(
    judge(undefined, 2, (referee) => {
      referee.executed();
      referee.acknowledged();
    }),
    [],
  );
});

test("enough of both ends with 0, once", () => {
  const verdicts = judge(undefined, 1, (referee) => {
    referee.executed();
    referee.acknowledged();
    referee.acknowledged();
    referee.timedOut(60);
  });
  assert.deepEqual(verdicts, [{ exitCode: 0, text: "1 report acknowledged, 1 command executed" }]);
});

test("without --once nothing ends", () => {
  assert.deepEqual(
    judge(undefined, undefined, (referee) => {
      referee.executed();
      for (let i = 0; i < 100; i++) referee.acknowledged();
    }),
    [],
  );
});

test("a fault that never happened is not overcome, nor one after which nothing was acknowledged", () => {
  assert.deepEqual(
    judge("drop", 1, (referee) => {
      referee.executed();
      referee.acknowledged();
      referee.struck();
    }),
    [],
  );
  const [verdict] = judge("drop", 1, (referee) => {
    referee.executed();
    referee.acknowledged();
    referee.struck();
    referee.acknowledged();
  });
  assert.equal(verdict?.exitCode, 0);
});

test("two refusals end with 1 and the first, best explained cause", () => {
  const verdicts = judge("expired", 3, (referee) => {
    referee.failed(refusal("NET_REGISTRATION"));
    referee.failed(refusal("TLS_FILE"));
    referee.failed(refusal("TLS_REFUSED", 2));
  });
  assert.deepEqual(
    verdicts.map(({ exitCode, failure }) => [exitCode, failure?.code]),
    [[1, "TLS_FILE"]],
  );
});

test("a connection that had to be refused is worse than a failure", () => {
  assert.deepEqual(
    judge("unknown-ca", undefined, (referee) => referee.connected()).map(({ exitCode }) => exitCode),
    [3],
  );
});

test("time that runs out ends with 1 and the newest failure", () => {
  const [verdict] = judge(undefined, 3, (referee) => {
    referee.failed(refusal("SIM_ABSENT"));
    referee.timedOut(60);
  });
  assert.equal(verdict?.exitCode, 1);
  assert.equal(verdict?.failure?.code, "SIM_ABSENT");
});
