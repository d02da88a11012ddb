/** Optional packages: loaded when a port needs them, and said to be missing as what to do about it. */
import { PortError } from "./port.ts";

/** `load` imports the package `name`. Rejects with PORT_UNSUPPORTED. */
export async function optionalPackage<T>(name: string, what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new PortError("PORT_UNSUPPORTED", `${what} needs the package ${name}: npm install ${name} (${why})`);
  }
}
