import { describe, expect, test } from "bun:test";
import { bindTestClient, openTestClient } from "#core/smpp/testing/listen.ts";
import { until } from "#testkit/until.ts";
import { openPair, openTestSimulator } from "../smpp/testing/open-pair.ts";
import { alwaysMayWrite, segment } from "../testing/connector-kit.ts";
import type { SmscSimulator } from "./smsc-simulator.ts";

/** Speaks JSON to a simulator's control server. */
function control(simulator: SmscSimulator) {
  const call = (method: string, path: string, body?: unknown): Promise<Response> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    return fetch(`http://127.0.0.1:${simulator.controlPort}${path}`, init);
  };
  return {
    call,
    get: async (path: string) => (await call("GET", path)).json(),
    lines: async (path: string) => {
      const text = await (await call("GET", path)).text();
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    },
    /** Status, and the problem's fields. */
    problem: async (method: string, path: string, body?: unknown) => {
      const response = await call(method, path, body);
      const { error, fields } = (await response.json()) as { error: string; fields: { field: string }[] };
      return { status: response.status, error, fields: fields.map(({ field }) => field) };
    },
  };
}

describe("looking", () => {
  test("shows what was submitted, by count, address and text, and counts", async () => {
    await using pair = await openPair();
    const { call, get, lines } = control(pair.simulator);
    for (const [i, part] of ["one", "two €", "three"].entries()) {
      await pair.connector.submit(segment({ part, to: `+49170123456${i}` }), alwaysMayWrite);
    }
    await pair.receipts.until(3);
    expect(await lines("/submits?since=1")).toMatchObject([
      { count: 2, text: "two €", from: "Shop", to: "+491701234561", status: 0, systemId: "godwit" },
      { count: 3, text: "three", octets: "7468726565" },
    ]);
    const counts = async (query: string) => (await lines(`/submits?${query}`)).map(({ count }) => count);
    expect(await counts("to=+491701234562")).toEqual([3]);
    expect(await counts("to=491701234562")).toEqual([3]);
    expect(await counts("toSuffix=60&from=Shop")).toEqual([1]);
    expect(await counts("textContains=o&limit=1")).toEqual([1]);
    expect(await counts("systemId=other")).toEqual([]);
    expect(await get("/counters")).toMatchObject({ submits: 3, accepted: 3, links: 1, waiting: 0, delayed: 0 });
    await until(
      "all receipts to be recorded",
      5_000,
      async () => (await lines("/deliveries")).length === 3 || undefined,
    );
    expect(await lines("/deliveries?kind=receipt&to=491701234562")).toMatchObject([{ acknowledged: true }]);
    expect((await call("GET", "/livez")).status).toBe(200);
  });

  test("tells who is there, for people and for Prometheus", async () => {
    await using pair = await openPair();
    const { call, get } = control(pair.simulator);
    await pair.connector.submit(segment(), alwaysMayWrite);
    expect(await get("/links")).toMatchObject([
      { link: 1, systemId: "godwit", boundAs: "trx", state: "bound", submits: 1 },
    ]);
    expect(await get("/accounts")).toMatchObject([
      { systemId: "godwit", links: 1, behaviour: null, counters: { binds: 1 } },
    ]);
    const metrics = await (await call("GET", "/metrics")).text();
    expect(metrics).toContain('godwit_simulator_submits_total{system_id="godwit"} 1\n');
    expect(metrics).toContain("godwit_simulator_links 1\n");
    expect(await (await call("GET", "/")).text()).toContain("POST /half-open");
  });
});

describe("changing", () => {
  test("changes the behaviour, sends replies and drops links", async () => {
    await using pair = await openPair();
    const { call, get } = control(pair.simulator);
    expect((await call("PUT", "/behaviour", { refuse: [{ status: "0x08" }] })).status).toBe(200);
    expect(await pair.connector.submit(segment(), alwaysMayWrite)).toMatchObject({ status: 0x08, class: "transient" });
    expect(await get("/behaviour")).toMatchObject({ refuse: [{ status: 8, share: 1 }], respDelayMs: 0 });
    expect((await call("POST", "/replies", { from: "+491701234567", to: "72345", text: "STOP" })).status).toBe(202);
    expect(await pair.replies.until(1)).toMatchObject([{ text: "STOP", to: "72345" }]);
    expect((await call("POST", "/drop-links")).status).toBe(204);
    expect(pair.simulator.counters.droppedLinks).toBe(1);
  });

  test("a PATCH changes what it names, and leaves the rest", async () => {
    await using simulator = await openTestSimulator({ receipts: { delivered: 9, none: 1 }, doubleReceipts: true });
    const { call, get, problem } = control(simulator);
    const before = await get("/behaviour");
    expect((await call("PATCH", "/behaviour", { respDelayMs: 5, refuse: [{ status: "0x45" }] })).status).toBe(200);
    const refuse = [{ toSuffix: "", toPrefix: "", from: "", share: 1, overPerSecond: 0, status: 0x45 }];
    expect(await get("/behaviour")).toEqual({ ...before, respDelayMs: 5, refuse });
    expect(await problem("PATCH", "/behaviour", { respDelay: 5 })).toMatchObject({
      status: 422,
      fields: ["respDelay"],
    });
    expect(await problem("PATCH", "/behaviour")).toMatchObject({ status: 422 });
  });

  test("accounts have passwords, behaviour, receipts and replies of their own", async () => {
    await using simulator = await openTestSimulator();
    const { call, get } = control(simulator);
    await call("PUT", "/accounts", { systemId: "a", password: "one" });
    await call("PUT", "/accounts", { systemId: "b", behaviour: { refuse: [{ status: 8 }] } });
    expect(await openTestClient(simulator.port, { systemId: "a", password: "two" })).toMatchObject({ status: 0x0e });
    expect(await openTestClient(simulator.port, { systemId: "c" })).toMatchObject({ status: 0x0f });
    const received: string[] = [];
    const bind = (systemId: string) =>
      bindTestClient(simulator.port, {
        systemId,
        password: "one",
        onRequest: () => {
          received.push(systemId);
          return { status: 0 };
        },
      });
    await using a = await bind("a");
    await using b = await bind("b");
    const submit = { destination_addr: "491701234567", registered_delivery: 1 };
    expect(await b.request("submit_sm", submit)).toMatchObject({ status: 8 });
    expect(await a.request("submit_sm", submit)).toMatchObject({ status: 0 });
    await until("the receipt", 5_000, () => (received.length === 1 ? true : undefined));
    const reply = { from: "+491701234567", to: "72345", text: "hi", systemId: "b" };
    expect((await call("POST", "/replies", reply)).status).toBe(202);
    await until("the reply", 5_000, () => (received.length === 2 ? true : undefined));
    expect(received).toEqual(["a", "b"]);
    expect((await call("DELETE", "/behaviour?systemId=b")).status).toBe(204);
    expect(await b.request("submit_sm", submit)).toMatchObject({ status: 0 });
    expect((await call("DELETE", "/accounts?systemId=b")).status).toBe(204);
    await b.closed;
    expect(await openTestClient(simulator.port, { systemId: "b" })).toMatchObject({ status: 0x0f });
    expect(await get("/accounts")).toMatchObject([{ systemId: "a", links: 1 }]);
  });

  test("from the first named account on, those that came unnamed may not come again", async () => {
    await using simulator = await openTestSimulator();
    const { call } = control(simulator);
    await using _bound = await bindTestClient(simulator.port, { systemId: "a" });
    await call("PUT", "/accounts", { systemId: "b" });
    expect(await openTestClient(simulator.port, { systemId: "a" })).toMatchObject({ status: 0x0f });
    await call("PUT", "/accounts", { systemId: "a", password: "one" });
    await using _named = await bindTestClient(simulator.port, { systemId: "a", password: "one" });
  });

  test("an account may behave in its own way before it binds for the first time", async () => {
    await using simulator = await openTestSimulator();
    const { call, get } = control(simulator);
    await call("PUT", "/behaviour?systemId=a", { refuseBinds: 8 });
    expect(await get("/behaviour?systemId=a")).toMatchObject({ refuseBinds: 8 });
    expect(await get("/behaviour")).toMatchObject({ refuseBinds: 0 });
    expect(await openTestClient(simulator.port, { systemId: "a" })).toMatchObject({ status: 8 });
    await using _other = await bindTestClient(simulator.port, { systemId: "b" });
    await call("PUT", "/behaviour?systemId=a", { bindsMax: 1 });
    await using _first = await bindTestClient(simulator.port, { systemId: "a" });
    expect(await openTestClient(simulator.port, { systemId: "a" })).toMatchObject({ status: 0x0d });
  });

  test("an account that is removed leaves nothing that waits", async () => {
    await using simulator = await openTestSimulator();
    const { call, get } = control(simulator);
    await call("PUT", "/accounts", { systemId: "a" });
    await call("POST", "/replies", { from: "+491701234567", to: "72345", text: "x".repeat(400), systemId: "a" });
    expect(await get("/counters")).toMatchObject({ waiting: 3 });
    await call("DELETE", "/accounts?systemId=a");
    expect(await get("/counters")).toMatchObject({ waiting: 0 });
  });

  test("plays a script by count, tells its phase, and stops", async () => {
    await using pair = await openPair();
    const { call, get } = control(pair.simulator);
    const script = [
      { name: "calm", afterSubmits: 0, behaviour: {} },
      { name: "refusing", afterSubmits: 2, behaviour: { refuse: [{ status: "0x45" }] } },
    ];
    expect((await call("PUT", "/script", { seed: 7, phases: script })).status).toBe(200);
    const types: string[] = [];
    for (let i = 0; i < 4; i++) types.push((await pair.connector.submit(segment(), alwaysMayWrite)).type);
    expect(types).toEqual(["accepted", "accepted", "refused", "refused"]);
    expect(await get("/script")).toMatchObject({
      state: "last_phase",
      phase: { name: "refusing" },
      submits: 4,
      seed: 7,
    });
    expect((await call("DELETE", "/script")).status).toBe(204);
    expect(await get("/script")).toMatchObject({ state: "none" });
    expect(await pair.connector.submit(segment(), alwaysMayWrite)).toMatchObject({ status: 0x45 });
  });
});

test("what cannot be done is a problem that names the field", async () => {
  await using simulator = await openTestSimulator();
  const { problem } = control(simulator);
  expect(await problem("PUT", "/behaviour", { respDelay: 1 })).toMatchObject({ status: 422, fields: ["respDelay"] });
  expect(await problem("PUT", "/behaviour", { refuse: [{ status: 0 }], noAnswerShare: 2 })).toMatchObject({
    status: 422,
    fields: ["noAnswerShare", "refuse.0.status"],
  });
  expect(await problem("POST", "/replies", { from: "+49", to: "" })).toMatchObject({
    status: 422,
    fields: ["to", "text"],
  });
  const reply = { from: "+49", to: "1", text: "a", systemId: "nobody" };
  expect(await problem("POST", "/replies", reply)).toMatchObject({ status: 404, fields: [] });
  expect(await problem("POST", "/unbind", { link: 9 })).toMatchObject({ status: 404 });
  expect(await problem("GET", "/submits?sinse=1")).toMatchObject({ status: 422, fields: ["sinse"] });
  expect(await problem("PUT", "/script", [{ behaviour: {} }])).toMatchObject({ status: 422, fields: ["phases.0"] });
  expect(await problem("DELETE", "/accounts?systemId=x")).toMatchObject({ status: 404 });
  expect(await problem("GET", "/nothing")).toMatchObject({ status: 404 });
  expect((await problem("DELETE", "/submits")).error).toBe("Cannot DELETE /submits: it takes GET");
  expect(await problem("POST", "/replies", "x".repeat(1_100_000))).toMatchObject({ status: 413 });
  const raw = await fetch(`http://127.0.0.1:${simulator.controlPort}/script`, { method: "PUT", body: "[" });
  expect([raw.status, (await raw.json()).error]).toEqual([400, expect.stringContaining("it is not JSON")]);
});
