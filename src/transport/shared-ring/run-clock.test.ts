import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RunClock } from './run-clock.js';

function clock(runMsMax: number): { clock: RunClock; pass: (ms: number) => void; readings: () => number } {
  let nowMs = 1;
  let readings = 0;
  const loop = {
    nowMs: (): number => {
      readings += 1;
      return nowMs;
    },
    nextTurn: (): void => {},
  };
  const subject = new RunClock(loop, runMsMax);
  subject.start();
  return { clock: subject, pass: (ms) => void (nowMs += ms), readings: () => readings };
}

describe('the clock of a run', () => {
  it('is read once for 16 short tasks', () => {
    const { clock: subject, readings } = clock(4);
    for (let task = 0; task < 1_600; task += 1) assert.equal(subject.afterTask(), false);
    assert.ok(readings() < 110, `${readings()} readings`);
  });

  it('lets the event loop have its turn in time when tasks are long', () => {
    const { clock: subject, pass } = clock(4);
    let ran = 0;
    do {
      pass(3);
      ran += 1;
    } while (!subject.afterTask());
    assert.equal(ran, 2);
  });

  it('is late by 16 tasks at most when short tasks turn long, and then on time', () => {
    const { clock: subject, pass } = clock(4);
    for (let task = 0; task < 100; task += 1) subject.afterTask();
    let late = 0;
    do {
      pass(3);
      late += 1;
    } while (!subject.afterTask());
    assert.ok(late <= 16);
    subject.start();
    pass(5);
    assert.equal(subject.afterTask(), true);
  });
});
