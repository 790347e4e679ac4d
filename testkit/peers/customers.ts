/**
 * Customers of an SMPP server by libraries that nobody here wrote, all with the same face: smpplib and smpp34 (Python),
 * jSMPP (Java). Kannel, which has one of its own, is in `kannel.ts`.
 */
import { join } from "node:path";
import { findJsmpp, findPythonPeers } from "./find-peers.ts";
import type { SmppAccount } from "./kannel.ts";
import { type LineProcess, type Said, startLineProcess } from "./line-process.ts";

export const customerLibraries = ["smpplib", "smpp34", "jsmpp"] as const;
export type CustomerLibrary = (typeof customerLibraries)[number];

/** One deliver_sm as the library and its charsets read it. */
export interface Received {
  readonly source: string;
  readonly to: string;
  readonly receipt: boolean;
  readonly place: readonly [reference: number, total: number, index: number] | null;
  readonly text: string;
  readonly receiptedId: string | null;
}

export interface Customer extends AsyncDisposable {
  readonly process: LineProcess;
  /** Cuts the text by its own means; what comes of it is said by `answers`. */
  submit(message: { readonly to: string; readonly source: string; readonly text: string }): void;
  /** The first `count` answers to submits to this number. */
  answers(to: string, count: number): Promise<readonly { readonly status: number; readonly id: string | null }[]>;
  /** The first `count` of what came in that fits. */
  received(what: string, count: number, fits: (received: Received) => boolean): Promise<readonly Received[]>;
}

/** Bound once it resolves; rejects with what it said when the server refuses it. */
export async function openCustomer(library: CustomerLibrary, account: SmppAccount): Promise<Customer> {
  const started = await start(library, [account.host, String(account.port), account.systemId, account.password]);
  const [first] = await started.until("its bind", 1, ({ event }) => event === "bound" || event === "refused");
  if (first?.event !== "bound") {
    await started[Symbol.asyncDispose]();
    throw new Error(`${library} is refused: ${JSON.stringify(first)}`);
  }
  return {
    process: started,
    submit({ to, source, text }) {
      started.tell(`submit ${to} ${source} ${Buffer.from(text).toString("hex")}`);
    },
    async answers(to, count) {
      const fits = (said: Said): boolean => said.event === "answered" && said.to === to;
      return (await started.until(`${count} answers for ${to}`, count, fits)) as never;
    },
    async received(what, count, fits) {
      const found = await started.until(what, count, (said) => {
        return said.event === "received" && fits(said as unknown as Received);
      });
      return found as unknown as readonly Received[];
    },
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

async function start(library: CustomerLibrary, login: readonly string[]): Promise<LineProcess> {
  if (library === "jsmpp") {
    const { java, classpath } = await findJsmpp();
    const quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
    return startLineProcess({
      file: java,
      args: [quiet, "-cp", classpath, join(import.meta.dir, "JsmppEsme.java"), ...login],
    });
  }
  const { python, modules } = await findPythonPeers();
  return startLineProcess({
    file: python,
    args: [join(import.meta.dir, `${library}_esme.py`), ...login],
    env: { PYTHONPATH: modules, PYTHONIOENCODING: "utf-8" },
  });
}
