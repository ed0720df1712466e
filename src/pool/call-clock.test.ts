/** What calls on the event loop are counted as, by a clock whose readings are counted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogHistogram } from '../collections/log-histogram.js';
import { CallClock } from './call-clock.js';
import type { PoolCore } from './core.js';

class Rig {
  now = 1_000;
  readings = 0;
  timed = 0;
  readonly run = new LogHistogram();
  readonly clock: CallClock;
  readonly #turns: (() => void)[] = [];

  constructor(parts: { readonly nextTurn: boolean; readonly onRun?: () => void } = { nextTurn: true }) {
    const read = (): number => {
      this.readings += 1;
      return this.now;
    };
    const nextTurn = (fn: () => void): void => void this.#turns.push(fn);
    const clock = { now: read, ...(parts.nextTurn ? { nextTurn } : undefined) };
    this.clock = new CallClock({ settings: { clock }, run: this.run, onRun: parts.onRun, nextTurn } as unknown as PoolCore);
  }

  get turnsToEnd(): number {
    return this.#turns.length;
  }

  endTurn(): void {
    for (const fn of this.#turns.splice(0)) fn();
  }

  /** As whoever calls does it. */
  begin(): { readonly at: number; readonly mark: number } {
    const { clock } = this;
    if (clock.left > 0) {
      clock.left -= 1;
      return { at: clock.at, mark: clock.mark };
    }
    this.timed += 1;
    const mark = clock.begin();
    return { at: clock.at, mark };
  }

  end({ at, mark }: { readonly at: number; readonly mark: number }): void {
    if (mark === this.clock.mark) this.run.more += 1;
    else this.run.record(this.clock.end(at, mark));
  }

  calls(count: number, ms: number): void {
    for (let i = 0; i < count; i += 1) {
      const call = this.begin();
      this.now += ms;
      this.end(call);
    }
  }
}

describe('the clock of calls', () => {
  it('is read for few of many calls in a row, and all are counted', () => {
    const rig = new Rig();
    rig.calls(10_000, 0.001);
    assert.equal(rig.run.count, 10_000);
    assert.ok(rig.readings < 2_000, `${rig.readings} readings`);
    assert.ok(Math.abs(rig.run.mean - 0.001) < 1e-6);
    assert.equal(rig.turnsToEnd, 1);
  });

  it('is read for each call that comes after a pause, and for the first of a turn', () => {
    const rig = new Rig();
    rig.calls(100, 0.02);
    assert.deepEqual([rig.timed, rig.turnsToEnd], [100, 0]);
    rig.calls(100, 0.001);
    const { timed } = rig;
    assert.ok(timed < 200);
    rig.endTurn();
    rig.calls(10, 0.001);
    assert.equal(rig.timed, timed + 10);
  });

  it('times what does not end in the turn in which it began, and takes it for nothing else', () => {
    const rig = new Rig();
    rig.calls(100, 0.001);
    let long = rig.begin();
    while ((long.mark & 1) !== 0) long = rig.begin();
    rig.endTurn();
    rig.now += 500;
    rig.end(long);
    assert.ok(rig.run.max >= 500 && rig.run.max < 501);
    rig.calls(1_000, 0.001);
    assert.ok(rig.run.quantile(0.99) < 0.01);
  });

  it('finds calls that take long for their time by chance, and gives them the weight of those it did not time', () => {
    const rig = new Rig();
    for (let i = 0; i < 20_000; i += 1) rig.calls(1, i % 8 === 0 ? 0.009 : 0.001);
    const mean = (0.009 + 7 * 0.001) / 8;
    assert.ok(Math.abs(rig.run.mean / mean - 1) < 0.2, `mean ${rig.run.mean} instead of ${mean}`);
    assert.ok(rig.timed < 2_000);
  });

  it('tells how many calls there were since the one before that was timed', () => {
    const rig = new Rig();
    let strides = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const { timed } = rig;
      const call = rig.begin();
      if (rig.timed > timed) strides += rig.clock.stride;
      rig.now += 0.001;
      rig.end(call);
      if (i === 500) rig.endTurn();
    }
    assert.ok(strides <= 1_000 && strides > 1_000 - 32, String(strides));
  });

  it('is read for every call where nothing tells the end of a turn, and where somebody is told of each', () => {
    for (const rig of [new Rig({ nextTurn: false }), new Rig({ nextTurn: true, onRun: () => undefined })]) {
      rig.calls(1_000, 0.001);
      assert.deepEqual([rig.timed, rig.readings], [1_000, 2_000]);
    }
  });
});
