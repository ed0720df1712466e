import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../command-line.js';
import { CommandError } from '../exit-codes.js';
import { readScenario } from './read-scenario.js';

const FILES: Readonly<Record<string, string>> = {
  'day.csv': 'period,count\n0,100\n60000,200\n',
  'stamps.csv': '0\n10\n30\n',
  'scenario.json':
    '{"name":"mine","durationMs":1000,"arrivals":{"kind":"poisson","ratePerS":5},"tasks":[{"cpu":3}],"host":{"cores":4},"pool":{"size":{"min":2,"max":9}}}',
  'broken.json': '{',
};

const read = (path: string | undefined, ...argv: string[]) => readScenario(path, parseCommandLine('simulate', argv, {}).flags, (name) => FILES[name] as string);

test('flags make a scenario', () => {
  const scenario = read(
    undefined,
    '--rate',
    '50',
    '--service',
    '10ms',
    '--io',
    '5',
    '--cores',
    '8',
    '--boot',
    '1s',
    '--max',
    '12',
    '--wait-target',
    '50ms',
    '--duration',
    '2m',
  );
  assert.deepEqual(scenario.arrivals, { kind: 'poisson', ratePerS: 50 });
  assert.equal(scenario.durationMs, 120_000);
  assert.deepEqual(scenario.tasks, [{ cpu: { kind: 'lognormal', meanMs: 10, sigma: 0.5 }, io: { kind: 'lognormal', meanMs: 5, sigma: 0.5 } }]);
  assert.deepEqual(scenario.host, { cores: 8, boot: { kind: 'lognormal', meanMs: 1_000, sigma: 0.3 } });
  assert.deepEqual(scenario.pool?.size, { min: 1, max: 12 });
  assert.equal(scenario.waitTargetMs, 50);
});

test('a trace lasts as long as it lasts, at its speed and scale', () => {
  const scenario = read(undefined, '--trace', 'day.csv', '--speed', '60', '--scale', '0.5');
  assert.equal(scenario.durationMs, 2_000);
  assert.deepEqual(scenario.arrivals, { kind: 'counts', intervalMs: 60_000, counts: [100, 200], speed: 60, scale: 0.5 });
  assert.equal(scenario.name, 'day.csv');
});

test('a file is taken as it is, and flags override it', () => {
  const scenario = read('scenario.json', '--max', '5');
  assert.equal(scenario.name, 'mine');
  assert.deepEqual(scenario.tasks, [{ cpu: 3 }]);
  assert.deepEqual(scenario.host, { cores: 4 });
  assert.deepEqual(scenario.pool?.size, { min: 2, max: 5 });
  assert.deepEqual(read('scenario.json').pool?.size, { min: 2, max: 9 });
});

test('what cannot be understood is named', () => {
  const refused = (path: string | undefined, argv: readonly string[], message: RegExp): void =>
    assert.throws(
      () => read(path, ...argv),
      (error: Error) => error instanceof CommandError && message.test(error.message),
    );
  refused(undefined, [], /--rate N or --trace FILE/);
  refused(undefined, ['--rate', '0'], /--rate: expected a number > 0, got "0"/);
  refused(undefined, ['--rate', '5', '--trace', 'day.csv'], /exclude each other/);
  refused(undefined, ['--trace', 'stamps.csv', '--scale', '2'], /needs a trace of counts/);
  refused('broken.json', [], /broken\.json: is no JSON/);
});
