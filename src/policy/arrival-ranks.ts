/**
 * How urgent what arrives is, over the last {@link ARRIVALS} arrivals: turns "refuse this share" into "refuse what ranks behind this".
 *
 *     rank       0 ... 127 | 128 ... 255 | 256 ...            level * 128 + cohort; smaller is more urgent
 *     arrivals   ## ## #   | #### ## ### | #######
 *                                  ^ cutoff: at most the share lies behind it
 *
 * Levels alone would be too coarse a knife: refusing half of a level needs a rank within it. The cohort of a task follows from its correlation id, so that
 * what belongs together is taken or refused together (half of the parts of an answer are of no use). Cohorts are dealt anew every {@link ROTATION_MS}, so
 * that nobody is always the last. Source: DAGOR (WeChat, 2018), Cinnamon (Uber, 2023).
 */
export const COHORTS = 128;
const ARRIVALS = 1_000;
const ROTATION_MS = 10_000;

export class ArrivalRanks {
  readonly #counts: Uint32Array;
  readonly #recent: Uint16Array = new Uint16Array(ARRIVALS);
  #total = 0;
  #seen = 0;

  constructor(levels: number) {
    this.#counts = new Uint32Array(levels * COHORTS);
  }

  /** Arrivals ever noted. */
  get seen(): number {
    return this.#seen;
  }

  /** Notes an arrival; the oldest of the last thousand is forgotten. O(1). */
  note(rank: number): void {
    const place = this.#seen % ARRIVALS;
    if (this.#total === ARRIVALS) this.#add(this.#recent[place] as number, -1);
    else this.#total += 1;
    this.#recent[place] = rank;
    this.#add(rank, 1);
    this.#seen += 1;
  }

  /** The rank behind which lies at most a share of the arrivals, and as much of it as can be. O(levels * cohorts). */
  cutoff(share: number): number {
    let left = share * this.#total;
    let rank = this.#counts.length - 1;
    for (; rank >= 0; rank -= 1) {
      left -= this.#counts[rank] as number;
      if (left < 0) return rank;
    }
    return rank;
  }

  /** The most urgent rank that has arrived; behind all of them when none has. O(levels * cohorts). */
  first(): number {
    const first = this.#counts.findIndex((count) => count > 0);
    return first === -1 ? this.#counts.length : first;
  }

  #add(rank: number, count: 1 | -1): void {
    this.#counts[rank] = (this.#counts[rank] as number) + count;
  }
}

/** The rank of a task by its level and what it belongs to; without that, by its number. */
export function rankOf(level: number, correlationId: string | undefined, sequence: number, nowMs: number): number {
  const epoch = Math.floor(nowMs / ROTATION_MS);
  const belongs = correlationId === undefined ? sequence : hash(correlationId);
  return level * COHORTS + (Math.imul(belongs ^ Math.imul(epoch, 0x9e3779b1), 0x85ebca6b) >>> 25);
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  return state ^ (state >>> 15);
}
