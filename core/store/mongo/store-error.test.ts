import { expect, test } from "bun:test";
import {
  type BulkWriteResult,
  MongoBulkWriteError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
  type TopologyDescription,
} from "mongodb";
import { isNotPrimary, isNotSent, toStoreError } from "./store-error.ts";

const selection = new MongoServerSelectionError("no primary", {} as TopologyDescription);
const bulk = (error: Error): MongoBulkWriteError => new MongoBulkWriteError(error, {} as BulkWriteResult);
const server = (code: number): MongoServerError => new MongoServerError({ code, errmsg: "no" });

test("what insertMany wraps is judged by what happened", () => {
  expect(toStoreError(bulk(new MongoNetworkError("reset")), "write")).toMatchObject({
    code: "store_unreachable",
    retryable: true,
  });
  expect([isNotSent(bulk(selection)), isNotSent(selection), isNotSent(bulk(new MongoNetworkError("reset")))]).toEqual([
    true,
    true,
    false,
  ]);
  expect(toStoreError(bulk(server(121)), "write")).toMatchObject({ code: "store_refused", retryable: false });
});

test("a write that was done, and that a majority may not have, is not refused for good", () => {
  const writeConcernError = { code: 11_602, codeName: "InterruptedDueToReplStateChange", errmsg: "interrupted" };
  const interrupted = new MongoWriteConcernError({ ok: 1, writeConcernError } as never);
  expect(toStoreError(interrupted, "write")).toMatchObject({ code: "store_refused", retryable: true });
  for (const code of [11_600, 11_602, 91, 189]) expect(toStoreError(server(code), "write").retryable).toBe(true);
  expect(toStoreError(server(121), "write").retryable).toBe(false);
});

test("a primary that is none any more has done nothing, and is as good as away", () => {
  for (const code of [10_058, 10_107, 13_435, 13_436]) {
    for (const error of [server(code), bulk(server(code))]) {
      expect(toStoreError(error, "write")).toMatchObject({ code: "store_unreachable", retryable: true });
      expect([isNotPrimary(error), isNotSent(error)]).toEqual([true, false]);
    }
  }
  const writeConcernError = { code: 10_107, codeName: "NotWritablePrimary", errmsg: "not primary" };
  const waiting = new MongoWriteConcernError({ ok: 1, writeConcernError } as never);
  expect([isNotPrimary(waiting), toStoreError(waiting, "write").retryable]).toEqual([false, true]);
});
