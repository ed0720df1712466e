import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { listenForEnd } from './signals.js';

test('signals of any kind are counted together, and listeners go away', () => {
  const source = new EventEmitter();
  const seen: string[] = [];
  const stop = listenForEnd(source, (signal, count) => seen.push(`${signal} ${count}`));
  source.emit('SIGINT');
  source.emit('SIGTERM');
  stop();
  source.emit('SIGINT');
  assert.deepEqual(seen, ['SIGINT 1', 'SIGTERM 2']);
  assert.equal(source.listenerCount('SIGHUP'), 0);
});
