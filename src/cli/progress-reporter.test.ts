import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { ManualClock } from '../runtime/manual-clock.js';
import { ProgressReporter } from './progress-reporter.js';
import type { ProgressMode } from './progress-reporter.js';
import type { Progress } from './progress.js';
import { Screen } from './screen.js';

const progress: Progress = { done: 1, failed: 0, total: 4, elapsedMs: 1_000, ratePerSecond: 1, busy: 1, workers: 1, p50Ms: undefined, p99Ms: undefined };

/** Counts what is drawn in the given time. */
async function drawn(mode: ProgressMode, isTTY: boolean, ms: number): Promise<{ looks: number; text: string; pending: number }> {
  const clock = new ManualClock();
  let text = '';
  let looks = 0;
  const screen = new Screen({ isTTY, write: (part) => (text += part), on: () => {} }, {});
  const reporter = new ProgressReporter(mode, screen, clock, () => ({ ...progress, done: (looks += 1) }));
  reporter.start();
  await clock.advance(ms);
  reporter.stop();
  return { looks, text, pending: clock.pending };
}

describe('ProgressReporter', () => {
  test('a bar is drawn ten times a second, and taken away in the end', async () => {
    const { looks, text, pending } = await drawn('bar', true, 1_000);
    assert.equal(looks, 10);
    assert.ok(text.endsWith('\r\u001b[K'));
    assert.equal(pending, 0);
  });

  test('off a terminal a bar is a plain line every ten seconds', async () => {
    const { looks, text } = await drawn('bar', false, 25_000);
    assert.equal(looks, 2);
    assert.deepEqual(text.match(/^\d.*$/gm)?.length, 2);
    assert.equal(stripVTControlCharacters(text), text);
    assert.ok(!text.includes('\r'));
  });

  test('JSON comes every second and once more in the end', async () => {
    const { text } = await drawn('json', false, 2_500);
    assert.deepEqual(
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { done: number }).done),
      [1, 2, 3],
    );
  });

  test('none is none', async () => assert.deepEqual(await drawn('none', true, 60_000), { looks: 0, text: '', pending: 0 }));
});
