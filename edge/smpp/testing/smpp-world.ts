/** A whole SMPP edge on a real socket over sets in memory, and customers that bind to it. For tests. */
import type { DirectoryInput } from "#core/directory/records.ts";
import { hashSmppPassword } from "#core/directory/smpp-account.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import type { ClientSessionOptions } from "#core/smpp/open-client-session.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import type { Session } from "#core/smpp/session.ts";
import { bindTestClient, openTestClient } from "#core/smpp/testing/listen.ts";
import { createMemorySet, type MemorySet } from "#core/store/memory/memory-set.ts";
import { type CommitFault, createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Step, Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { encodePart } from "#domain/encoding/segment-text.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { type SmppEdge, type StartSmppEdgeOptions, startSmppEdge } from "../start-smpp-edge.ts";

export interface SmppWorld extends AsyncDisposable {
  readonly edge: SmppEdge;
  readonly store: Store;
  readonly data: MemorySet;
  /** Log lines as "event {fields}". */
  readonly logged: readonly string[];
  readonly events: () => readonly MessageEvent[];
  /** A customer that must get in. */
  bind(options?: Partial<ClientSessionOptions>): Promise<Session>;
  /** The status that a bind is answered; 0 for one that stands, which is ended again. */
  bindStatus(options?: Partial<ClientSessionOptions>): Promise<number>;
  /** Another version of the directory, in force when it resolves: of account `acme`, its binds and the rest. */
  change(smpp: object, account?: object): Promise<void>;
}

export interface SmppWorldOptions {
  /** Of account `acme`, beside its credential. */
  readonly smpp?: object;
  readonly config?: Partial<StartSmppEdgeOptions["config"]>;
  readonly tls?: StartSmppEdgeOptions["tls"];
  readonly onCommit?: (step: Step) => Promise<CommitFault | undefined>;
  readonly data?: MemorySet;
}

const PASSWORD = "secret";
const BOUND_MS = 20_000;
const LOOK_MS = 20;

async function acmeDirectory(smpp: object, acme: object = {}): Promise<DirectoryInput> {
  const account = { currency: "AUD", inDoubt: "keep" as const, keys: [], priceList: "retail" };
  const credential = async (systemId: string) => ({
    systemId,
    passwordSha256: await hashSmppPassword(systemId, PASSWORD),
  });
  return {
    accounts: [
      { ...account, ...acme, id: "acme", name: "Acme", smpp: { ...(await credential("acme")), ...smpp } },
      { ...account, id: "other", name: "Other", smpp: await credential("other") },
    ],
    priceLists: [{ id: "retail", currency: "AUD", rates: [{ prefix: "+", priceMicros: "1" }] }],
    routes: [{ prefix: "+", provider: "sim" }],
    numbers: [
      { number: "+61480000001", account: "acme" },
      { number: "+61480000002", account: "other" },
    ],
  };
}

export async function openSmppWorld(options: SmppWorldOptions = {}): Promise<SmppWorld> {
  const base = { clock: systemClock, random: systemRandom };
  const { data = createMemorySet(), onCommit, tls } = options;
  const store = createMemoryStore({
    ...base,
    data,
    set: "syd1" as SetId,
    region: "syd",
    ...(onCommit && { onCommit }),
  });
  await putDirectory([store], await acmeDirectory(options.smpp ?? {}));
  const logged: string[] = [];
  const line = (name: string, fields: object): void => void logged.push(`${name} ${JSON.stringify(fields)}`);
  const log: Logger = { info: line, error: line };
  const limits = { bindTimeoutMs: 10_000, enquireLinkMs: 60_000, unboundMax: 50, unboundPerAddressMax: 50 };
  const config = { region: "syd", host: "127.0.0.1", port: 0, ...limits, ...options.config };
  const edge = await startSmppEdge({
    ...{ ...base, config, stores: [store], owner: "test", log, metrics: createMetrics() },
    ...(tls && { tls }),
  });
  const isReady = async () => Object.values(await edge.ready()).every(Boolean);
  await waitFor("an SMPP edge that is ready", isReady);
  const credential = { systemId: "acme", password: PASSWORD };
  return {
    edge,
    store,
    data,
    logged,
    events: () => [...data.batches.values()].flatMap((batch) => batch.events),
    bind: (client) => bindTestClient(edge.port, { ...credential, ...client }),
    async bindStatus(client) {
      const opened = await openTestClient(edge.port, { ...credential, ...client });
      if (opened.type === "bound") opened.session.destroy();
      return opened.type === "bound" ? 0 : opened.type === "refused" ? opened.status : -1;
    },
    async change(smpp, account) {
      const { version } = await putDirectory([store], await acmeDirectory(smpp, account));
      const said = `directory.loaded {"version":${version},`;
      await waitFor("the new directory", () => logged.some((one) => one.startsWith(said)));
    },
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  };
}

async function waitFor(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await isThere()); waitedMs += LOOK_MS) {
    if (waitedMs >= BOUND_MS) throw new Error(`Waited ${BOUND_MS} ms for ${what}, in vain`);
    await systemClock.sleep(LOOK_MS);
  }
}

/** A submit_sm that is accepted. */
export const SUBMIT: PduFields = {
  source_addr_ton: 5,
  source_addr: "Godwit",
  dest_addr_ton: 1,
  dest_addr_npi: 1,
  destination_addr: "61491570006",
  registered_delivery: 1,
  short_message: encodePart("Hello from the estuary", "gsm7"),
};

/** What a submit was answered: its status, and its id if it has one. */
export async function submitOver(
  session: Session,
  fields: PduFields = {},
  command: "submit_sm" | "data_sm" | "submit_multi" = "submit_sm",
): Promise<{ readonly status: number; readonly id: string; readonly fields: PduFields }> {
  const { dest_addr_ton: _, dest_addr_npi: __, destination_addr: ___, ...shared } = SUBMIT;
  const result = await session.request(command, { ...(command === "submit_multi" ? shared : SUBMIT), ...fields });
  if (result.type !== "answered") throw new Error(`Cannot submit: ${JSON.stringify(result)}`);
  return { status: result.status, id: result.fields.message_id ?? "", fields: result.fields };
}
