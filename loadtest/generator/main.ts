/**
 * The load generator as a process of its own, so that its CPU is counted apart and the platform is never blocked by it:
 * a LoadPlan as JSON on standard input; on standard output one line for each accepted message and at last the summary.
 * It speaks to the loopback only.
 */
import { type LoadPlan, runLoad } from "./run-load.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
const LINES_A_WRITE = 1_000;

const plan = (await Bun.stdin.json()) as LoadPlan;
if (!LOOPBACK.includes(plan.hostname)) throw new Error(`Cannot load ${plan.hostname}: only the loopback is allowed`);
const { summary, accepted } = await runLoad(plan);

const out = Bun.stdout.writer();
for (let from = 0; from < accepted.length; from += LINES_A_WRITE) {
  for (const message of accepted.slice(from, from + LINES_A_WRITE)) out.write(`${JSON.stringify(message)}\n`);
  await out.flush();
}
out.write(`${JSON.stringify({ summary })}\n`);
await out.end();
process.exit(0);
