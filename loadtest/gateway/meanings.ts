/** What each figure of the gateway bench means: the definitions, in the table beside the numbers. */
export const MEANINGS: Readonly<Record<string, string>> = {
  connections: "keep-alive connections of the generator, one request in flight each",
  accepted_per_s: "phase 1: 202s read within the time, by the second",
  end_to_end_per_s:
    "phase 1: messages with both events ÷ time from the first 202 to the last receipt's commit, drain included",
  steady_per_s: "phase 1: receipt events a second in the middle half of the load, while it accepts at full rate",
  messages: "phase 1: accepted, and all reconciled",
  drain_s: "phase 1: from the end of the load to the last receipt's commit",
  projected_after_s: "phase 1: from then until PostgreSQL had every event",
  answers: "phase 1: answers by status, warm-up not counted",
  unanswered: "phase 1: no answer, or the connection broke",
  offered_per_s: "phase 2: half of end_to_end_per_s, at a fixed arrival rate",
  offered_late:
    "phase 2: requests sent more than 10 ms after they were due; their latency counts from when they were due",
  offered_unsent: "phase 2: requests never sent, of which the latencies know nothing",
  offered_refused: "phase 2: answers other than 202, and none",
  accept_p50_ms: "phase 2: due → 202 read",
  accept_p99_ms: "",
  submit_p50_ms:
    "phase 2: 202 read → submit_sm arrived at the provider (its clock has milliseconds; below 0: it came first)",
  submit_p99_ms: "",
  receipt_p50_ms: "phase 2: due → receipt event written",
  receipt_p99_ms: "",
  cpu_s_per_1000:
    "phase 1: CPU of the platform (mongods, PostgreSQL, all roles) until projected ÷ 1,000 accepted messages",
  cpu_s_per_1000_by_process: "its parts",
  cpu_s_per_1000_offered: "the same of phase 2, at half load",
  cpu_s_per_1000_offered_by_process: "its parts",
  steps_per_1000: "phase 1: committed steps ÷ 1,000 messages, by their first event: the fewer, the larger the batches",
  steps_per_1000_offered: "the same of phase 2",
  idle_cpu_s_per_s: "CPU of the platform while nobody sends",
  cpu_s_per_1000_beside: "phase 1: not in the sum above: the provider, the load generator and this bench",
  cpu_share: "phase 1: of all cores, by whom; `others`: all else that ran on the machine",
  rss_mb: "the largest resident set seen; PostgreSQL proportional, so that shared memory counts once",
};
