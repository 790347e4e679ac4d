/** tshark as the judge of PDUs: what another's dissector makes of our octets. Needs no right to capture anything. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findTshark } from "./find-peers.ts";

const run = promisify(execFile);
const DISSECT_BOUND_MS = 120_000;
const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;
const ESME_PORT = 40_000;
const SMSC_PORT = 2_775;

export interface WrittenPdu {
  readonly from: "esme" | "smsc";
  readonly octets: Uint8Array;
}

/** What tshark says of one PDU: every field of its layers by name, in order; TLVs by tag with their length. */
export interface Dissection {
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly malformed: boolean;
}

/** One dissection a PDU, in order. Each PDU travels in a packet of its own; GSM text is read unpacked. */
export async function dissect(pdus: readonly WrittenPdu[]): Promise<readonly Dissection[]> {
  const { tshark, text2pcap } = await findTshark();
  const folder = mkdtempSync(join(tmpdir(), "godwit-tshark-"));
  const [dump, capture] = [join(folder, "dump.txt"), join(folder, "pdus.pcap")];
  try {
    writeFileSync(dump, pdus.map(dumpOf).join(""));
    await run(text2pcap, ["-q", "-D", "-T", `${ESME_PORT},${SMSC_PORT}`, dump, capture], { timeout: DISSECT_BOUND_MS });
    const options = ["-d", `tcp.port==${SMSC_PORT},smpp`, "-o", "smpp.decode_sms_over_smpp:GSM 7-bit"];
    const { stdout } = await run(tshark, ["-r", capture, ...options, "-T", "json", "--no-duplicate-keys"], {
      timeout: DISSECT_BOUND_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    const packets = JSON.parse(stdout) as readonly Packet[];
    return packets.map(({ _source: { layers } }) => readLayers(layers));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Packet {
  readonly _source: { readonly layers: Readonly<Record<string, unknown>> };
}

function dumpOf({ from, octets }: WrittenPdu): string {
  const hex = Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join(" ");
  return `${from === "esme" ? "O" : "I"}\n000000 ${hex}\n`;
}

function readLayers(layers: Readonly<Record<string, unknown>>): Dissection {
  const fields: Record<string, string[]> = {};
  let malformed = !("smpp" in layers);
  const walk = (value: unknown, name: string): void => {
    if (name.startsWith("_ws.malformed")) malformed = true;
    if (typeof value === "string") {
      fields[name] ??= [];
      fields[name].push(value);
    } else if (Array.isArray(value)) {
      for (const one of value) walk(one, name);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, key);
    }
  };
  for (const [layer, content] of Object.entries(layers)) {
    if (layer === "frame" || layer === "eth" || layer === "ip" || layer === "tcp") continue;
    walk(content, layer);
  }
  return { fields, malformed };
}
