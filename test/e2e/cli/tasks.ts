/** Task functions that the tests of the command line run. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { context } from 'millrace/worker';

export function echo(input: unknown): unknown {
  return input;
}

export function bytes(input: string): Uint8Array {
  return new TextEncoder().encode(input);
}

export function double(input: string): string {
  return input + input;
}

/** Fails for inputs that begin with `bad`. */
export function picky(input: string): string {
  if (input.startsWith('bad')) throw Object.assign(new RangeError(`${input} is out of range`), { code: 'E_RANGE', limit: 7n });
  return input;
}

/** Inputs from 0 to 4: later ones finish first. */
const finished = new Set(['5']);
export async function reversed(input: string): Promise<string> {
  while (!finished.has(String(Number(input) + 1))) await delay(1);
  finished.add(input);
  return input;
}

/** Says that it has begun, on stderr, and ends when the file `GATE` is there. */
export async function gated(input: string): Promise<string> {
  console.error(`begun ${input}`);
  while (!existsSync(process.env['GATE'] as string)) await delay(5);
  return input;
}

/** Never ends by itself. */
export function spin(input: string): void {
  console.error(`begun ${input}`);
  for (;;) context().throwIfCancelled();
}

/** Never ends at all: it does not look whether it should. */
export function deaf(input: string): void {
  console.error(`begun ${input}`);
  for (;;);
}

export function noisy(input: string): string {
  console.log(`printed for ${input}`);
  process.stdout.write(`written for ${input}\n`);
  context().log.info(`logged for ${input}`);
  return input;
}

export function special(input: string): unknown {
  return { nothing: undefined, big: 2n ** 70n, bytes: Buffer.from(input), map: new Map([['k', new Set([1])]]) };
}

export function nothing(): void {}

export function* letters(input: string): Generator<string, number> {
  yield* input;
  return input.length;
}

/** Fails at the first attempt of each worker. */
let attempts = 0;
export function flaky(input: string): string {
  attempts += 1;
  if (attempts === 1) throw new Error('first attempt');
  return input;
}

export function sleepy(): Promise<string> {
  return delay(60_000, 'late');
}

export function dies(): void {
  process.exit(9);
}
