/** The command line of `npm run chaos`. */
import { parseArgs } from 'node:util';

export interface Arguments {
  readonly minutes: number;
  readonly seed: number;
  /** One round alone. */
  readonly round: number | undefined;
}

export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string' }, seed: { type: 'string' }, round: { type: 'string' } } });
  const minutes = positive('--minutes', values.minutes ?? '2');
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : positive('--seed', values.seed);
  return { minutes, seed, round: values.round === undefined ? undefined : positive('--round', values.round) };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0 && Number.isFinite(value))) throw new Error(`${option} expects a number, got ${JSON.stringify(text)}`);
  return value;
}
