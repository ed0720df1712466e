/** Everything a command touches outside itself, so that it can be handed another in a test. */
import type { Clock } from '../runtime/clock.js';
import type { SignalSource } from './signals.js';
import type { InputHost } from './inputs/inputs.js';
import type { TextStream } from './output.js';
import type { ScreenStream } from './screen.js';

export interface Host extends InputHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  readonly stdout: TextStream & { readonly isTTY?: boolean };
  readonly stderr: ScreenStream;
  readonly signals: SignalSource;
  readonly clock: Clock;
}
