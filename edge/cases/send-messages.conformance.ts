/** `POST /v1/messages` as a client sees it, on sets in memory. */
import { BODY_BYTES_MAX, EXPIRY_HOURS_MAX, RECIPIENTS_MAX } from "#domain/limits.ts";
import type { Harness } from "./harness.ts";
import { createWorld, VALID, type World } from "./world.ts";

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly message: string }[];
  readonly ids?: readonly string[];
  readonly messages?: readonly Line[];
}
interface Line {
  readonly to: string;
  readonly id?: string;
  readonly status: string;
  readonly error?: { readonly code: string };
}
interface Many {
  readonly messages: readonly Line[];
  readonly accepted: number;
  readonly invalid: number;
}

const read = async <T>(response: Response): Promise<T> => (await response.json()) as T;

export function sendMessagesCases({ test, assert }: Harness): void {
  async function problemOf(response: Response, status: number, code: string): Promise<Problem> {
    const problem = await read<Problem>(response);
    assert.equal(response.status, status, JSON.stringify(problem));
    assert.equal(problem.code, code);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(problem.status, status);
    assert.equal(problem.type, `/docs/INTEGRATE.md#${code}`);
    assert.ok(problem.title !== "" && problem.detail !== "" && problem.request_id !== "");
    assert.equal(response.headers.get("x-request-id"), problem.request_id);
    if (status === 503) assert.ok(Number(response.headers.get("retry-after")) >= 1);
    return problem;
  }

  /** The body is refused, named by these "pointer code" pairs, and nothing reaches a set. */
  async function refused(body: unknown, expected: readonly string[]): Promise<void> {
    await using world = await createWorld();
    const problem = await problemOf(await world.send(body), 422, "validation_failed");
    assert.deepEqual(
      (problem.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`).sort(),
      [...expected].sort(),
    );
    assert.ok(problem.errors?.every(({ message }) => message.length > 5));
    assert.equal(world.steps(), 0);
  }

  test("one recipient: 202 with the id, its Location, and how the text travels", async () => {
    await using world = await createWorld();
    const response = await world.send({
      ...VALID,
      class: "alert",
      client_reference: "order 7",
      metadata: { "shop.id": "9" },
      expire_at: "2030-01-01T12:00:00+11:00",
    });
    assert.equal(response.status, 202);
    const { id, ...rest } = await read<{ id: string }>(response);
    assert.ok(/^syd1-[0-9a-z]{26}$/.test(id));
    assert.equal(response.headers.get("location"), `/v1/messages/${id}`);
    assert.deepEqual(rest, {
      status: "accepted",
      to: VALID.to,
      from: VALID.from,
      class: "alert",
      encoding: "gsm7",
      segments: 1,
      accepted_at: "2030-01-01T00:00:00.000Z",
      client_reference: "order 7",
      metadata: { "shop.id": "9" },
      expire_at: "2030-01-01T01:00:00.000Z",
    });
    const [event] = world.sets[0]?.events() ?? [];
    assert.ok(event?.type === "accepted" && event.message === id && event.account === "acme");
  });

  test("the text decides encoding and segments", async () => {
    await using world = await createWorld();
    const long = await read<{ segments: number; encoding: string }>(
      await world.send({ ...VALID, text: "a".repeat(161) }),
    );
    assert.deepEqual([long.encoding, long.segments], ["gsm7", 2]);
    const emoji = await read<{ segments: number; encoding: string }>(
      await world.send({ ...VALID, text: "🐦".repeat(36) }),
    );
    assert.deepEqual([emoji.encoding, emoji.segments], ["ucs2", 2]);
  });

  test("many recipients: a line each, in order; a bad number fails alone; one given twice is two", async () => {
    await using world = await createWorld();
    const to = ["+61491570006", "0491570006", "+61491570006", "+61491570156"];
    const response = await world.send({ ...VALID, to });
    assert.equal(response.status, 202);
    const { messages, accepted, invalid } = await read<Many>(response);
    assert.deepEqual(
      messages.map((line) => line.to),
      to,
    );
    assert.deepEqual(
      messages.map((line) => line.status),
      ["accepted", "invalid", "accepted", "accepted"],
    );
    assert.deepEqual([accepted, invalid, messages[1]?.error?.code], [3, 1, "invalid_number"]);
    assert.equal(new Set(messages.flatMap(({ id }) => id ?? [])).size, 3);
    assert.deepEqual(
      world.sets[0]?.events().map(({ message }) => message),
      messages.flatMap(({ id }) => id ?? []),
    );
  });

  test("1,000 recipients are one step; 1,001 are refused", async () => {
    await using world = await createWorld();
    const to = Array.from({ length: RECIPIENTS_MAX }, (_, i) => `+6149157${`${i}`.padStart(4, "0")}`);
    assert.equal((await read<Many>(await world.send({ ...VALID, to }))).accepted, RECIPIENTS_MAX);
    assert.equal(world.steps(), 1);
    await refused({ ...VALID, to: [...to, VALID.to] }, ["/to wrong_count"]);
  });

  test("when no recipient is a number: 422 that names each", () =>
    refused({ ...VALID, to: ["1", "+0"] }, ["/to/0 invalid_number", "/to/1 invalid_number"]));

  test("every wrong field is named at once, unknown ones too", async () => {
    await refused({}, ["/to required", "/from required", "/text required"]);
    await refused(
      {
        to: "12",
        from: "",
        text: "",
        class: "urgent",
        client_reference: 7,
        metadata: [],
        expire_at: "soon",
        txt: "",
        "a/b~": 1,
      },
      [
        "/to invalid_number",
        "/from invalid_sender",
        "/text empty",
        "/class invalid_choice",
        "/client_reference invalid_type",
        "/metadata invalid_type",
        "/expire_at invalid_time",
        "/txt unknown_field",
        "/a~1b~0 unknown_field",
      ],
    );
    for (const body of ["[]", "7", "null", '"text"']) await refused(body, [" invalid_type"]);
  });

  test("recipients, texts, references and metadata out of bounds are refused", async () => {
    await refused({ ...VALID, to: [] }, ["/to wrong_count"]);
    await refused({ ...VALID, to: ["+61491570006", 7, null] }, ["/to/1 invalid_type", "/to/2 invalid_type"]);
    await refused({ ...VALID, to: { number: "+61491570006" } }, ["/to invalid_type"]);
    for (const text of ["a".repeat(1_531), "é€".repeat(700), "🐦".repeat(400)]) {
      await refused({ ...VALID, text }, ["/text text_too_long"]);
    }
    for (const text of ["a\u0000b", "\ud83d", "bad \ufffd"])
      await refused({ ...VALID, text }, ["/text invalid_characters"]);
    for (const reference of ["", "a".repeat(256), "a\nb"]) {
      await refused({ ...VALID, client_reference: reference }, ["/client_reference invalid_reference"]);
    }
    const keys = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ""]));
    await refused({ ...VALID, metadata: keys }, ["/metadata wrong_count"]);
    await refused({ ...VALID, metadata: { "": "a", ok: 7, fine: "x" } }, [
      "/metadata/ invalid_key",
      "/metadata/ok invalid_value",
    ]);
    await refused(`{"to":"+61491570006","from":"A","text":"b","metadata":{"__proto__":"x"}}`, [
      "/metadata/__proto__ invalid_key",
    ]);
    await refused(`{"to":"+61491570006","from":"A","text":"b","__proto__":{"a":1}}`, ["/__proto__ unknown_field"]);
  });

  test("expire_at must be a real RFC 3339 time with its offset, in the future and near enough", async () => {
    for (const at of [
      "2030-01-01T10:00:00",
      "2030-02-30T00:00:00Z",
      "2030-13-01T00:00:00Z",
      "2030-01-01",
      "1893456000",
    ]) {
      await refused({ ...VALID, expire_at: at }, ["/expire_at invalid_time"]);
    }
    await refused({ ...VALID, expire_at: "2030-01-01T00:00:00Z" }, ["/expire_at expiry_past"]);
    const tooFar = new Date(Date.UTC(2030, 0, 1) + EXPIRY_HOURS_MAX * 3_600_000 + 1).toISOString();
    await refused({ ...VALID, expire_at: tooFar }, ["/expire_at expiry_too_far"]);
  });

  test("another account's two-way number is no sender; one's own is", async () => {
    await refused({ ...VALID, from: "+61480000002" }, ["/from sender_not_yours"]);
    await using world = await createWorld();
    assert.equal((await world.send({ ...VALID, from: "+61480000001" })).status, 202);
  });

  test("long texts and metadata to many people are refused before the step outgrows a document", async () => {
    const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, "€".repeat(255)]));
    const to = Array.from({ length: RECIPIENTS_MAX }, (_, i) => `+6149157${`${i}`.padStart(4, "0")}`);
    await refused({ ...VALID, to, metadata }, ["/to request_too_heavy"]);
    await using world = await createWorld();
    assert.equal((await world.send({ ...VALID, metadata })).status, 202);
  });

  test("what is not JSON is 400", async () => {
    await using world = await createWorld();
    for (const body of ["", "{", "to=1", "{'to':1}"]) await problemOf(await world.send(body), 400, "invalid_json");
    assert.equal(world.steps(), 0);
  });

  test("only application/json in UTF-8, not compressed", async () => {
    await using world = await createWorld();
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
      "application/jsonx",
    ]) {
      await problemOf(await world.send(VALID, { "content-type": type }), 415, "unsupported_media_type");
    }
    await problemOf(await world.send(VALID, { "content-encoding": "gzip" }), 415, "unsupported_media_type");
    assert.equal(world.steps(), 0);
    assert.equal((await world.send(VALID, { "content-type": 'Application/JSON; charset="UTF-8"' })).status, 202);
  });

  test("a body over the bound is 413, its length stated or not, and is not read on", async () => {
    await using world = await createWorld();
    const large = JSON.stringify({ ...VALID, text: "a".repeat(BODY_BYTES_MAX) });
    await problemOf(await world.send(large, { "content-length": `${large.length}` }), 413, "body_too_large");
    let pulled = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(16_384).fill(0x20));
      },
    });
    const headers = { authorization: `Bearer ${world.key}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: endless, duplex: "half" };
    await problemOf(await world.fetch("/v1/messages", init), 413, "body_too_large");
    assert.ok(pulled <= BODY_BYTES_MAX / 16_384 + 4, `pulled ${pulled} times`);
    assert.equal(world.steps(), 0);
  });

  test("no key, a wrong secret and an unknown id are 401; the last two cannot be told apart", async () => {
    await using world = await createWorld();
    const anonymous = await world.send(VALID, { authorization: "" });
    assert.equal(anonymous.headers.get("www-authenticate"), 'Bearer realm="godwit"');
    await problemOf(anonymous, 401, "key_missing");
    const wrong = `${world.key.slice(0, -1)}${world.key.endsWith("0") ? "1" : "0"}`;
    const answers = await Promise.all(
      [wrong, world.key.replace("acme1", "nobody"), "gw_live_", "x"].map(async (key) => {
        const response = await world.send(VALID, { authorization: `Bearer ${key}`, "x-request-id": "r" });
        assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="godwit", error="invalid_token"');
        return JSON.stringify(await problemOf(response, 401, "key_invalid"));
      }),
    );
    assert.equal(new Set(answers).size, 1);
    await problemOf(await world.send(VALID, { authorization: `Basic ${world.key}` }), 401, "key_invalid");
    assert.equal(world.steps(), 0);
    assert.equal((await world.send(VALID, { authorization: `bearer ${world.key}` })).status, 202);
  });

  test("a key that has expired, or is not good for what is asked, is told so to who has its secret", async () => {
    await using world = await createWorld();
    const { id } = (await (await world.send(VALID)).json()) as { readonly id: string };
    const limited = async (key: { readonly expiresAt?: number; readonly scopes?: ("send" | "read")[] }) => {
      await world.change(({ accounts: [acme, ...others], ...rest }) => {
        return { ...rest, accounts: [{ ...acme, keys: acme.keys.map((one) => ({ ...one, ...key })) }, ...others] };
      });
    };
    const get = (key: string) => world.fetch(`/v1/messages/${id}`, { headers: { authorization: `Bearer ${key}` } });
    await limited({ scopes: ["read"] });
    const refused = await world.send(VALID);
    assert.equal(refused.headers.get("www-authenticate"), 'Bearer realm="godwit", error="insufficient_scope"');
    await problemOf(refused, 403, "key_scope");
    const cancel = { method: "POST", headers: { authorization: `Bearer ${world.key}` } };
    await problemOf(await world.fetch(`/v1/messages/${id}/cancel`, cancel), 403, "key_scope");
    assert.equal((await get(world.key)).status, 200);
    await limited({ scopes: ["send"], expiresAt: world.clock.now() + 10_000 });
    await problemOf(await get(world.key), 403, "key_scope");
    assert.equal((await world.send(VALID)).status, 202);
    await world.clock.advance(10_000);
    await problemOf(await world.send(VALID), 401, "key_expired");
    // Who does not have it learns nothing of it.
    const wrong = `${world.key.slice(0, -1)}${world.key.endsWith("0") ? "1" : "0"}`;
    await problemOf(await world.send(VALID, { authorization: `Bearer ${wrong}` }), 401, "key_invalid");
  });

  test("a withdrawn key ends with the next copy of the directory, although it was proven before", async () => {
    await using world = await createWorld();
    assert.equal((await world.send(VALID)).status, 202);
    await world.change(() => ({ accounts: [], routes: [], numbers: [] }));
    await problemOf(await world.send(VALID), 401, "key_invalid");
  });

  test("who is suspended, or below one who is, sends nothing and can still ask; who is closed has no key", async () => {
    await using world = await createWorld();
    const { id } = (await (await world.send(VALID)).json()) as { readonly id: string };
    await world.change(({ accounts: [acme, ...others], ...rest }) => {
      const parent = { ...acme, id: "reseller", keys: [], status: "suspended" as const };
      return { ...rest, accounts: [parent, { ...acme, parent: "reseller" }, ...others] };
    });
    await problemOf(await world.send(VALID), 403, "account_suspended");
    const authorization = `Bearer ${world.key}`;
    assert.equal((await world.fetch(`/v1/messages/${id}`, { headers: { authorization } })).status, 200);
    assert.equal((await world.send(VALID, { authorization: `Bearer ${world.otherKey}` })).status, 202);

    await world.change(({ accounts: [reseller, ...others], ...rest }) => {
      return { ...rest, accounts: [{ ...reseller, status: "closed" as const }, ...others] };
    });
    await problemOf(await world.send(VALID), 401, "key_invalid");
    assert.equal(world.steps(), 2);
  });

  test("a class that is not open to the account is named, with those that are", async () => {
    await using world = await createWorld();
    await world.change(({ accounts: [acme, ...others], ...rest }) => {
      return { ...rest, accounts: [{ ...acme, classes: ["alert", "transactional"] }, ...others] };
    });
    const problem = await problemOf(await world.send({ ...VALID, class: "bulk" }), 422, "validation_failed");
    assert.deepEqual(problem.errors, [
      {
        pointer: "/class",
        code: "class_not_allowed",
        message: "bulk is not open to this account: use alert or transactional",
      },
    ]);
    assert.equal((await world.send({ ...VALID, class: "alert" })).status, 202);
  });

  test("without a directory, or with one too old, nothing is sent", async () => {
    await using empty = await createWorld({ withDirectory: false });
    await problemOf(await empty.send(VALID), 503, "not_ready");
    await using world = await createWorld();
    for (const set of world.sets) set.reads = "fail";
    await world.clock.advance(3_599_000);
    assert.equal((await world.send(VALID)).status, 202);
    await world.clock.advance(2_000);
    await problemOf(await world.send(VALID), 503, "directory_stale");
  });

  test("with no set to write to: 503 unavailable, retryable, nothing stored", async () => {
    await using world = await createWorld({
      sets: [
        ["syd1", "syd"],
        ["akl1", "akl"],
      ],
    });
    for (const set of world.sets) set.mode = "fails";
    const problem = await problemOf(await world.send(VALID), 503, "unavailable");
    assert.equal(problem.retryable, true);
    assert.deepEqual(
      world.sets.flatMap((set) => set.events()),
      [],
    );
  });

  test("an outcome that stays unknown is 503 with the ids, by line for many, and is not retryable", async () => {
    await using world = await createWorld();
    const [set] = world.sets;
    if (set === undefined) return;
    set.mode = "doubted_applied";
    const one = await problemOf(await world.send(VALID), 503, "outcome_unknown");
    assert.deepEqual(
      one.ids,
      set.events().map(({ message }) => message),
    );
    assert.equal(one.retryable, false);
    await using other: World = await createWorld();
    for (const doubted of other.sets) doubted.mode = "doubted_lost";
    const many = await problemOf(await other.send({ ...VALID, to: ["1", VALID.to] }), 503, "outcome_unknown");
    assert.deepEqual(
      many.messages?.map(({ status, id }) => [status, id]),
      [
        ["invalid", undefined],
        ["unknown", many.ids?.[0]],
      ],
    );
  });

  test("a decent X-Request-Id comes back, another is replaced", async () => {
    await using world = await createWorld();
    assert.equal(
      (await world.send(VALID, { "x-request-id": "trace-1.a_B" })).headers.get("x-request-id"),
      "trace-1.a_B",
    );
    const replaced = (await world.send("{", { "x-request-id": "a b" })).headers.get("x-request-id") ?? "";
    assert.ok(/^[0-9a-z]{26}$/.test(replaced));
  });
}
