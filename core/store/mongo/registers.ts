/** Small named documents that change by compare-and-set; read by their primary key, at a majority. */
import { MongoServerError } from "mongodb";
import type { Registers } from "../registers.ts";
import type { Collections } from "./documents.ts";
import type { Guard } from "./guard.ts";
import type { SetClock } from "./set-clock.ts";

const DUPLICATE_KEY = 11_000;

export function createRegisters({ registers }: Collections, guarded: Guard, setClock: SetClock): Registers {
  return {
    read: (name) =>
      guarded("read a register of", async () => {
        const found = await registers.findOne<{ version: number; body: string; now: Date }>(
          { _id: name },
          { projection: { version: 1, body: 1, now: "$$NOW" }, readConcern: { level: "majority" } },
        );
        // Where there is nothing to read, nothing says what time it is there.
        if (found === null) return { version: 0, body: undefined, now: setClock.now() };
        return { version: found.version, body: JSON.parse(found.body) as unknown, now: found.now.getTime() };
      }),
    replace: (name, version, body) =>
      guarded("write a register of", async () => {
        const next = { version: version + 1, body: JSON.stringify(body) };
        if (version > 0) {
          const { matchedCount } = await registers.updateOne({ _id: name, version }, { $set: next });
          return matchedCount === 1;
        }
        try {
          await registers.insertOne({ _id: name, ...next });
          return true;
        } catch (error) {
          if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
          throw error;
        }
      }),
  };
}
