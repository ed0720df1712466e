import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpinTrial } from './spin-trial.js';

/** Plays round trips whose times depend on the mode; returns the share that was spent spinning in the last half. */
function play(spinningMs: (index: number) => number, sleepingMs: (index: number) => number, count = 100_000): number {
  const trial = new SpinTrial();
  let spinning = 0;
  for (let index = 0; index < count; index += 1) {
    if (index >= count / 2 && trial.spins) spinning += 1;
    trial.roundTrip(trial.spins ? spinningMs(index) : sleepingMs(index));
  }
  return spinning / (count / 2);
}

describe('the trial of spinning and sleeping', () => {
  it('spins where that is quicker, but for fewer than one in a thousand round trips', () => {
    assert.ok(
      play(
        () => 0.003,
        () => 0.02,
      ) > 0.999,
    );
  });

  it('sleeps where spinners are set aside now and then', () => {
    assert.ok(
      play(
        (index) => (index % 16 === 0 ? 0.4 : 0.01),
        () => 0.022,
      ) < 0.1,
    );
  });

  it('finds out when that changes', () => {
    const contended = (index: number): boolean => index < 50_000;
    const share = play(
      (index) => (contended(index) ? 0.06 : 0.003),
      () => 0.02,
      400_000,
    );
    assert.ok(share > 0.6, String(share));
  });

  it('tells of each change', () => {
    const trial = new SpinTrial();
    let { spins } = trial;
    for (let index = 0; index < 5_000; index += 1) {
      const changed = trial.roundTrip(trial.spins ? 0.05 : 0.02);
      assert.equal(changed, trial.spins !== spins);
      spins = trial.spins;
    }
    assert.equal(spins, false);
  });
});
