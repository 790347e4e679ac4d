/** Every bound of the platform that is not a setting, by name and with its reason. */

/**
 * Events in one read of a log, and in one transaction of the projector. Past ~8,000 the cost of an event no longer
 * falls there; 500 full batches in one read made a process of 130 MB one of 1,200.
 */
export const EVENTS_READ_MAX = 8_000;
/** Items a chunk may hold. 512: past it the cost per message hardly falls, and a lost lease redoes more. */
export const CHUNK_ITEMS_MAX = 512;
/** Text of a chunk's items. 256 KiB keeps a claim's reply and an oplog entry far from the 16 MiB document limit. */
export const CHUNK_BYTES_MAX = 256 * 1024;
/** Recipients in one HTTP request; each becomes a message with an answer line of its own. */
export const RECIPIENTS_MAX = 1_000;
/** Segments of one message. 10 is what operators deliver in order; more is refused. */
export const SEGMENTS_MAX = 10;
/** Characters of `text`: 10 segments of 153. */
export const TEXT_CHARS_MAX = 1_530;
export const CLIENT_REFERENCE_CHARS_MAX = 255;
export const METADATA_KEYS_MAX = 16;
export const METADATA_KEY_CHARS_MAX = 40;
export const METADATA_VALUE_CHARS_MAX = 255;
/** Body of an HTTP submission: 1,000 recipients and a long text need ~30 KiB. */
export const BODY_BYTES_MAX = 256 * 1024;
/** A receipt or reply for an account waits this long for a bind of it to take it: a weekend and a day. */
export const DELIVER_HOURS_MAX = 72;
/** How far ahead a message may be scheduled: as long as it may wait. */
export const SCHEDULE_HOURS_MAX = 72;
/** A message may wait this long at most: operators keep a message for 72 h at best. */
export const EXPIRY_HOURS_MAX = 72;
/** Messages waiting in an edge for their commit; more is answered 503 at once. 4 s of the best measured rate. */
export const COMMIT_QUEUE_MAX = 16_384;
/** Events of one message that are read for a status. A message has about 4 + 3 a segment; replies may add more. */
export const TIMELINE_BATCHES_MAX = 200;
/** Messages whose events are read at once. Of 256 with ten batches each, of 10 kB, it is 25 MB that pass by. */
export const MESSAGES_READ_MAX = 256;
/**
 * A provider uses a message id again after this at the earliest: for so long an id names its submit for certain. Most
 * receipts come within a minute.
 */
export const PROVIDER_ID_UNIQUE_MS_MIN = 3_600_000;
/** A receipt that matches nothing is parked and tried again for this long (invariant I13). */
export const RECEIPT_PARK_HOURS_MAX = 72;
/** An item that failed alone this often is given up: it goes to lane `dead`, and its message is rejected. */
export const CHUNK_DELIVERIES_MAX = 5;
/**
 * A segment may be in doubt, and be sent again, this often by one holder of its chunk, and by the next once less; then
 * it is left as it is. A provider may never answer.
 */
export const DOUBTS_MAX = 3;
/** The send mark is raised at most this far beyond what has been settled: at a crash no more can be in doubt. */
export const SEND_MARK_AHEAD_MAX = 512;
/** An Idempotency-Key: what a UUID, a hash or an order number with a prefix needs, and a bounded index entry. */
export const IDEMPOTENCY_KEY_CHARS_MAX = 255;
/** An Idempotency-Key is kept this long; a repetition that comes later is a new send. */
export const SEND_KEY_HOURS_MAX = 48;
/**
 * Claims in a row that may pass over a lane with work in favour of preferred ones. 3: alerts hardly notice, and bulk
 * behind a flood of them still gets a quarter of the claims.
 */
export const LANE_SKIPS_MAX = 3;
