/** The command line of `npm run chaos`. */
import { parseArgs } from 'node:util';

export interface Arguments {
  readonly minutes: number;
  readonly seed: number;
  /** One round alone. */
  readonly round: number | undefined;
  /** Hours in virtual time, in place of minutes on this machine. */
  readonly simulatedHours: number | undefined;
}

/** Of simulated hours when none is given: a run of them is to be the same everywhere. */
const SIMULATED_SEED = 1;

export function readArguments(args: readonly string[]): Arguments {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { minutes: option, seed: option, round: option, simulated: option } });
  const minutes = positive('--minutes', values.minutes ?? '2');
  const simulatedHours = values.simulated === undefined ? undefined : positive('--simulated', values.simulated.replace(/h$/, ''));
  const drawn = simulatedHours === undefined ? Math.floor(Math.random() * 2 ** 31) : SIMULATED_SEED;
  const seed = values.seed === undefined ? drawn : positive('--seed', values.seed);
  return { minutes, seed, round: values.round === undefined ? undefined : positive('--round', values.round), simulatedHours };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0 && Number.isFinite(value))) throw new Error(`${option} expects a number, got ${JSON.stringify(text)}`);
  return value;
}
