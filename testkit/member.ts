/**
 * One mongod of a replica set: stopped → running → stopped, on one port and one data folder for life. It can be killed,
 * paused and started again by tests; its data folder outlives it.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { askHello } from "./hello.ts";
import { assertPortFree } from "./ports.ts";
import { stopLeftover } from "./process-table.ts";
import { type ServerProcess, STOP_GRACE_MS, startServerProcess } from "./server-process.ts";
import { ServerStartError } from "./server-start-error.ts";
import { until } from "./until.ts";

/** Recovery of a large journal after a crash takes its time. */
const SERVE_BOUND_MS = 60_000;

export interface Member {
  readonly index: number;
  readonly port: number;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  readonly dataDir: string;
  readonly logFile: string;
  readonly alive: boolean;
  /** SIGSTOP pauses it, SIGCONT lets it go on. No effect while it is down. */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, like a crash; returns once the process is gone. */
  kill(): Promise<void>;
  /** Stops it cleanly; killed after a named bound. */
  stop(): Promise<void>;
  /** Starts it, after a clean stop if it runs; returns once it answers, which is before it has rejoined its set. */
  restart(): Promise<void>;
}

export interface MemberOptions {
  readonly index: number;
  readonly port: number;
  readonly dataDir: string;
  readonly mongodPath: string;
  readonly setName: string;
  readonly keyFile: string;
  readonly cacheMegabytes: number;
  readonly oplogMegabytes: number;
}

/** A member that is down; restart() starts it, in an existing data folder or a new one. */
export function createMember(options: MemberOptions): Member {
  const { index, port, dataDir } = options;
  const logFile = `${dataDir}.log`;
  let running: ServerProcess | undefined;
  const up = (): ServerProcess | undefined => (running?.exit ? undefined : running);
  return {
    index,
    port,
    dataDir,
    logFile,
    get pid() {
      return up()?.pid;
    },
    get alive() {
      return up() !== undefined;
    },
    signal: (signal) => up()?.signal(signal),
    kill: async () => up()?.kill(),
    stop: async () => up()?.stop(),
    restart: async () => {
      await up()?.stop();
      running = await startMongod(options, logFile);
    },
  };
}

/**
 * Stops the mongod that a dead run left on this data folder. mongod itself notes its id there and clears it at a clean
 * end.
 */
export async function stopLeftoverMember(dataDir: string): Promise<boolean> {
  let pid: number;
  try {
    pid = Number(readFileSync(join(dataDir, "mongod.lock"), "utf8"));
  } catch {
    return false;
  }
  return pid > 0 && (await stopLeftover(pid, { argument: dataDir, stopSignal: "SIGTERM", graceMs: STOP_GRACE_MS }));
}

async function startMongod(options: MemberOptions, logFile: string): Promise<ServerProcess> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  await assertPortFree(options.port);
  const server = await startServerProcess({
    path: options.mongodPath,
    args: mongodArguments(options),
    mark: options.dataDir,
    logFile,
    stopSignal: "SIGTERM",
  });
  const serves = async (): Promise<boolean | undefined> => {
    if (server.exit) return false;
    return (await askHello(options.port)) ? true : undefined;
  };
  const served = await until("mongod to answer", SERVE_BOUND_MS, serves).catch(() => false);
  if (served) return server;
  const error = new ServerStartError(`Member ${options.index} of set ${options.setName}`, logFile, server);
  await server.kill();
  throw error;
}

function mongodArguments(options: MemberOptions): readonly string[] {
  const parameters = {
    // A killed client must not hold documents in an open transaction for the default minute (DESIGN.md, 5).
    transactionLifetimeLimitSeconds: 5,
    // Full-time diagnostics sample every counter each second: about a third of the CPU of an idle member.
    diagnosticDataCollectionEnabled: false,
    // By default every old version of a claimed chunk is kept 5 minutes for snapshot reads, which nothing here does
    // outside a transaction: −12 % CPU a step (claims written), +20 % claims.
    minSnapshotHistoryWindowInSeconds: 0,
    // A primary otherwise waits up to 15 s for clients to go elsewhere before it obeys SIGTERM.
    shutdownTimeoutMillisForSignaledShutdown: 100,
    // 15,000 rounds of SHA-256 a login by default; passwords here are random, so stretching them buys nothing.
    scramSHA256IterationCount: 5_000,
  };
  return [
    ...["--dbpath", options.dataDir],
    ...["--port", String(options.port)],
    ...["--bind_ip", "127.0.0.1"],
    ...["--replSet", options.setName],
    ...["--keyFile", options.keyFile], // also turns authentication on
    ...["--storageEngine", "wiredTiger"],
    ...["--wiredTigerCacheSizeGB", (options.cacheMegabytes / 1024).toFixed(3)],
    ...["--oplogSize", String(options.oplogMegabytes)],
    // Writers that ask for the journal (majority, j) flush it themselves at once; this only paces the idle loop.
    ...["--journalCommitInterval", "300"],
    ...["--slowms", "1000"], // a loaded laptop makes much of it "slow", and the log large
    "--nounixsocket",
    ...Object.entries(parameters).flatMap(([name, value]) => ["--setParameter", `${name}=${value}`]),
  ];
}
