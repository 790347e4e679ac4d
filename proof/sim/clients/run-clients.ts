/** The customers at work: each operation is tried, given up on and tried again as it was planned. */
import type { Random } from "#domain/random.ts";
import { between, oneOf } from "../../seeded-random.ts";
import type { Attempt, AttemptEnd, SendOperation } from "../history.ts";
import { sendByEdge } from "../roles/send-by-edge.ts";
import type { SimHost } from "../sim-host.ts";
import { SimProcess } from "../sim-process.ts";
import { reach } from "../sometimes.ts";
import type { World } from "../world.ts";
import type { ClientPlan, PlannedKeyword, PlannedOperation } from "./plan-operations.ts";

const LATENCY_MS = 3;
/** With back-off that is minutes: longer than any fault lasts. */
const TRIES_MAX = 60;

export interface Clients {
  readonly operations: readonly SendOperation[];
  readonly isDone: boolean;
}

export function startClients(world: World, plan: ClientPlan): Clients {
  const random = world.stream("clients");
  const process = new SimProcess({ name: "clients", time: world.time, random });
  const edges = world.hosts.filter(({ name }) => name.startsWith("edge"));
  let open = plan.operations.length + plan.keywords.length;
  const operations = plan.operations.map((planned) => {
    const { name, submission, key } = planned;
    const operation: SendOperation = { name, submission, key, attempts: [] };
    process.clock.after(planned.at, () => {
      void runOperation({ world, random, process, edges }, planned, operation).then(() => (open -= 1));
    });
    return operation;
  });
  const { slow } = plan;
  if (slow !== undefined) process.clock.after(slow.at, () => world.provider.dawdle(slow.ms));
  for (const keyword of plan.keywords) {
    process.clock.after(keyword.at, () => {
      open -= 1;
      say(world, keyword);
    });
  }
  return {
    operations,
    get isDone() {
      return open === 0;
    },
  };
}

function say({ provider, watch }: World, { word, account, handset }: PlannedKeyword): void {
  const pair = `${account.id}|${handset}`;
  watch.optOuts.said(word, pair);
  provider.say(handset, account.number, [word]);
}

interface ClientContext {
  readonly world: World;
  readonly random: Random;
  readonly process: SimProcess;
  readonly edges: readonly SimHost[];
}

async function runOperation(
  context: ClientContext,
  planned: PlannedOperation,
  operation: SendOperation,
): Promise<void> {
  const { random, process, edges } = context;
  let answers = 0;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const end = await attempt(context, { planned, operation, edge: oneOf(random, edges), isLast: tries > 4 });
    if (end.type === "accepted" && ++answers > (planned.repeats ? 1 : 0)) return;
    const isCertain = end.type !== "lost" && end.type !== "outcome_unknown" && end.type !== "accepted";
    if (end.type === "key_reused" || (planned.key === undefined && !isCertain)) return;
    await process.clock.sleep(between(random, 100, 1_200));
  }
}

function attempt(
  { world, process }: ClientContext,
  request: {
    readonly planned: PlannedOperation;
    readonly operation: SendOperation;
    readonly edge: SimHost;
    readonly isLast: boolean;
  },
): Promise<AttemptEnd> {
  const { planned, operation, edge, isLast } = request;
  const { time } = world;
  const record: Attempt = { edge: edge.name, at: time.now };
  operation.attempts.push(record);
  return new Promise((resolve) => {
    const end = (result: AttemptEnd): void => {
      if (record.end !== undefined) return;
      record.end = result;
      record.endAt = time.now;
      patience.cancel();
      note(world, operation, record);
      resolve(result);
    };
    // One without patience would never hear of what takes long.
    const patienceMs = isLast ? 30_000 : planned.patienceMs;
    const patience = process.clock.after(patienceMs, () => end({ type: "lost" }));
    time.after(LATENCY_MS, () => {
      const { running } = edge;
      if (running?.edge === undefined) {
        time.after(LATENCY_MS, () => end({ type: "not_sent" }));
        return;
      }
      const role = running.edge;
      running.process.onDeath(() => void time.after(LATENCY_MS, () => end({ type: "lost" })));
      running.process.deliver(() => {
        void sendByEdge(role, running.process.clock, planned).then(({ answer, places }) => {
          if (places > 1) reach(world.reached, "a key was moved to another set");
          time.after(LATENCY_MS, () => end(answer));
        });
      });
    });
  });
}

function note({ reached }: World, { attempts }: SendOperation, { edge, end }: Attempt): void {
  if (end?.type === "key_reused") reach(reached, "a key that was taken came with another content");
  if (end?.type === "outcome_unknown") reach(reached, "a client was told that the outcome is unknown");
  if (end?.type !== "accepted" || end.replayed !== true) return;
  reach(reached, "a key was replayed");
  if (attempts.some((one) => one.edge !== edge)) reach(reached, "a key was replayed by another edge");
}
