import { expect, test } from "bun:test";
import { parseCounters } from "./sample-balancer.ts";

const CSV = `# pxname,svname,qcur,scur,stot,econ,eresp,status,hrsp_2xx,hrsp_5xx,
api,FRONTEND,,3,120,,,OPEN,118,2,
edges,edge,0,1,60,0,0,UP,60,0,
edges,edge-2,2,1,60,1,,DOWN,58,2,
edges,BACKEND,0,2,120,1,0,UP,118,2,
counters,FRONTEND,,1,9,,,OPEN,9,0,
`;

test("every server has its counters, and empty cells are nothing", () => {
  const figures = parseCounters(CSV);
  expect(figures).toMatchObject({
    "api.FRONTEND.answers2xx": 118,
    "edges.edge.up": 1,
    "edges.edge-2.up": 0,
    "edges.edge-2.queued": 2,
    "edges.edge-2.connectErrors": 1,
  });
  expect(Object.keys(figures).filter((name) => name.startsWith("counters"))).toEqual([]);
  expect(figures).not.toHaveProperty("edges.edge-2.responseErrors");
  expect(figures).not.toHaveProperty("api.FRONTEND.up");
});
