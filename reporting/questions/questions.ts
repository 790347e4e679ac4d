/** The worked questions, in order. A new one is a new file and two lines here. */
import deliveryRate from "./01-delivery-rate.sql" with { type: "text" };
import latency from "./02-latency.sql" with { type: "text" };
import spendByPrefix from "./03-spend-by-prefix.sql" with { type: "text" };
import openMessages from "./04-open-messages.sql" with { type: "text" };
import segmentsInDoubt from "./05-segments-in-doubt.sql" with { type: "text" };
import replies from "./06-replies.sql" with { type: "text" };
import errorsByProvider from "./07-errors-by-provider.sql" with { type: "text" };
import reconciliation from "./08-reconciliation.sql" with { type: "text" };
import timelineOfReference from "./09-timeline-of-reference.sql" with { type: "text" };
import trafficByClass from "./10-traffic-by-class.sql" with { type: "text" };
import { parseQuestion, type Question } from "./parse-question.ts";

/** Named after their files, without the number. */
export const questions: readonly Question[] = [
  parseQuestion("delivery-rate", deliveryRate),
  parseQuestion("latency", latency),
  parseQuestion("spend-by-prefix", spendByPrefix),
  parseQuestion("open-messages", openMessages),
  parseQuestion("segments-in-doubt", segmentsInDoubt),
  parseQuestion("replies", replies),
  parseQuestion("errors-by-provider", errorsByProvider),
  parseQuestion("reconciliation", reconciliation),
  parseQuestion("timeline-of-reference", timelineOfReference),
  parseQuestion("traffic-by-class", trafficByClass),
];
