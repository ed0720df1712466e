import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { commandWith, shellQuote } from './shell-quote.js';

test('a shell reads the words back as they were', () => {
  const words = ['plain', 'two words', "it's", '$HOME `x` "q"', '', 'a\nb', '*.js'];
  const printed = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${shellQuote(words)}`], { encoding: 'utf8' });
  assert.deepEqual(printed.split('\0').slice(0, -1), words);
});

test('flags go before the inputs and take the place of resume flags', () => {
  assert.equal(
    commandWith(['run', 'm.js', '--joblog', 'l', '--resume', ':::', 'a b', '--resume'], ['--resume-failed']),
    "millrace run m.js --joblog l --resume-failed ::: 'a b' --resume",
  );
  assert.equal(commandWith(['run', 'm.js', '--', '-x'], ['--resume']), 'millrace run m.js --resume -- -x');
});
