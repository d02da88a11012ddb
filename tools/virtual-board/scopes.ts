import { Session } from "node:inspector";
import type { RealmObject } from "./realm.ts";

/** One scope of a function, with the variables that it holds now. */
export interface Scope {
  readonly description: string;
  readonly object: RealmObject;
}

interface RemoteObject {
  readonly objectId?: string;
  readonly description?: string;
}
interface Property {
  readonly name: string;
  readonly value?: RemoteObject;
}
interface Properties {
  readonly result: readonly Property[];
  readonly internalProperties?: readonly Property[];
}

const SLOT = Symbol.for("virtual-board.scopes");

/**
 * The variables that a function has captured: JavaScript cannot ask for them, V8's inspector can. Only what V8 keeps
 * is seen, that is variables that some inner function uses; Espruino keeps all of the outer function's.
 */
export class ScopeReader {
  private readonly session = new Session();
  private found: Scope[] = [];

  constructor() {
    this.session.connect();
  }

  close(): void {
    this.session.disconnect();
    Reflect.deleteProperty(globalThis, SLOT);
  }

  private post<T>(method: string, params: object): T | undefined {
    let answer: T | undefined;
    this.session.post(method, params, (error: Error | null, result?: object) => {
      if (error === null) answer = result as T;
    });
    return answer;
  }

  read(fn: object): readonly Scope[] {
    this.found = [];
    Reflect.set(globalThis, SLOT, { fn, take: (scope: Scope) => this.found.push(scope) });
    const expression = 'globalThis[Symbol.for("virtual-board.scopes")]';
    const slot = this.evaluate(expression);
    const target = this.evaluate(`${expression}.fn`);
    const scopes = this.properties(target)?.internalProperties?.find(({ name }) => name === "[[Scopes]]");
    for (const { value } of this.properties(scopes?.value?.objectId)?.result ?? []) {
      if (value?.objectId === undefined || !/^(Closure|Block|Catch|Script)/.test(value.description ?? "")) continue;
      this.post("Runtime.callFunctionOn", {
        objectId: value.objectId,
        functionDeclaration: "function (slot) { slot.take(this); }",
        arguments: [{ objectId: slot }],
      });
    }
    this.post("Runtime.releaseObjectGroup", { objectGroup: "scopes" });
    return this.found;
  }

  private evaluate(expression: string): string | undefined {
    const answer = this.post<{ result: RemoteObject }>("Runtime.evaluate", { expression, objectGroup: "scopes" });
    return answer?.result.objectId;
  }

  private properties(objectId: string | undefined): Properties | undefined {
    return objectId === undefined
      ? undefined
      : this.post<Properties>("Runtime.getProperties", { objectId, ownProperties: true });
  }
}
