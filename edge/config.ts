/** The settings of an edge, from the environment that the main file passes in. Pure; strict; see docs/OPERATE.md. */
import { z } from "zod";
import { portSchema, readEnv, wholeNumber } from "#core/config/env.ts";
import { setsSchema } from "#core/config/sets.ts";
import { liveHeapSetting } from "#core/metrics/watch-process.ts";

const edgeSchema = z.object({
  /** Sets of the same region are preferred. */
  GODWIT_REGION: z.string({ error: "is required: the region of this process" }).min(1).max(32),
  GODWIT_SETS: setsSchema,
  /** The loopback unless told otherwise: TLS and the world are a proxy's work, and /metrics is not for the world. */
  GODWIT_EDGE_HOST: z.string().min(1).default("127.0.0.1"),
  GODWIT_EDGE_PORT: portSchema.default(8_080),
  /** How long /readyz says no before connections are refused: as long as the balancer needs to notice. */
  GODWIT_EDGE_DRAIN_NOTICE_MS: wholeNumber({ min: 0, max: 60_000 }).default(0),
  ...liveHeapSetting,
});

export interface EdgeConfig {
  readonly region: string;
  readonly sets: z.output<typeof setsSchema>;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly drainNoticeMs: number;
  /** Undefined: the live heap is not looked at. */
  readonly liveHeapEverySeconds: number | undefined;
}

/** Throws one ConfigError that names every wrong variable, unknown GODWIT_EDGE_* included. */
export function readEdgeConfig(env: Readonly<Record<string, string | undefined>>): EdgeConfig {
  const read = readEnv(env, edgeSchema, ["GODWIT_EDGE_"]);
  return {
    region: read.GODWIT_REGION,
    sets: read.GODWIT_SETS,
    host: read.GODWIT_EDGE_HOST,
    port: read.GODWIT_EDGE_PORT,
    drainNoticeMs: read.GODWIT_EDGE_DRAIN_NOTICE_MS,
    liveHeapEverySeconds: read.GODWIT_LIVE_HEAP_EVERY_SECONDS,
  };
}
