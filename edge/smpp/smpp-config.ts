/** Settings of role `smpp`, from the environment that the main file passes in. Pure, strict; see docs/OPERATE.md. */
import { z } from "zod";
import { ConfigError, portSchema, readEnv, wholeNumber } from "#core/config/env.ts";
import { setsSchema } from "#core/config/sets.ts";
import { liveHeapSetting } from "#core/metrics/watch-process.ts";

const smppSchema = z.object({
  /** Sets of the same region are preferred. */
  GODWIT_REGION: z.string({ error: "is required: the region of this process" }).min(1).max(32),
  GODWIT_SETS: setsSchema,
  /** The loopback unless told otherwise. */
  GODWIT_SMPP_HOST: z.string().min(1).default("127.0.0.1"),
  GODWIT_SMPP_PORT: portSchema.default(2_775),
  /** /livez, /readyz and /metrics, on the loopback; 0 takes any free port. */
  GODWIT_SMPP_HEALTH_PORT: portSchema.default(0),
  /** PEM files; both or none. */
  GODWIT_SMPP_TLS_KEY_FILE: z.string().min(1).optional(),
  GODWIT_SMPP_TLS_CERT_FILE: z.string().min(1).optional(),
  /** From connect to a good bind. */
  GODWIT_SMPP_BIND_TIMEOUT_MS: wholeNumber({ min: 1_000, max: 60_000 }).default(10_000),
  GODWIT_SMPP_ENQUIRE_LINK_MS: wholeNumber({ min: 1_000, max: 600_000 }).default(60_000),
  /** Connections that have not bound, in all and from one address. */
  GODWIT_SMPP_UNBOUND_MAX: wholeNumber({ min: 1, max: 10_000 }).default(200),
  GODWIT_SMPP_UNBOUND_PER_ADDRESS_MAX: wholeNumber({ min: 1, max: 10_000 }).default(20),
  ...liveHeapSetting,
});

export interface SmppConfig {
  readonly region: string;
  readonly sets: z.output<typeof setsSchema>;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly healthPort: number;
  readonly tlsFiles: { readonly key: string; readonly cert: string } | undefined;
  readonly bindTimeoutMs: number;
  readonly enquireLinkMs: number;
  readonly unboundMax: number;
  readonly unboundPerAddressMax: number;
  readonly liveHeapEverySeconds: number | undefined;
}

/** Throws one ConfigError that names every wrong variable, unknown GODWIT_SMPP_* included. */
export function readSmppConfig(env: Readonly<Record<string, string | undefined>>): SmppConfig {
  const read = readEnv(env, smppSchema, ["GODWIT_SMPP_"]);
  const { GODWIT_SMPP_TLS_KEY_FILE: key, GODWIT_SMPP_TLS_CERT_FILE: cert } = read;
  if ((key === undefined) !== (cert === undefined)) {
    const missing = key === undefined ? "GODWIT_SMPP_TLS_KEY_FILE" : "GODWIT_SMPP_TLS_CERT_FILE";
    throw new ConfigError(`Cannot start as these settings are wrong:\n  ${missing}: TLS needs both files`);
  }
  return {
    region: read.GODWIT_REGION,
    sets: read.GODWIT_SETS,
    host: read.GODWIT_SMPP_HOST,
    port: read.GODWIT_SMPP_PORT,
    healthPort: read.GODWIT_SMPP_HEALTH_PORT,
    tlsFiles: key === undefined || cert === undefined ? undefined : { key, cert },
    bindTimeoutMs: read.GODWIT_SMPP_BIND_TIMEOUT_MS,
    enquireLinkMs: read.GODWIT_SMPP_ENQUIRE_LINK_MS,
    unboundMax: read.GODWIT_SMPP_UNBOUND_MAX,
    unboundPerAddressMax: read.GODWIT_SMPP_UNBOUND_PER_ADDRESS_MAX,
    liveHeapEverySeconds: read.GODWIT_LIVE_HEAP_EVERY_SECONDS,
  };
}
