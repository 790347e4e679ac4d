/** What each figure of the SMPP bench means. */
const COST = "between a tenth and nine tenths of the messages";

export const MEANINGS: Readonly<Record<string, string>> = {
  window: "submit_sm that may be unanswered, on the one bind",
  messages: "in the backlog of each round",
  settled_per_s: "submit_sm answered and their event committed, the middle eight tenths, median of the rounds",
  connector_cpu_us_per_message: `CPU of the connector's process for each message, ${COST}`,
  simulator_cpu_us_per_submit: `CPU of the simulator's process for each submit_sm, ${COST}`,
  mongod_cpu_us_per_message: `CPU of all members of the set for each message, ${COST}`,
  events_per_step: "`submitted` events in one commit",
  with_receipts_settled_per_s: "the same with a receipt for each message, made durable as it comes",
  with_receipts_connector_cpu_us_per_message: "submit, settle and receipt",
  with_receipts_simulator_cpu_us_per_submit: "answer and receipt",
  with_receipts_mongod_cpu_us_per_message: "submit, settle and receipt",
  with_receipts_events_per_step: "`submitted` events in one commit",
};
