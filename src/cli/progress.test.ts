import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { etaMs, renderBar, renderJson, renderPlain } from './progress.js';
import type { Progress } from './progress.js';

const known: Progress = { done: 6_412, failed: 2, total: 10_000, elapsedMs: 5_300, ratePerSecond: 1_204, busy: 8, workers: 8, p50Ms: 5.9, p99Ms: 21 };
const stream: Progress = { ...known, total: undefined, failed: 0, p50Ms: undefined, p99Ms: undefined };

describe('renderBar', () => {
  test('a wide terminal gets everything', () => {
    assert.equal(renderBar(known, 200, false), '▐███████████████▍        ▌  6,412/10,000  64%  1,204/s  eta 3.0s  2 failed  8/8 busy  p50 5.9ms p99 21.0ms');
  });

  test('a stream has a count, a rate and the time so far', () => {
    assert.equal(renderBar(stream, 200, false), '6,412 done  1,204/s  5.3s  8/8 busy');
  });

  test('it never exceeds the width, and gives up the least important first', () => {
    for (let width = 1; width <= 120; width += 1) assert.ok(renderBar(known, width, false).length <= width, `width ${width}`);
    assert.equal(renderBar(known, 24, false), '6,412/10,000  2 failed');
    assert.equal(renderBar(known, 12, false), '6,412/10,000');
    assert.equal(renderBar(known, 5, false), '6,412');
  });

  test('colour adds escapes around the same text', () => {
    const coloured = renderBar(known, 200, true);
    assert.ok(coloured.includes('\u001b[31m2 failed\u001b[0m'));
    assert.equal(stripVTControlCharacters(coloured), renderBar(known, 200, false));
  });

  test('no inputs at all is a full line, not a division by zero', () => {
    assert.doesNotMatch(renderBar({ ...known, done: 0, failed: 0, total: 0 }, 100, false), /NaN|Infinity/);
  });
});

test('plain text has no control characters', () => {
  assert.equal(renderPlain(known), '6,412/10,000 (64%), 1,204/s, eta 3.0s, 2 failed, 8 of 8 workers busy, p50 5.9ms, p99 21.0ms');
  assert.equal(renderPlain(stream), '6,412 done, 1,204/s, 0 failed, 8 of 8 workers busy');
});

test('JSON has every field, null for what is not known', () => {
  assert.deepEqual(JSON.parse(renderJson(stream)), {
    done: 6_412,
    failed: 0,
    total: null,
    elapsedMs: 5_300,
    ratePerSecond: 1_204,
    etaMs: null,
    busy: 8,
    workers: 8,
    p50Ms: null,
    p99Ms: null,
  });
});

test('there is no ETA without a total or a rate', () => {
  assert.equal(etaMs(stream), undefined);
  assert.equal(etaMs({ ...known, ratePerSecond: 0 }), undefined);
  assert.equal(etaMs({ ...known, done: 10_000 }), 0);
});
