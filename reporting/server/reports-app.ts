/**
 * The report server as a function of a request: statistics, worked questions and single messages, all from PostgreSQL
 * with an analyst's rights. One bearer token opens everything, so it is for operators and their tools, never for
 * customers.
 */
import { Hono } from "hono";
import { z } from "zod";
import { createMetrics, type Metrics } from "#core/metrics/metrics.ts";
import { messageIdSchema } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import { questions } from "../questions/questions.ts";
import type { ReportsDatabase } from "../reports-database.ts";
import { ReportsDatabaseError } from "../reports-database-error.ts";
import { asAnalyst } from "./as-analyst.ts";
import { readMessageReport } from "./message-report.ts";
import { parseParameters, parseQuery } from "./parameters.ts";
import { problemResponse } from "./problem.ts";
import { createReportsMetrics } from "./reports-metrics.ts";
import { statisticsQuery, statisticsSchema } from "./statistics.ts";
import { createTokenCheck } from "./token-check.ts";

const QUERY_CANCELED = "57014";

export function createReportsApp(deps: {
  readonly database: ReportsDatabase;
  readonly token: string;
  readonly log: Logger;
  /** Of the process: shown with its own. */
  readonly metrics?: Metrics;
}): Hono {
  const { database, log } = deps;
  const isToken = createTokenCheck(deps.token);
  const metrics = createReportsMetrics(deps.metrics ?? createMetrics());
  const app = new Hono();

  app.get("/livez", (c) => c.json({ live: true }));
  app.get("/readyz", async (c) => {
    const isReady = await asAnalyst(database, (select) => select("SELECT 1", [])).then(
      () => true,
      () => false,
    );
    return c.json({ ready: isReady, parts: { postgres: isReady } }, isReady ? 200 : 503);
  });
  app.get("/metrics", (c) => c.body(metrics.text(), 200, { "content-type": "text/plain; version=0.0.4" }));

  app.use("/v1/*", async (c, next) => {
    const isAllowed = await isToken(c.req.header("authorization"));
    if (isAllowed) await next();
    else c.res = problemResponse("token_invalid");
    metrics.answered(c.res.status);
  });

  app.get("/v1/questions", (c) => {
    return c.json({ questions: questions.map(({ sql: _, ...question }) => question) });
  });
  app.get("/v1/questions/:name", async (c) => {
    const question = questions.find(({ name }) => name === c.req.param("name"));
    if (question === undefined) return problemResponse("not_found");
    const parameters = parseParameters(question.parameters, c.req.query());
    if (parameters.type === "invalid") return problemResponse("validation_failed", parameters.errors);
    return c.json(await asAnalyst(database, (select) => select(question.sql, parameters.value)));
  });
  app.get("/v1/messages/:id", async (c) => {
    const noParameters = parseQuery(z.strictObject({}), c.req.query());
    if (noParameters.type === "invalid") return problemResponse("validation_failed", noParameters.errors);
    const id = messageIdSchema.safeParse(c.req.param("id"));
    const report = id.success ? await readMessageReport(database, id.data) : undefined;
    return report === undefined ? problemResponse("not_found") : c.json(report);
  });
  app.get("/v1/statistics", async (c) => {
    const query = parseQuery(statisticsSchema, c.req.query());
    if (query.type === "invalid") return problemResponse("validation_failed", query.errors);
    return c.json(await asAnalyst(database, (select) => select(...statisticsQuery(query.value))));
  });

  app.notFound(() => problemResponse("not_found"));
  app.onError((error) => {
    if (!(error instanceof ReportsDatabaseError)) {
      log.error("defect", { where: "reports", error: error.message });
      return problemResponse("internal");
    }
    if (error.sqlState === QUERY_CANCELED) return problemResponse("too_slow");
    if (error.retryable) return problemResponse("unavailable");
    log.error("defect", { where: "reports", error: `${error.code} ${error.sqlState}` });
    return problemResponse("internal");
  });
  return app;
}
