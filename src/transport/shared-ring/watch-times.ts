/** How long each side looks for what the other sends before it sleeps: first the worker's, then the pool's. */

/** Longest time to look again before parking, in ms (P). */
export const SPIN_MS: number = 0.1;
/** The same after a batch, while the pool's side is awake: it is busy with our answers, and whoever gets them may send the next batch. */
export const SPIN_BATCH_MS: number = 0.25;

/** Longest time to look again after the last sign of life, in ms (P). */
export const WATCH_MS: number = 0.1;
/** The same while a batch is under way: if its worker had to be woken, that took a good part of it. */
export const WATCH_BATCH_MS: number = 0.25;
/** Tasks in flight that count as a batch. */
export const BATCH_MIN: number = 8;
/** The same when as many workers are busy as there are cores: we may be taking one from them. */
export const WATCH_CROWDED_MS: number = 0.02;
/** A reply within this time would have come, or nearly, while we looked: the budget plus what waking a sleeping thread takes. */
export const SHORT_SLEEP_MS: number = 0.25;

/** How long `linger` looks: what a worker that is awake needs for a task of next to no work and the way there and back, in ms (P). */
export const LINGER_MS: number = 0.004;
/** Longest time without a turn of the event loop that lingering may bring about, in ms (P). */
export const LINGER_RUN_MS: number = 0.5;
/** An answer this soon after the last sign of life would have come while we lingered, or nearly, in ms. */
export const LINGER_NEAR_MS: number = 0.015;
