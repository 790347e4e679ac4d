/** What the routes are given: everything that lives as long as the process. */
import type { LiveDirectory } from "#core/directory/open-directory.ts";
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { IdMint, SetId } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type { Authenticate } from "./auth.ts";
import type { Committer } from "./committer.ts";
import type { CreditGate } from "./credit-gate.ts";
import type { EdgeMetrics } from "./metrics.ts";
import { type ProblemCode, type ProblemExtra, problemResponse } from "./problem.ts";
import type { SetReadiness } from "./readiness.ts";
import type { SubmissionSchema } from "./schema.ts";

export interface EdgeDeps {
  readonly directory: Pick<LiveDirectory, "current" | "ageMs">;
  readonly committer: Committer;
  readonly creditGate: CreditGate;
  readonly stores: ReadonlyMap<SetId, Store>;
  readonly authenticate: Authenticate;
  readonly submissionSchema: SubmissionSchema;
  readonly readiness: () => Promise<SetReadiness>;
  /** Once true, /readyz says no, so that balancers look elsewhere. */
  readonly isDraining: () => boolean;
  readonly metrics: EdgeMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly mint: IdMint;
  readonly log: Logger;
  readonly version: string;
}

/** Makes problems that carry this request's id. */
export type Refuse = (code: ProblemCode, extra?: ProblemExtra) => Response;

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's own X-Request-Id if it is a decent one, else a new one. */
export function requestIdOf(request: Request, mint: IdMint): string {
  const given = request.headers.get("x-request-id");
  return given !== null && REQUEST_ID.test(given) ? given : mint.unique();
}

export function createRefuse(deps: Pick<EdgeDeps, "random">, requestId: string): Refuse {
  return (code, extra) => problemResponse(code, { requestId, random: deps.random }, extra);
}
