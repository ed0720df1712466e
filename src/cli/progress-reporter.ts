/** Draws the progress of a run at the pace its mode allows. */
import type { Clock, Timer } from '../runtime/clock.js';
import { renderBar, renderJson, renderPlain } from './progress.js';
import type { Progress } from './progress.js';
import type { Screen } from './screen.js';

export type ProgressMode = 'bar' | 'plain' | 'json' | 'none';

export const PROGRESS_MODES: readonly ProgressMode[] = ['bar', 'plain', 'json', 'none'];

/** Time between two drawings. */
const INTERVAL_MS: Readonly<Record<Exclude<ProgressMode, 'none'>, number>> = { bar: 100, plain: 10_000, json: 1_000 };

export class ProgressReporter {
  readonly #mode: ProgressMode;
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #look: () => Progress;
  #timer: Timer | undefined;

  /** A bar where nothing can be drawn over becomes plain lines. */
  constructor(mode: ProgressMode, screen: Screen, clock: Clock, look: () => Progress) {
    this.#mode = mode === 'bar' && !screen.redraws ? 'plain' : mode;
    this.#screen = screen;
    this.#clock = clock;
    this.#look = look;
  }

  start(): void {
    if (this.#mode !== 'none') this.#arm(INTERVAL_MS[this.#mode]);
  }

  /** Takes the bar away; for programs, tells the last state. */
  stop(): void {
    this.#timer?.cancel();
    if (this.#mode === 'bar') this.#screen.status('');
    if (this.#mode === 'json') this.#draw();
  }

  #arm(intervalMs: number): void {
    this.#timer = this.#clock.setTimer(intervalMs, () => {
      this.#draw();
      this.#arm(intervalMs);
    });
  }

  #draw(): void {
    const progress = this.#look();
    if (this.#mode === 'bar') this.#screen.status(renderBar(progress, this.#screen.width, this.#screen.colours));
    else this.#screen.print(this.#mode === 'json' ? renderJson(progress) : renderPlain(progress));
  }
}
