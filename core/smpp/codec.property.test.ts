import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { decodePdu, encodePdu } from "./codec.ts";
import { createFramer } from "./framer.ts";

const COMMAND_IDS = [1, 2, 4, 5, 6, 9, 0x15, 0x21, 0x103, 0x111, 0x8000_0004, 0x8000_0005, 0x8000_0021, 0x8000_0112];

test("decodePdu() is total: any body of any command becomes a value", () => {
  fc.assert(
    fc.property(fc.constantFrom(...COMMAND_IDS), fc.uint8Array({ maxLength: 120 }), (id, body) => {
      const frame = Buffer.concat([Buffer.alloc(16), body]);
      frame.writeUInt32BE(frame.length, 0);
      frame.writeUInt32BE(id, 4);
      expect(decodePdu(frame).commandId).toBe(id);
    }),
    { numRuns: 20_000 },
  );
});

test("a deliver_sm reads back as written", () => {
  const latin = fc.string({ unit: fc.constantFrom("a", "Z", "0", "é", "ÿ"), maxLength: 20 });
  const fields = fc.record({
    source_addr: latin,
    destination_addr: latin,
    esm_class: fc.nat(255),
    data_coding: fc.nat(255),
    short_message: fc.uint8Array({ maxLength: 254 }).map((bytes) => Buffer.from(bytes)),
    receipted_message_id: latin,
    message_payload: fc.uint8Array({ maxLength: 1_000 }).map((bytes) => Buffer.from(bytes)),
  });
  fc.assert(
    fc.property(fields, fc.integer({ min: 1, max: 0x7fff_ffff }), (written, sequence) => {
      const read = decodePdu(encodePdu({ command: "deliver_sm", sequence, fields: written }));
      expect(read.sequence).toBe(sequence);
      expect(read.fields).toMatchObject(written);
    }),
    { numRuns: 1_000 },
  );
});

test("the framer gives the same PDUs however the stream is cut", () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (contents, sizes) => {
      const frames = contents.map((body) => {
        const frame = Buffer.concat([Buffer.alloc(16), body]);
        frame.writeUInt32BE(frame.length, 0);
        return frame;
      });
      const stream = Buffer.concat(frames);
      const framer = createFramer();
      const seen: string[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        framer.push(stream.subarray(at, at + size));
        at += size;
        for (let frame = framer.next(); frame.type === "frame"; frame = framer.next())
          seen.push(frame.bytes.toString("hex"));
      }
      expect(seen).toEqual(frames.map((frame) => frame.toString("hex")));
      expect(framer.midway).toBe(false);
    }),
    { numRuns: 500 },
  );
});
