/** HAProxy's configuration for the edges of a soak. Pure. */

export interface BalancerPlan {
  readonly port: number;
  /** Of its counters, as CSV at `/stats;csv`. */
  readonly statsPort: number;
  readonly edges: readonly { readonly name: string; readonly port: number }[];
}

/** Connections at once; more wait in the kernel. k6 opens at most a few hundred. */
const CONNECTIONS_MAX = 4_096;
/** Longer than an edge takes for its own 503. */
const ANSWER_S_MAX = 30;

/**
 * An edge that is not ready gets nothing new within a second. A request is tried at another edge only when the first
 * did not even take the connection: whatever was sent may have happened.
 */
export function balancerConfig({ port, statsPort, edges }: BalancerPlan): string {
  const servers = edges.map((edge) => `  server ${edge.name} 127.0.0.1:${edge.port} check`);
  return `global
  maxconn ${CONNECTIONS_MAX}

defaults
  mode http
  timeout connect 2s
  timeout client ${ANSWER_S_MAX}s
  timeout server ${ANSWER_S_MAX}s
  timeout check 2s

frontend api
  bind 127.0.0.1:${port}
  default_backend edges

backend edges
  balance roundrobin
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host edges
  option redispatch
  retry-on conn-failure
  retries 2
  default-server inter 500ms fall 2 rise 2
${servers.join("\n")}

frontend counters
  bind 127.0.0.1:${statsPort}
  stats enable
  stats uri /stats
`;
}
