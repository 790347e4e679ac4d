/** What can be asked of a running simulator over HTTP: a table, which is its own help. */
import { z } from "zod";
import { accountSchema, systemIdSchema } from "./accounts.ts";
import { type BehaviourInput, behaviourSchema, replySchema } from "./behaviour.ts";
import { metricsText } from "./counters.ts";
import { listDeliveries, listSubmits } from "./list-records.ts";
import { InputError, parseInput } from "./problem.ts";
import { scriptSchema } from "./script.ts";
import type { LinkSelector, SmscSimulator } from "./smsc-simulator.ts";

export interface ControlRequest {
  readonly query: URLSearchParams;
  /** Undefined without a body. */
  readonly body: unknown;
}

export interface ControlAnswer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

export interface ControlRoute {
  readonly what: string;
  /** Throws InputError. */
  readonly answer: (simulator: SmscSimulator, request: ControlRequest) => ControlAnswer;
}

const which = { systemId: systemIdSchema.optional(), link: z.int().positive().optional() };
const unbindSchema = z.strictObject(which).prefault({});
const dropSchema = z.strictObject({ ...which, by: z.enum(["close", "reset"]).default("close") }).prefault({});
const halfOpenSchema = z.strictObject({ ...which, seconds: z.number().positive().max(3_600).default(60) }).prefault({});
const sentReplySchema = z.strictObject({ ...replySchema.shape, systemId: systemIdSchema.optional() });
const accountQuery = z.strictObject({ systemId: systemIdSchema.optional() });
const namedQuery = z.strictObject({ systemId: systemIdSchema });

const LOOK: Readonly<Record<string, ControlRoute>> = {
  "GET /livez": {
    what: "whether it runs",
    answer: () => json({ live: true }),
  },
  "GET /counters": {
    what: "what it has counted since its start, and what waits",
    answer: (simulator) =>
      json({ ...simulator.counters, ...standing(simulator), ...simulator.overflow, seed: simulator.seed }),
  },
  "GET /metrics": {
    what: "the same by account, for Prometheus",
    answer: (simulator) => ({
      status: 200,
      type: "text/plain; version=0.0.4",
      body: metricsText(simulator.accounts.all, standing(simulator)),
    }),
  },
  "GET /submits": {
    what: "the last 100,000 submits, a line each; ?since=N to= toSuffix= from= systemId= textContains= limit=",
    answer: (simulator, { query }) => ndjson(listSubmits(simulator, query)),
  },
  "GET /deliveries": {
    what: "the last 100,000 attempts to deliver a receipt or a reply; ?since=N to= from= systemId= kind= limit=",
    answer: (simulator, { query }) => ndjson(listDeliveries(simulator, query)),
  },
  "GET /links": {
    what: "every connection: who is bound how, what it has sent and not answered",
    answer: (simulator) => json(simulator.linkLines),
  },
};

const BEHAVE: Readonly<Record<string, ControlRoute>> = {
  "GET /behaviour": {
    what: "how it behaves now; ?systemId= for one account",
    answer: (simulator, { query }) => json(simulator.behaviourOf(asQuery(accountQuery, query).systemId)),
  },
  "PUT /behaviour": {
    what: "behaves so from now on, what is left out being the default; ?systemId= for one account alone",
    answer(simulator, { query, body }) {
      const { systemId } = asQuery(accountQuery, query);
      return behave(simulator, systemId, parseInput(behaviourSchema, body, "change the behaviour"));
    },
  },
  "PATCH /behaviour": {
    what: "changes only what it names; ?systemId= for one account alone",
    answer(simulator, { query, body }) {
      const { systemId } = asQuery(accountQuery, query);
      const named = parseInput(z.record(z.string(), z.unknown()), body, "change the behaviour");
      const whole = { ...simulator.behaviourOf(systemId), ...named };
      return behave(simulator, systemId, parseInput(behaviourSchema, whole, "change the behaviour"));
    },
  },
  "DELETE /behaviour": {
    what: "the account behaves as all do again; ?systemId=",
    answer(simulator, { query }) {
      simulator.setBehaviourOf(asQuery(namedQuery, query).systemId, undefined);
      return DONE;
    },
  },
  "GET /script": {
    what: "which phase the script is in, and what the next one waits for",
    answer: (simulator) => json({ ...simulator.script, seed: simulator.seed }),
  },
  "PUT /script": {
    what: "plays this script from its beginning",
    answer(simulator, { body }) {
      simulator.play(parseInput(scriptSchema, body, "play the script"));
      return json({ ...simulator.script, seed: simulator.seed });
    },
  },
  "DELETE /script": {
    what: "stops the script; the behaviour stays as it is",
    answer(simulator) {
      simulator.stopScript();
      return DONE;
    },
  },
  "GET /accounts": {
    what: "who has bound or may bind, with counters and links",
    answer: (simulator) => json(accountLines(simulator)),
  },
  "PUT /accounts": {
    what: "adds or changes an account; from the first on, only named accounts may bind",
    answer(simulator, { body }) {
      const account = parseInput(accountSchema, body, "add the account");
      if (simulator.putAccount(account)) return json({ systemId: account.systemId });
      throw new InputError("Cannot add the account as there are 1,000: remove one first", [], 409);
    },
  },
  "DELETE /accounts": {
    what: "this account may not bind any more; ?systemId=",
    answer(simulator, { query }) {
      const { systemId } = asQuery(namedQuery, query);
      if (!simulator.accounts.remove(systemId)) throw noAccount(systemId);
      simulator.dropLinks({ systemId });
      return DONE;
    },
  },
};

const ACT: Readonly<Record<string, ControlRoute>> = {
  "POST /replies": {
    what: "a handset writes: {from, to, text}, and systemId, parts, order, doubled, lost",
    answer(simulator, { body }) {
      const { systemId, ...reply } = parseInput(sentReplySchema, body, "send the reply");
      if (!simulator.reply(reply, systemId)) throw noAccount(systemId ?? "");
      return { status: 202 };
    },
  },
  "POST /drop-links": {
    what: "cuts links without a word: all, or those of {systemId}, or {link}; {by: reset} resets them",
    answer(simulator, { body }) {
      const { by, ...selector } = parseInput(dropSchema, body, "drop links");
      return done(simulator.dropLinks(selector, by), selector);
    },
  },
  "POST /unbind": {
    what: "says unbind: to all links, or those of {systemId}, or {link}",
    answer(simulator, { body }) {
      const selector = parseInput(unbindSchema, body, "unbind links");
      return done(simulator.unbind(selector), selector);
    },
  },
  "POST /half-open": {
    what: "links go dead and stay open for {seconds}: all, or those of {systemId}, or {link}",
    answer(simulator, { body }) {
      const { seconds, ...selector } = parseInput(halfOpenSchema, body, "leave links half-open");
      return done(simulator.halfOpen(seconds * 1_000, selector), selector);
    },
  },
};

/** By method and path. */
export const CONTROL_ROUTES: Readonly<Record<string, ControlRoute>> = { ...LOOK, ...BEHAVE, ...ACT };

export function controlHelp(): string {
  const rows = Object.entries(CONTROL_ROUTES).map(([route, { what }]) => `  ${route.padEnd(18)} ${what}\n`);
  return `The simulator's control server. JSON in, JSON out.\n\n${rows.join("")}`;
}

const DONE: ControlAnswer = { status: 204 };

function behave(simulator: SmscSimulator, systemId: string | undefined, behaviour: BehaviourInput): ControlAnswer {
  if (systemId === undefined) simulator.setBehaviour(behaviour);
  else simulator.setBehaviourOf(systemId, behaviour);
  return json(simulator.behaviourOf(systemId));
}

/** Naming links that are not there is a mistake; that there are none at all is not. */
function done(links: number, { systemId, link }: LinkSelector): ControlAnswer {
  if (links > 0 || (systemId === undefined && link === undefined)) return DONE;
  throw new InputError("Cannot find such a link: GET /links shows those that are up", [], 404);
}

function noAccount(systemId: string): InputError {
  return new InputError(`Cannot find an account '${systemId}': GET /accounts shows those that there are`, [], 404);
}

function accountLines({ accounts }: SmscSimulator): readonly object[] {
  return [...accounts.all].map(({ systemId, behaviour, links, counters, deliveries }) => ({
    systemId,
    links: links.size,
    waiting: deliveries.waiting,
    counters,
    behaviour: behaviour ?? null,
  }));
}

function standing({ links, waiting, delayed }: SmscSimulator) {
  return { links, waiting, delayed };
}

function asQuery<T>(schema: z.ZodType<T>, query: URLSearchParams): T {
  return parseInput(schema, Object.fromEntries(query), "read the address");
}

function json(value: unknown): ControlAnswer {
  return { status: 200, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

function ndjson(body: string): ControlAnswer {
  return { status: 200, type: "application/x-ndjson", body };
}
