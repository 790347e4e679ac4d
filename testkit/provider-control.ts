/** The simulated provider's control server, as tests and faults use it. */
import { z } from "zod";

const ASK_MS_MAX = 10_000;
const countersSchema = z.object({
  submits: z.int(),
  unanswered: z.int(),
  refused: z.int(),
  droppedLinks: z.int(),
  halfOpenLinks: z.int(),
  unbinds: z.int(),
  binds: z.int(),
  links: z.int(),
});

export interface ProviderControl {
  counters(): Promise<z.output<typeof countersSchema>>;
  dropLinks(): Promise<void>;
  /** Links go dead and stay open for so long. */
  leaveHalfOpen(seconds: number): Promise<void>;
  /** Says unbind to all. */
  unbind(): Promise<void>;
  /** On top of `calm`. */
  behave(behaviour: object): Promise<void>;
}

/** `calm`: how it behaves when nothing is asked of it. */
export function createProviderControl(url: string, calm: object): ProviderControl {
  async function ask(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(`${url}${path}`, {
      method,
      keepalive: false,
      signal: AbortSignal.timeout(ASK_MS_MAX),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`The simulator answered ${method} ${path} with ${response.status}`);
    return response;
  }
  return {
    counters: async () => countersSchema.parse(await (await ask("GET", "/counters")).json()),
    dropLinks: async () => void (await ask("POST", "/drop-links")),
    leaveHalfOpen: async (seconds) => void (await ask("POST", "/half-open", { seconds })),
    unbind: async () => void (await ask("POST", "/unbind", {})),
    behave: async (behaviour) => void (await ask("PUT", "/behaviour", { ...calm, ...behaviour })),
  };
}
