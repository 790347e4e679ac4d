/** HAProxy's own counters, by server and for all of them: https://docs.haproxy.org/2.6/management.html#9.1. */
import type { SampleSource, SampleValues } from "./sample-source.ts";

const BYTES_MAX = 2_048;
const EVERY = 1;
const ANSWER_MS_MAX = 2_000;

/** Its columns that are kept. All are sums but `scur` (sessions now), `qcur` (waiting now) and `ttime` (ms, mean). */
const KEPT: Readonly<Record<string, string>> = {
  scur: "sessions",
  qcur: "queued",
  stot: "sessionsTotal",
  econ: "connectErrors",
  eresp: "responseErrors",
  wretr: "retries",
  wredis: "redispatches",
  hrsp_2xx: "answers2xx",
  hrsp_4xx: "answers4xx",
  hrsp_5xx: "answers5xx",
  ttime: "totalMs",
};

/** Figures: `PROXY.SERVER.*` as in KEPT, and `up` of servers that are checked. `url`: of its counters as CSV. */
export function createBalancerSource(url: string): SampleSource {
  return {
    name: "balancer",
    bytesMax: BYTES_MAX,
    every: EVERY,
    async sample() {
      const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX), keepalive: false });
      if (!response.ok) throw new Error(`The balancer answered with ${response.status}`);
      return parseCounters(await response.text());
    },
  };
}

/** Pure. What it does not count in a row is left empty there, and out here. */
export function parseCounters(csv: string): SampleValues {
  const [head = "", ...rows] = csv.replace(/^# /, "").trim().split("\n");
  const columns = head.split(",");
  const figures = rows.flatMap((row) => {
    const cells = new Map(row.split(",").map((cell, i) => [columns[i] ?? "", cell] as const));
    const [proxy, server, status] = [cells.get("pxname"), cells.get("svname"), cells.get("status")];
    if (proxy === "counters") return [];
    const name = `${proxy}.${server}`;
    const kept = Object.entries(KEPT).flatMap(([column, figure]) => {
      const cell = cells.get(column);
      return cell === undefined || cell === "" ? [] : [[`${name}.${figure}`, Number(cell)] as const];
    });
    const isServer = server !== "FRONTEND" && server !== "BACKEND";
    return isServer ? [...kept, [`${name}.up`, status === "UP" ? 1 : 0] as const] : kept;
  });
  return Object.fromEntries(figures);
}
