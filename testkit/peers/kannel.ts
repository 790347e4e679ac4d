/**
 * Kannel as a customer of an SMPP server: its HTTP interface on one side, ours on the other. Receipts and replies come
 * back to a small HTTP server of this file, by Kannel's own dlr-url and sms-service.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGsm7 } from "#domain/encoding/gsm7.ts";
import { freePorts, isFree } from "../ports.ts";
import { type ServerProcess, startServerProcess } from "../server-process.ts";
import { until } from "../until.ts";
import { findKannel } from "./find-peers.ts";

const START_BOUND_MS = 30_000;
const LOG_CHARS = 3_000;

export interface SmppAccount {
  readonly host: string;
  readonly port: number;
  readonly systemId: string;
  readonly password: string;
}

export interface KannelOptions extends SmppAccount {
  /** Kannel's msg-id-type: 1 = hexadecimal in answers, decimal in receipts; absent: text in both. */
  readonly messageIdType?: number;
  /** What its sms-service answers a handset's message with; "" for nothing. */
  readonly answer?: string;
}

/** Query parameters of one call of Kannel's. */
export type Called = Readonly<Record<string, string>>;

export interface Kannel extends AsyncDisposable {
  /** `type`: 1 delivered, 2 failed, 4 queued, 8 accepted by the SMSC, 16 rejected; `tag` is what sendSms was given. */
  readonly receipts: readonly Called[];
  /** Messages of handsets, with `from`, `to` and `text`. */
  readonly replies: readonly Called[];
  /** Resolves with Kannel's own words once it has taken the message; throws when it refuses. */
  sendSms(message: {
    readonly from: string;
    readonly to: string;
    readonly text: string;
    readonly tag: string;
  }): Promise<string>;
  /** Whether its link to the server is up, by its status page. */
  isOnline(): Promise<boolean>;
}

/** Bound once it resolves. */
export async function openKannel(options: KannelOptions): Promise<Kannel> {
  const { bearerbox, smsbox } = await findKannel();
  const [admin = 0, box = 0, sendsms = 0] = await freePorts(3);
  const folder = mkdtempSync(join(tmpdir(), "godwit-kannel-"));
  const receipts: Called[] = [];
  const replies: Called[] = [];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const http = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      (pathname === "/dlr" ? receipts : replies).push(Object.fromEntries(searchParams));
      const answer = pathname === "/dlr" ? "" : (options.answer ?? "");
      return new Response(answer, {
        headers: { "content-type": "text/plain; charset=UTF-8", "x-kannel-coding": codingOf(answer) },
      });
    },
  });
  stack.defer(() => http.stop(true));
  const conf = join(folder, "kannel.conf");
  writeFileSync(conf, configuration(options, { admin, box, sendsms, http: http.port ?? 0 }));
  const start = async (path: string, port: number): Promise<void> => {
    const logFile = join(folder, `${path.split("/").at(-1)}.log`);
    const server = await startServerProcess({
      path,
      args: ["-v", "1", conf],
      mark: conf,
      logFile,
      stopSignal: "SIGTERM",
    });
    stack.defer(() => server.stop());
    await untilListening(server, port, logFile);
  };
  await start(bearerbox, box);
  await start(smsbox, sendsms);
  const isOnline = async (): Promise<boolean> => {
    const status = await fetch(`http://127.0.0.1:${admin}/status.txt?password=admin`);
    return /\(online /.test(await status.text());
  };
  await until("Kannel's bind", START_BOUND_MS, async () => ((await isOnline()) ? true : undefined));
  const opened = stack.move();
  return {
    receipts,
    replies,
    isOnline,
    async sendSms({ from, to, text, tag }) {
      const query = new URLSearchParams({
        username: "user",
        password: "pass",
        from,
        to,
        text,
        charset: "UTF-8",
        coding: codingOf(text),
        "dlr-mask": "31",
        "dlr-url": `http://127.0.0.1:${http.port}/dlr?type=%d&id=%F&tag=${tag}`,
      });
      const response = await fetch(`http://127.0.0.1:${sendsms}/cgi-bin/sendsms?${query}`);
      const said = await response.text();
      if (response.status !== 202) throw new Error(`Kannel refuses: ${response.status} ${said}`);
      return said;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** 2 = UCS-2, 0 = GSM: Kannel must be told, as it does not look. */
function codingOf(text: string): "0" | "2" {
  return isGsm7(text) ? "0" : "2";
}

async function untilListening(server: ServerProcess, port: number, logFile: string): Promise<void> {
  const listens = async (): Promise<boolean | undefined> => {
    if (server.exit !== undefined)
      throw new Error(`Kannel has ended:\n${readFileSync(logFile, "utf8").slice(-LOG_CHARS)}`);
    return (await isFree(port)) ? undefined : true;
  };
  await until(`port ${port} of Kannel`, START_BOUND_MS, listens);
}

/** Without the interface lines it would listen on every one. */
function configuration(
  { host, port, systemId, password, messageIdType }: KannelOptions,
  ports: { readonly admin: number; readonly box: number; readonly sendsms: number; readonly http: number },
): string {
  const groups: readonly Readonly<Record<string, string | number>>[] = [
    {
      group: "core",
      "admin-port": ports.admin,
      "admin-interface": "127.0.0.1",
      "admin-password": "admin",
      "smsbox-port": ports.box,
      "smsbox-interface": "127.0.0.1",
      "dlr-storage": "internal",
    },
    {
      group: "smsc",
      smsc: "smpp",
      "smsc-id": "ours",
      host,
      port,
      "transceiver-mode": "true",
      "smsc-username": systemId,
      "smsc-password": password,
      "system-type": '""',
      "interface-version": 34,
      "max-pending-submits": 50,
      "enquire-link-interval": 10,
      "reconnect-delay": 1,
      "source-addr-autodetect": "true",
      ...(messageIdType === undefined ? {} : { "msg-id-type": messageIdType }),
    },
    {
      group: "smsbox",
      "bearerbox-host": "127.0.0.1",
      "sendsms-port": ports.sendsms,
      "sendsms-interface": "127.0.0.1",
      "mo-recode": "true",
      "global-sender": 72345,
    },
    { group: "sendsms-user", username: "user", password: "pass", "max-messages": 20, concatenation: "true" },
    {
      group: "sms-service",
      keyword: "default",
      "catch-all": "true",
      "get-url": `"http://127.0.0.1:${ports.http}/mo?from=%p&to=%P&text=%a"`,
      "accept-x-kannel-headers": "true",
      "omit-empty": "true",
      "max-messages": 3,
      concatenation: "true",
    },
  ];
  return groups
    .map((group) =>
      Object.entries(group)
        .map(([name, value]) => `${name} = ${value}\n`)
        .join(""),
    )
    .join("\n");
}
