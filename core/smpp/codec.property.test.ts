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

test("a message cut anywhere is a fault, never a shorter message", () => {
  const message = fc.record({
    service_type: fc.constantFrom("", "CMT"),
    source_addr: fc.constantFrom("", "Shop"),
    destination_addr: fc.constantFrom("49170", "491701234567"),
    short_message: fc.uint8Array({ minLength: 1, maxLength: 254 }),
  });
  const command = fc.constantFrom("submit_sm", "deliver_sm");
  fc.assert(
    fc.property(command, message, fc.nat(), (name, fields, where) => {
      const whole = encodePdu({ command: name, sequence: 1, fields });
      const cut = Buffer.from(whole.subarray(0, 16 + (where % (whole.length - 16))));
      cut.writeUInt32BE(cut.length, 0);
      expect(decodePdu(whole).fault).toBeUndefined();
      expect(decodePdu(cut)).toMatchObject({ command: name, sequence: 1, fault: 0x02 });
    }),
    { numRuns: 2_000 },
  );
});

test("vendors' TLVs and those that may repeat read back in their order, beside the rest", () => {
  const vendor = fc.record({
    id: fc.integer({ min: 0x1400, max: 0x3fff }),
    value: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  });
  const fields = fc.record({
    unknown_tlvs: fc.array(vendor, { minLength: 1, maxLength: 20 }),
    callback_num_pres_ind: fc.array(fc.nat(255), { minLength: 1, maxLength: 5 }),
    sar_msg_ref_num: fc.nat(0xffff),
    sar_total_segments: fc.nat(255),
    sar_segment_seqnum: fc.nat(255),
    congestion_state: fc.nat(100),
  });
  fc.assert(
    fc.property(fields, (written) => {
      const read = decodePdu(encodePdu({ command: "submit_sm", sequence: 1, fields: written }));
      expect(read.fault).toBeUndefined();
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
