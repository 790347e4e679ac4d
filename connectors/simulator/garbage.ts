/** Octets that no SMSC should write and some do. */
import { Buffer } from "node:buffer";
import type { Random } from "#domain/random.ts";
import type { Behaviour } from "./behaviour.ts";

const HEADER = {
  unknown_command: "00000010 00000999 00000000 00000001",
  huge_length: "7fffffff 00000005 00000000 00000001",
};
/** deliver_sm with one TLV that runs past the end. */
const BROKEN_TLV = `00000025 00000005 00000000 00000001 ${"00".repeat(17)} 001e00ff`;

export function garbageOctets(kind: Behaviour["garbage"], random: Random): Buffer {
  switch (kind) {
    case "noise":
      // A leading 0xff makes it a length that cannot be.
      return Buffer.concat([Buffer.of(0xff), random.bytes(63)]);
    case "unknown_command":
      return Buffer.from(HEADER.unknown_command.replaceAll(" ", ""), "hex");
    case "huge_length":
      return Buffer.from(HEADER.huge_length.replaceAll(" ", ""), "hex");
    case "broken_tlv":
      return Buffer.from(BROKEN_TLV.replaceAll(" ", ""), "hex");
  }
}
