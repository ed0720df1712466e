/** When a run ends before its inputs do: the rules of `--halt`. */
import { CommandError } from './exit-codes.js';

export interface HaltRule {
  /** `soon` lets running inputs finish, `now` ends them. */
  readonly when: 'now' | 'soon';
  readonly on: 'fail' | 'success' | 'done';
  /** Inputs, or percent of the inputs done. */
  readonly limit: number;
  readonly percent: boolean;
}

export interface Counts {
  readonly ok: number;
  readonly failed: number;
}

/** A share of few inputs says little: percentages count from this many done. */
const PERCENT_DONE_MIN = 3;

/** Parses `now,fail=1`, `soon,fail=10%`, `soon,success=5`, `never`. `option` is named in the error. */
export function parseHalt(option: string, text: string): HaltRule | undefined {
  if (text === 'never') return undefined;
  const match = /^(now|soon),(fail|success|done)=(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const limit = Number(match?.[3]);
  const percent = match?.[4] === '%';
  const valid = match !== null && limit > 0 && (percent ? match[2] === 'fail' && limit <= 100 : Number.isInteger(limit));
  if (!valid)
    throw new CommandError(`${option}: expected now or soon, a comma, then fail=N, fail=N%, success=N or done=N (or: never), got ${JSON.stringify(text)}`);
  return { when: match[1] as HaltRule['when'], on: match[2] as HaltRule['on'], limit, percent };
}

/** Whether the rule is met; O(1). */
export function haltReached(rule: HaltRule, counts: Counts): boolean {
  const done = counts.ok + counts.failed;
  if (rule.percent) return done >= PERCENT_DONE_MIN && counts.failed * 100 >= rule.limit * done;
  return { fail: counts.failed, success: counts.ok, done }[rule.on] >= rule.limit;
}

export function describeHalt(rule: HaltRule): string {
  return `${rule.when},${rule.on}=${rule.limit}${rule.percent ? '%' : ''}`;
}
