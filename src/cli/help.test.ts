import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envName, flagsOf } from './flags.js';
import { commandHelp, mainHelp } from './help.js';

test('the help of a command names every flag of it and its variable', () => {
  for (const command of ['run', 'demo'] as const) {
    const text = commandHelp(command);
    for (const flag of flagsOf(command)) {
      assert.ok(text.includes(`--${flag.name}`), flag.name);
      assert.equal(text.includes(`[${envName(flag)}]`), flag.noEnv !== true, flag.name);
    }
  }
});

test('the main help lists the commands', () => assert.match(mainHelp('1.2.3'), /^millrace 1\.2\.3[^]*\n {2}run [^]*\n {2}demo /));
