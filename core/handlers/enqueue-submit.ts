/** The end of the pipeline: a routed message goes to its provider's lane. */
import { lanes } from "#domain/lane.ts";
import { defineHandler } from "./handler.ts";

export const enqueueSubmit = defineHandler("enqueue-submit", ({ item, route }) => {
  if (route === undefined) throw new Error(`Message ${item.id} reached the end of the pipeline without a route`);
  const { provider } = route;
  return {
    type: "forward",
    lane: lanes.submit(provider, item.class),
    item: { ...item, provider, attempt: 1, tries: 0 },
    events: [],
  };
});
