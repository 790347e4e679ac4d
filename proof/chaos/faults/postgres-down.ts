/** SIGKILL of PostgreSQL: messages do not need it, and the projector catches up. */
import { between } from "../../seeded-random.ts";
import type { Fault } from "./fault.ts";

const DOWN_MS = { from: 3_000, to: 10_000 };

export const postgresDown: Fault = {
  name: "postgres-down",
  available: () => undefined,
  async cause({ stack, watch, clock, random, onHeal, detail }) {
    const { postgres } = stack.platform;
    const { pid } = postgres;
    detail({ pid });
    onHeal(async () => {
      if (postgres.pid === undefined) await postgres.restart();
    });
    const before = watch.finals;
    await postgres.kill();
    await clock.sleep(between(random, DOWN_MS.from, DOWN_MS.to));
    const isDown = postgres.pid === undefined;
    await watch.catchUp();
    const evidence = `PostgreSQL ${pid} was killed; ${watch.finals - before} messages became final without it`;
    return { happened: isDown && watch.finals > before, evidence };
  },
};
