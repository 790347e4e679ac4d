import { describe, expect, test } from "bun:test";
import { encodePdu } from "./codec.ts";
import type { Pdu } from "./pdu.ts";
import type { RequestResult } from "./pending-requests.ts";
import type { Session } from "./session.ts";
import type { Answer } from "./session-options.ts";
import { bindTestClient, listen, listenSmsc, openTestClient } from "./testing/listen.ts";
import { connectRawPeer, wrapRawPeer } from "./testing/raw-peer.ts";

const MESSAGE = { destination_addr: "491701234567", short_message: Uint8Array.of(0x41) };
const unanswered = { onRequest: ({ command }: Pdu): Answer => (command === "submit_sm" ? "silent" : { status: 0 }) };

/** A server that binds whoever comes and leaves the rest to `onPdu`. */
function listenRaw(onPdu: (pdu: Pdu, send: ReturnType<typeof wrapRawPeer>["send"]) => void) {
  return listen((socket) => {
    const peer = wrapRawPeer(socket);
    void (async () => {
      for (;;) {
        const pdu = await peer.next();
        if (pdu.command.startsWith("bind_")) peer.send({ command: `${pdu.command}_resp`, sequence: pdu.sequence });
        else onPdu(pdu, peer.send);
      }
    })().catch(() => undefined);
  });
}

describe("opening a client session", () => {
  test("a refusal carries the command status", async () => {
    await using server = await listenSmsc({ onRequest: () => ({ status: 0x0e }) });
    expect(await openTestClient(server.port)).toEqual({ type: "refused", status: 0x0e });
  });

  test("a server closes with the first refusal, or with as many as it was told to allow", async () => {
    for (const refusedBindsMax of [undefined, 3]) {
      const options = refusedBindsMax === undefined ? {} : { refusedBindsMax };
      await using server = await listenSmsc({ ...options, onRequest: () => ({ status: 0x0e }) });
      using peer = await connectRawPeer(server.port);
      for (let sequence = 1; sequence <= (refusedBindsMax ?? 1); sequence++) {
        expect(peer.isClosed).toBe(false);
        peer.send({ command: "bind_transceiver", sequence });
        expect(await peer.next()).toMatchObject({ sequence, status: 0x0e });
      }
      await peer.closed;
    }
  });

  test("nobody listening, a peer that never answers the bind and an abort are typed failures", async () => {
    const gone = await listen(() => undefined);
    await gone[Symbol.asyncDispose]();
    expect(await openTestClient(gone.port)).toMatchObject({ type: "failed", error: { code: "connect_failed" } });

    const connected = Promise.withResolvers<void>();
    await using mute = await listen(() => connected.resolve());
    expect(await openTestClient(mute.port, { bindTimeoutMs: 20 })).toMatchObject({
      type: "failed",
      error: { code: "bind_timeout", retryable: true },
    });
    const abort = new AbortController();
    const opening = openTestClient(mute.port, { signal: abort.signal });
    await connected.promise;
    abort.abort();
    expect(await opening).toMatchObject({ type: "failed", error: { code: "aborted", retryable: false } });
  });

  test("binds as transmitter or receiver carry one direction only", async () => {
    const servers: Session[] = [];
    await using server = await listenSmsc({}, (session) => servers.push(session));
    await using tx = await bindTestClient(server.port, { bindAs: "tx" });
    await using rx = await bindTestClient(server.port, { bindAs: "rx" });
    expect([tx.boundAs, tx.freeSlots, rx.boundAs, rx.freeSlots]).toEqual(["tx", 50, "rx", 0]);
    expect(servers.map((session) => session.freeSlots)).toEqual([0, 50]);
  });
});

describe("requests in flight", () => {
  test("all become unknown when the link drops with a full window, and none hangs", async () => {
    let server: Session | undefined;
    await using listening = await listenSmsc(unanswered, (session) => {
      server = session;
    });
    const client = await bindTestClient(listening.port);
    const results = Array.from({ length: 50 }, () => client.request("submit_sm", MESSAGE));
    expect(client.freeSlots).toBe(0);
    expect(await client.request("submit_sm", MESSAGE)).toEqual({ type: "not_sent", reason: "window_full" });
    server?.destroy();
    expect(await Promise.all(results)).toEqual(results.map(() => ({ type: "unknown", reason: "link_lost" })));
    expect((await client.closed).reason).toBe("peer_closed");
    expect(await client.request("submit_sm", MESSAGE)).toEqual({ type: "not_sent", reason: "not_bound" });
  });

  test("one without an answer becomes unknown at its deadline, its slot is free once the peer shows life", async () => {
    await using server = await listenSmsc(unanswered);
    const free = Promise.withResolvers<void>();
    const onSlot = (): void => {
      if (client.freeSlots === 1) free.resolve();
    };
    await using client = await bindTestClient(server.port, { window: 1, responseTimeoutMs: 20, onSlot });
    expect(await client.request("submit_sm", MESSAGE)).toEqual({ type: "unknown", reason: "response_timeout" });
    expect(client.freeSlots).toBe(0);
    await free.promise;
  });

  test("a half-open peer has one window in doubt and no more, and is given up without another silence", async () => {
    const received: string[] = [];
    await using server = await listenRaw(({ command }) => received.push(command));
    const client = await bindTestClient(server.port, { window: 5, responseTimeoutMs: 20, enquireLinkTimeoutMs: 100 });
    const results = Array.from({ length: 5 }, () => client.request("submit_sm", MESSAGE));
    const doubt = { type: "unknown", reason: "response_timeout" } as const;
    expect(await Promise.all(results)).toEqual(results.map(() => doubt));
    expect(await client.request("submit_sm", MESSAGE)).toEqual({ type: "not_sent", reason: "window_full" });
    expect((await client.closed).reason).toBe("peer_silent");
    expect(received).toEqual([...results.map(() => "submit_sm"), "enquire_link"]);
  });

  test("an answer of another command settles nothing", async () => {
    await using server = await listenRaw(({ sequence }, send) => {
      send({ command: "enquire_link_resp", sequence });
      send({ command: "submit_sm_resp", sequence, fields: { message_id: "right" } });
    });
    const client = await bindTestClient(server.port);
    expect(await client.request("submit_sm", MESSAGE)).toMatchObject({
      type: "answered",
      fields: { message_id: "right" },
    });
    client.destroy();
  });

  test("answers in reverse order find their requests", async () => {
    const held: (() => void)[] = [];
    await using server = await listenRaw(({ sequence, fields }, send) => {
      held.push(() =>
        send({ command: "submit_sm_resp", sequence, fields: { message_id: fields.destination_addr ?? "" } }),
      );
      if (held.length === 3) for (const answer of held.reverse()) answer();
    });
    const client = await bindTestClient(server.port);
    const results = ["1", "2", "3"].map((to) => client.request("submit_sm", { destination_addr: to }));
    const ids = (await Promise.all(results)).map((result) => result.type === "answered" && result.fields.message_id);
    expect(ids).toEqual(["1", "2", "3"]);
    client.destroy();
  });

  test("mayWrite is asked last, and its no means that nothing was sent", async () => {
    let submits = 0;
    await using server = await listenSmsc({
      onRequest: ({ command }) => {
        if (command === "submit_sm") submits++;
        return { status: 0 };
      },
    });
    await using client = await bindTestClient(server.port);
    const aborted = await client.request("submit_sm", MESSAGE, { mayWrite: () => false });
    expect([aborted, client.inFlight]).toEqual([{ type: "not_sent", reason: "aborted" }, 0]);
    expect(await client.request("submit_sm", MESSAGE, { mayWrite: () => true })).toMatchObject({ type: "answered" });
    expect(submits).toBe(1);
  });

  test("a peer that reads nothing stops the writer at its bound, and the link ends", async () => {
    await using server = await listen((socket) => {
      const peer = wrapRawPeer(socket);
      void peer.next().then(({ sequence }) => {
        socket.pause();
        peer.send({ command: "bind_transceiver_resp", sequence });
      });
    });
    const timers = { enquireLinkMs: 20, enquireLinkTimeoutMs: 20 };
    const client = await bindTestClient(server.port, { window: 1_000, ...timers });
    const payload = new Uint8Array(60_000);
    const results: Promise<RequestResult>[] = [];
    while (client.freeSlots > 0) {
      results.push(client.request("submit_sm", { message_payload: payload }));
      await new Promise(setImmediate);
    }
    expect(client.inFlight).toBeLessThan(500);
    expect(["peer_silent", "peer_not_reading"]).toContain((await client.closed).reason);
    for (const result of await Promise.all(results)) expect(result).toEqual({ type: "unknown", reason: "link_lost" });
  });
});

describe("liveness and leaving", () => {
  test("a peer that never answers enquire_link loses the link", async () => {
    await using server = await listenRaw(() => undefined);
    const client = await bindTestClient(server.port, { enquireLinkMs: 20, enquireLinkTimeoutMs: 20 });
    expect((await client.closed).reason).toBe("peer_silent");
  });

  test("a peer that answers enquire_link keeps it", async () => {
    let probes = 0;
    const thrice = Promise.withResolvers<void>();
    await using server = await listenRaw(({ command, sequence }, send) => {
      send({ command: `${command}_resp`, sequence });
      if (command === "enquire_link" && ++probes === 3) thrice.resolve();
    });
    const client = await bindTestClient(server.port, { enquireLinkMs: 5, enquireLinkTimeoutMs: 100 });
    await thrice.promise;
    expect(client.state).toBe("bound");
    client.destroy();
  });

  test("unbind() waits for what is in flight, whoever asks for it", async () => {
    for (const side of ["client", "server"] as const) {
      const answer = Promise.withResolvers<Answer>();
      const arrived = Promise.withResolvers<void>();
      let server: Session | undefined;
      await using listening = await listenSmsc(
        {
          onRequest: ({ command }) => {
            if (command !== "submit_sm") return { status: 0 };
            arrived.resolve();
            return answer.promise;
          },
        },
        (session) => {
          server = session;
        },
      );
      const client = await bindTestClient(listening.port);
      const result = client.request("submit_sm", MESSAGE);
      await arrived.promise;
      const left = side === "client" ? client.unbind() : server?.unbind();
      answer.resolve({ status: 0, fields: { message_id: "in time" } });
      expect(await result).toMatchObject({ type: "answered", fields: { message_id: "in time" } });
      await left;
      expect((await client.closed).reason).toBe(side === "client" ? "unbound" : "peer_unbound");
    }
  });
});

describe("requests of the peer", () => {
  test("stop being read at the bound, and go on below it", async () => {
    const gates: PromiseWithResolvers<Answer>[] = [];
    const full = Promise.withResolvers<void>();
    let most = 0;
    let server: Session | undefined;
    await using listening = await listenSmsc({}, (session) => {
      server = session;
    });
    const client = await bindTestClient(listening.port, {
      maxInHand: 3,
      onRequest: () => {
        const gate = Promise.withResolvers<Answer>();
        gates.push(gate);
        most = Math.max(most, gates.length);
        if (gates.length === 3) full.resolve();
        return gate.promise;
      },
    });
    const results = Array.from({ length: 40 }, () => server?.request("deliver_sm", MESSAGE));
    await full.promise;
    for (let answered = 0; answered < 40; answered++) {
      while (gates.length === 0) await new Promise(setImmediate);
      gates.shift()?.resolve({ status: 0 });
    }
    for (const result of await Promise.all(results)) expect(result).toMatchObject({ type: "answered", status: 0 });
    expect(most).toBe(3);
    client.destroy();
  });

  test("a handler that throws or rejects is answered with a temporary error", async () => {
    const errors = [
      () => {
        throw new Error("thrown");
      },
      () => Promise.reject(new Error("rejected")),
    ];
    let server: Session | undefined;
    await using listening = await listenSmsc({}, (session) => {
      server = session;
    });
    await using _client = await bindTestClient(listening.port, {
      onRequest: () => errors.shift()?.() ?? { status: 0 },
    });
    for (const status of [0x64, 0x64, 0]) {
      expect(await server?.request("deliver_sm", MESSAGE)).toMatchObject({ type: "answered", status });
    }
  });

  test("a deliver_sm in the same chunk as the bind's answer is served", async () => {
    await using server = await listen((socket) => {
      const peer = wrapRawPeer(socket);
      void peer.next().then(({ sequence }) => {
        const answer = encodePdu({ command: "bind_transceiver_resp", sequence });
        peer.write(Uint8Array.of(...answer, ...encodePdu({ command: "deliver_sm", sequence: 1, fields: MESSAGE })));
      });
    });
    const served = Promise.withResolvers<string>();
    const client = await bindTestClient(server.port, {
      onRequest: ({ command }) => {
        served.resolve(command);
        return { status: 0 };
      },
    });
    expect(await served.promise).toBe("deliver_sm");
    client.destroy();
  });
});
