/** SIGKILL of a process of a role, when there is work of its own in hand; it is started again soon after. */
import { pick } from "#domain/random.ts";
import { between } from "../../seeded-random.ts";
import type { Load } from "../load/open-load.ts";
import type { Fault, FaultContext } from "./fault.ts";
import { waitingOn } from "./waiting-on.ts";

const WORK_BOUND_MS = 5_000;
const READY_BOUND_MS = 60_000;
const DOWN_MS = { from: 200, to: 4_000 };
const LOOK_EVERY_MS = 10;

/** What each role has in hand: a kill with nothing in hand would prove nothing. */
interface Victim<L> {
  readonly name: string;
  /** Processes of the role; one is picked. */
  readonly processes: readonly string[];
  readonly inHand: (context: FaultContext<L>) => Promise<number>;
  readonly stopsAcceptance?: true;
}

/** Whoever sends. */
export const killRoleFaults: readonly Fault<unknown>[] = [
  toFault({
    name: "kill-worker",
    processes: ["worker", "worker-2"],
    inHand: ({ stack }) => waitingOn(stack.stores, /^(?:inbox\.|receipts|replies|relay)/),
  }),
  toFault({
    name: "kill-connectors",
    processes: ["connectors", "connectors-2"],
    inHand: ({ stack }) => waitingOn(stack.stores, /^submit\./),
  }),
  toFault({
    name: "kill-projector",
    processes: ["projector"],
    inHand: ({ watch }) => Promise.resolve(watch.open.size),
  }),
];

export const killEdge: Fault = toFault<Load>({
  name: "kill-edge",
  processes: ["edge"],
  inHand: ({ load }) => Promise.resolve(load.openRequests),
  stopsAcceptance: true, // there is only one here
});

function toFault<L>(victim: Victim<L>): Fault<L> {
  return {
    name: victim.name,
    ...(victim.stopsAcceptance && { stopsAcceptance: true }),
    available: () => undefined,
    cause: (context) => kill(context, victim),
  };
}

async function kill<L>(context: FaultContext<L>, victim: Victim<L>) {
  const { clock, random, stack } = context;
  const name = pick(victim.processes, random) ?? "";
  const role = stack.role(name);
  const { pid } = role;
  context.detail({ process: name, pid });
  context.onHeal(async () => {
    if (!role.alive) await role.restart();
    await role.waitForReady(READY_BOUND_MS);
  });
  const limit = clock.monotonic() + WORK_BOUND_MS;
  let inHand = 0;
  while (inHand === 0 && clock.monotonic() < limit) {
    inHand = await victim.inHand(context);
    if (inHand === 0) await clock.sleep(LOOK_EVERY_MS);
  }
  await role.kill();
  const exit = await role.exited;
  await clock.sleep(between(random, DOWN_MS.from, DOWN_MS.to));
  await context.heal();
  const happened = exit.signal === "SIGKILL" && inHand > 0 && role.pid !== pid;
  return { happened, evidence: `${name} ${pid} ended by ${exit.signal} with ${inHand} in hand; ${role.pid} goes on` };
}
