import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Output } from './output.js';
import type { TextStream } from './output.js';

/** A reader under control: takes text when told to. */
class Reader extends EventEmitter implements TextStream {
  readonly pieces: string[] = [];
  room = true;
  readonly #held: (() => void)[] = [];

  write(text: string, written: () => void): boolean {
    this.pieces.push(text);
    this.#held.push(written);
    return this.room;
  }

  take(): void {
    for (const written of this.#held.splice(0)) written();
    this.emit('drain');
  }
}

describe('Output', () => {
  test('lines of one turn go out in one piece, in order', async () => {
    const reader = new Reader();
    const output = new Output(reader, () => {});
    for (const line of ['a\n', 'b\n', 'c\n']) assert.equal(output.write(line), undefined);
    assert.deepEqual(reader.pieces, []);
    await turn();
    assert.deepEqual(reader.pieces, ['a\nb\nc\n']);
  });

  test('a full batch goes out at once', () => {
    const reader = new Reader();
    void new Output(reader, () => {}).write('x'.repeat(70_000));
    assert.equal(reader.pieces.length, 1);
  });

  test('while the reader is behind, write makes the writer wait', async () => {
    const reader = new Reader();
    reader.room = false;
    const output = new Output(reader, () => {});
    const held = output.write('x'.repeat(70_000));
    assert.ok(held instanceof Promise);
    let released = false;
    void held.then(() => (released = true));
    await turn();
    assert.equal(released, false);
    reader.room = true;
    reader.take();
    await held;
    assert.equal(output.write('y'), undefined);
  });

  test('finish waits until all has left', async () => {
    const reader = new Reader();
    const output = new Output(reader, () => {});
    void output.write('last');
    let finished = false;
    const finish = output.finish().then(() => (finished = true));
    await turn();
    assert.deepEqual([reader.pieces, finished], [['last'], false]);
    reader.take();
    await finish;
  });

  test('a reader that leaves is told once, and nothing waits for it any more', async () => {
    const reader = new Reader();
    const codes: unknown[] = [];
    const output = new Output(reader, ({ code }) => codes.push(code));
    void output.write('x');
    await turn();
    reader.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
    reader.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
    assert.equal(output.write('y'), undefined);
    await output.finish();
    assert.deepEqual([codes, reader.pieces], [['EPIPE'], ['x']]);
  });

  test('a writer held back is let go when the reader leaves', { timeout: 180_000 }, async () => {
    const reader = new Reader();
    reader.room = false;
    const output = new Output(reader, () => {});
    const held = output.write('x'.repeat(70_000));
    reader.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
    await held;
  });

  test('the hook runs before each piece', async () => {
    const reader = new Reader();
    let calls = 0;
    const output = new Output(
      reader,
      () => {},
      () => (calls += 1),
    );
    void output.write('a');
    void output.write('b');
    await turn();
    assert.equal(calls, 1);
  });
});
