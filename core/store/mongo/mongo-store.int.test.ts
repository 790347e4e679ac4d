import { systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import { describeStore } from "../store.conformance.ts";
import { openMongoStore } from "./open-mongo-store.ts";
import { setupMongoSchemaAt } from "./schema.ts";

/** One writer shows waiting for it; four show several in flight. */
for (const writers of [1, 4]) {
  describeStore(`mongo, ${writers} writers`, async () => {
    const servers = await openTestServers({ sets: 1, postgres: false });
    const [target] = servers.sets;
    if (target === undefined) throw new Error("No replica set was started");
    await setupMongoSchemaAt(target.uri, target.database);
    const set = "syd1" as SetId;
    return {
      set,
      openStore: () =>
        openMongoStore({
          set,
          region: "syd",
          uri: target.uri,
          database: target.database,
          clock: systemClock,
          random: systemRandom,
          log: silentLogger,
          owner: "conformance",
          writers,
        }),
      [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
    };
  });
}
