/** Task functions that note in a journal when they begin and end, and that misbehave on demand. */
import { appendFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from 'millrace/worker';
import type { FaultName } from './plan.js';

/** What every task is given: where it writes, and who it is. */
export interface Ticket {
  readonly journal: string;
  readonly key: number;
}

/** What a task of that key answers. */
export function answerOf(key: number): number {
  return 2 * key + 1;
}

/** Appended lines of all workers stay whole. */
function note(what: 'S' | 'E', { journal, key }: Ticket): void {
  appendFileSync(journal, `${what} ${key} ${context().attempt}\n`);
}

export function quick(ticket: Ticket): number {
  note('S', ticket);
  note('E', ticket);
  return answerOf(ticket.key);
}

export function spin(ticket: Ticket, ms: number): number {
  note('S', ticket);
  for (const end = performance.now() + ms; performance.now() < end;);
  note('E', ticket);
  return answerOf(ticket.key);
}

export async function later(ticket: Ticket, ms: number): Promise<number> {
  note('S', ticket);
  // It listens: a function that does not costs its worker when it is cancelled.
  await sleep(ms, undefined, { signal: context().signal });
  note('E', ticket);
  return answerOf(ticket.key);
}

/** Answers with its payload's length beside, so that large values cross too. */
export function carry(ticket: Ticket, payload: Uint8Array): { readonly answer: number; readonly payload: Uint8Array } {
  note('S', ticket);
  note('E', ticket);
  return { answer: answerOf(ticket.key), payload };
}

export function* stream(ticket: Ticket, count: number): Generator<number, number> {
  note('S', ticket);
  for (let i = 0; i < count; i += 1) yield i;
  note('E', ticket);
  return answerOf(ticket.key);
}

/** Fails in its first attempts. */
export function stumble(ticket: Ticket, times: number): number {
  note('S', ticket);
  if (context().attempt <= times) throw Object.assign(new Error('it stumbles'), { code: 'E_STUMBLED' });
  note('E', ticket);
  return answerOf(ticket.key);
}

export function where(): number {
  return process.pid;
}

/** Carries a fault into its worker. What it returns, if it does, is for nobody. */
export function misbehave(ticket: Ticket, fault: FaultName, ms: number): unknown {
  note('S', ticket);
  const act = ACTS[fault];
  if (act === undefined) throw new Error(`no such fault: ${fault}`);
  const result = act(ms);
  note('E', ticket);
  return result;
}

const forever = (): Promise<never> => new Promise(() => undefined);

const ACTS: Partial<Record<FaultName, (ms: number) => unknown>> = {
  exit: () => process.exit(3),
  throw: () => {
    setTimeout(() => {
      throw new Error('thrown outside the task');
    }, 0);
    return forever();
  },
  reject: () => {
    void Promise.reject(new Error('rejected outside the task'));
    return forever();
  },
  loop: () => {
    for (;;);
  },
  native: (ms) => execFileSync('sleep', [String(ms / 1000)]),
  hang: forever,
  badArgument: () => undefined,
  badResult: () => ({ rows: [() => 1] }),
  badError: () => {
    throw { toString: () => 'no error', fn: () => 1 };
  },
  'oom:smallArrays': () => {
    const kept: number[][] = [];
    for (;;) kept.push([1, 2, 3, 4, 5, 6, 7, 8]);
  },
  'oom:jsonParse': () => JSON.parse(`[${'{"a":1},'.repeat(1e6)}{}]`),
  'oom:push': () => {
    const kept: number[] = [];
    for (let i = 0; ; i += 1) kept.push(i + 0.5);
  },
  'oom:mapSet': () => {
    const kept = new Map<number, number>();
    for (let i = 0; ; i += 1) kept.set(i, i);
  },
  'oom:fill': () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(2 ** 24).fill(0));
  },
  'oom:split': () => {
    const kept: unknown[] = [];
    for (;;) kept.push('x,'.repeat(2e6).split(','));
  },
};
