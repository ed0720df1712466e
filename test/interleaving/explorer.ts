/** Runs a scenario under every schedule with at most so many forced switches. */
import { DEADLOCK, LIVELOCK, type RunRecord } from './turns.js';

export interface Exploration {
  readonly schedules: number;
  readonly stepsMax: number;
  /** The first schedule that broke the scenario, and how; `undefined` when none did. */
  readonly failure: { readonly switchSteps: readonly number[]; readonly what: string } | undefined;
}

/**
 * Depth first: a run tells at which steps the other thread could have gone on instead, and each of those after the last switch is a schedule of
 * its own. Switches where a thread sleeps or ends are free, so nothing is missed within the bound.
 *
 * @param run does one run and returns its record and what is wrong with its outcome
 */
export function explore(
  switchesMax: number,
  run: (switchSteps: readonly number[]) => { readonly record: RunRecord; readonly wrong: string | undefined },
): Exploration {
  const pending: number[][] = [[]];
  let schedules = 0;
  let stepsMax = 0;
  for (let switchSteps = pending.pop(); switchSteps !== undefined; switchSteps = pending.pop()) {
    const { record, wrong } = run(switchSteps);
    schedules += 1;
    stepsMax = Math.max(stepsMax, record.steps);
    const what = describeAbort(record.abort) ?? wrong;
    if (what !== undefined) return { schedules, stepsMax, failure: { switchSteps, what } };
    if (switchSteps.length === switchesMax) continue;
    for (let step = (switchSteps.at(-1) ?? -1) + 1; step < record.steps; step += 1) {
      if (record.canSwitchBefore(step)) pending.push([...switchSteps, step]);
    }
  }
  return { schedules, stepsMax, failure: undefined };
}

function describeAbort(abort: number): string | undefined {
  if (abort === DEADLOCK) return 'deadlock: both sides sleep and replies are missing';
  if (abort === LIVELOCK) return 'livelock: the sides go on without an end';
  return undefined;
}
