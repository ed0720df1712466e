import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from './fixtures/fast-check.js';
import { parseDuration, parseSize } from './units.js';

describe('parseDuration', () => {
  it('takes numbers for ms', () => {
    for (const ms of [0, 0.5, 30_000, Number.MAX_VALUE]) assert.equal(parseDuration('timeout', ms), ms);
  });

  it('takes a number with a unit', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['250ms', 250],
      ['30s', 30_000],
      ['1.5s', 1_500],
      ['5m', 300_000],
      ['2h', 7_200_000],
      ['1d', 86_400_000],
      [' 10 S ', 10_000],
    ];
    for (const [text, ms] of cases) assert.equal(parseDuration('timeout', text), ms, text);
  });

  it('refuses everything else, naming the option', () => {
    const bad = [
      -1,
      Number.NaN,
      Infinity,
      '',
      's',
      '5',
      '5 weeks',
      '-5s',
      '1e3s',
      '1constructor',
      '1toString',
      `${'9'.repeat(400)}d`,
      null,
      undefined,
      true,
      {},
      [5],
      5n,
    ];
    for (const value of bad) assert.throws(() => parseDuration('timeout', value), { code: 'ERR_OPTION', option: 'timeout' }, String(value));
  });

  it('allows Infinity only where asked to', () => {
    assert.equal(parseDuration('timeout', Infinity, true), Infinity);
    assert.throws(() => parseDuration('timeout', -Infinity, true), { code: 'ERR_OPTION' });
  });
});

describe('parseSize', () => {
  it('takes numbers for bytes and units for powers of 1024', () => {
    assert.equal(parseSize('bytes', 512), 512);
    assert.equal(parseSize('bytes', '64b'), 64);
    assert.equal(parseSize('bytes', '64kb'), 65_536);
    assert.equal(parseSize('bytes', '512MB'), 512 * 1_024 ** 2);
    assert.equal(parseSize('bytes', '2gb'), 2 * 1_024 ** 3);
  });

  it('refuses durations', () => {
    for (const value of ['5s', '5m', '5tb']) assert.throws(() => parseSize('bytes', value), { code: 'ERR_OPTION', option: 'bytes' });
  });
});

describe('units', () => {
  it('never parse to anything but a finite number >= 0, or an error that names the option', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.double(), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'kb', 'constructor', '')).map(([n, unit]) => `${n}${unit}`),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.anything()), (value) => {
        for (const parse of [parseDuration, parseSize]) {
          try {
            const parsed = parse('x', value);
            assert.ok(parsed >= 0 && parsed < Infinity, String(parsed));
          } catch (error) {
            assert.equal((error as { option?: string }).option, 'x');
          }
        }
      }),
    );
  });
});
