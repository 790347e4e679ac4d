/**
 * jSMPP's SMPPServerSimulator as the SMSC of a provider: answers with hexadecimal ids, sends receipts with decimal ones
 * a second later, says its congestion unasked.
 */
import { findJsmpp } from "./find-peers.ts";
import { type LoopbackCell, openLoopbackCell } from "./loopback-cell/open-cell.ts";

export const JSMPP_LOGIN = { systemId: "j", password: "jpwd" } as const;

/** It prints octets as they are: one character each. */
const RAW_OUTPUT = ["-Dfile.encoding=ISO-8859-1", "-Dsun.stderr.encoding=ISO-8859-1", "-Dstderr.encoding=ISO-8859-1"];

export async function openJsmppSimulator(): Promise<LoopbackCell> {
  const { java, classpath } = await findJsmpp();
  return await openLoopbackCell((port) => [
    java,
    ...RAW_OUTPUT,
    `-Djsmpp.simulator.port=${port}`,
    "-cp",
    classpath,
    "org.jsmpp.examples.SMPPServerSimulator",
  ]);
}

/** short_message of each submit_sm that it has seen, with the id that it gave. */
export function seenByJsmpp({
  process,
}: LoopbackCell): readonly { readonly octets: Uint8Array; readonly id: string }[] {
  const printed = process.said.flatMap(({ event, text }) => (event === "printed" ? [String(text)] : [])).join("");
  const submits = printed.matchAll(/Receiving submit_sm '([\s\S]*?)', and return message id (\w+)/g);
  return [...submits].map(([, octets = "", id = ""]) => ({ octets: Buffer.from(octets, "latin1"), id }));
}
