/** smpp34 as the SMSC of a provider; what it does is told in `smpp34_smsc.py`. */
import { join } from "node:path";
import { freePorts } from "../ports.ts";
import { findPythonPeers } from "./find-peers.ts";
import { type LineProcess, startLineProcess } from "./line-process.ts";

export interface Smpp34Smsc extends AsyncDisposable {
  readonly port: number;
  readonly process: LineProcess;
}

/** One submit_sm as smpp34 and gsm0338 read it. */
export interface SeenSubmit {
  readonly source: readonly [ton: number, npi: number, address: string];
  readonly to: readonly [ton: number, npi: number, address: string];
  readonly esm_class: number;
  readonly data_coding: number;
  readonly registered_delivery: number;
  readonly place: readonly [reference: number, total: number, index: number] | null;
  readonly text: string;
  readonly octets: string;
  readonly tlvs: readonly (readonly [tag: number, hex: string])[];
  readonly id: string;
}

/** Listens once it resolves. `ids`: how its answers and receipts write message ids. */
export async function openSmpp34Smsc(ids: "same" | "hex_then_decimal"): Promise<Smpp34Smsc> {
  const { python, modules } = await findPythonPeers();
  const [port = 0] = await freePorts(1);
  const script = join(import.meta.dir, "smpp34_smsc.py");
  const started = startLineProcess({
    file: python,
    args: [script, String(port), ids],
    env: { PYTHONPATH: modules, PYTHONIOENCODING: "utf-8" },
  });
  await started.until("its port", 1, ({ event }) => event === "listening");
  return { port, process: started, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
}

/** The first `count` submits to a destination with these last digits, parts in the order of their places. */
export async function seenSubmits(smsc: Smpp34Smsc, toSuffix: string, count: number): Promise<readonly SeenSubmit[]> {
  const seen = await smsc.process.until(`${count} submits to ${toSuffix}`, count, (said) => {
    return said.event === "submit" && (said as unknown as SeenSubmit).to[2].endsWith(toSuffix);
  });
  return (seen as unknown as readonly SeenSubmit[]).toSorted((a, b) => (a.place?.[2] ?? 0) - (b.place?.[2] ?? 0));
}
