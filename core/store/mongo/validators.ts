/**
 * What the documents of each collection must look like, checked by the set itself at every write: a defect of ours, or
 * a hand in a shell, is refused instead of being found by a reader. Cheap: shapes and bounds, and never a look into a
 * text or along a list.
 */
import type { Document } from "mongodb";
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { collectionNames } from "./documents.ts";

type Rule = Readonly<Document>;

const text = { bsonType: "string" };
const textOrNull = { bsonType: ["string", "null"] };
const date = { bsonType: "date" };
const flag = { bsonType: "bool" };
const list = { bsonType: "array" };
/** JavaScript's numbers arrive as int or as double, by their size. */
const count = { bsonType: "number", minimum: 0 };

/** All of `fields` must be there; `optional` may be. Others may come with later versions, and are let through. */
function shape(fields: Readonly<Record<string, Rule>>, optional: Readonly<Record<string, Rule>> = {}): Rule {
  return {
    $jsonSchema: { bsonType: "object", required: Object.keys(fields), properties: { ...fields, ...optional } },
  };
}

export const validators: Readonly<Record<keyof typeof collectionNames, Rule>> = {
  chunks: shape(
    {
      _id: text,
      lane: text,
      at: date,
      enqueuedAt: date,
      token: textOrNull,
      owner: textOrNull,
      deliveries: count,
      count: { bsonType: "number", minimum: 1, maximum: CHUNK_ITEMS_MAX },
      positions: count,
      mark: count,
      priorMark: count,
      settledTo: count,
      settledBeyond: list,
      items: text,
    },
    { actBy: date },
  ),
  writers: shape({ _id: text, owner: text, openedAt: date, seenAt: date, closed: flag }, { month: text }),
  directoryHead: shape({
    ...{ _id: { enum: ["head"] }, number: count, change: text, epoch: count, home: text },
    ...{ promisedEpoch: count, promisedHome: text },
  }),
  directoryRecords: shape({ _id: text, body: text }),
  directoryChanges: shape(
    {
      ...{ _id: { bsonType: "string", pattern: "^[0-9]{10}$" }, id: text, epoch: { bsonType: "number", minimum: 1 } },
      ...{ home: text, at: date, actor: text, writes: text },
    },
    { request: text },
  ),
  optOuts: shape({ _id: text, out: flag, at: { bsonType: "number" } }),
  sendKeys: shape({ _id: text, keys: { bsonType: "array", minItems: 1 }, records: text }, { at: date }),
  allotments: shape({ _id: text, micros: { bsonType: "long", minimum: 0 } }),
  standing: shape({ _id: { enum: ["standing"] }, standing: { enum: ["in_service", "restored"] }, at: date }),
  registers: shape({ _id: text, version: { bsonType: "number", minimum: 1 }, body: text }),
  schema: shape({ _id: { enum: ["schema"] }, version: count, months: { bsonType: "object" } }, { keptSince: date }),
};

/** Of every month. Numbers have 10 digits, or a writer's batches would not sort. */
export const eventsValidator: Rule = shape(
  {
    _id: { bsonType: "string", pattern: "^[^:]+:[0-9]{10}$" },
    kind: { enum: ["events", "void", "closed"] },
    at: date,
    keys: list,
    events: text,
  },
  { step: text, entries: text },
);

/** How they are set on a collection. */
export function checkedBy(validator: Rule): Document {
  return { validator, validationLevel: "strict", validationAction: "error" };
}
