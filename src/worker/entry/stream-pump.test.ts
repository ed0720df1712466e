import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred } from '../../runtime/deferred.js';
import { isValueSource, StreamPump } from './stream-pump.js';
import type { ValueSink, ValueSource } from './stream-pump.js';

/** Records what a pump tells; `end` resolves with the last word. */
function recorder(changes: Partial<ValueSink> = {}): ValueSink & { readonly told: unknown[]; readonly end: Promise<unknown> } {
  const told: unknown[] = [];
  const ended = deferred<unknown>();
  return {
    told,
    end: ended.promise,
    value: (value) => void told.push(value),
    finished: (value) => {
      told.push(['finished', value]);
      ended.resolve(value);
    },
    failed: (error) => {
      told.push(['failed', error]);
      ended.resolve(error);
    },
    barrier: () => undefined,
    cancelled: () => undefined,
    within: (fn) => fn(),
    ...changes,
  };
}

describe('StreamPump', { timeout: 180_000 }, () => {
  it('draws as many values as it has credit for', async () => {
    const sink = recorder();
    let drawn = 0;
    const pump = new StreamPump(
      (function* () {
        for (;;) yield (drawn += 1);
      })(),
      sink,
    );
    pump.grant(2);
    assert.deepEqual([sink.told, drawn], [[1, 2], 2]);
    pump.grant(1);
    assert.deepEqual([sink.told, drawn], [[1, 2, 3], 3]);
    pump.leave();
    assert.equal(await sink.end, undefined);
    assert.deepEqual(sink.told, [1, 2, 3, ['finished', undefined]]);
  });

  it('awaits what a synchronous generator yields and returns', async () => {
    const sink = recorder();
    new StreamPump(
      (function* () {
        yield Promise.resolve('a');
        return Promise.resolve('b');
      })(),
      sink,
    ).grant(5);
    await sink.end;
    assert.deepEqual(sink.told, ['a', ['finished', 'b']]);
  });

  it('returns what the finally block returns when the reader leaves', async () => {
    const sink = recorder();
    const pump = new StreamPump(
      (function* (): Generator<number, string> {
        try {
          yield 1;
          return 'not reached';
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- what this is about
          return 'cleaned';
        }
      })(),
      sink,
    );
    pump.grant(1);
    pump.leave();
    assert.equal(await sink.end, 'cleaned');
  });

  it('calls return() at once on an iterator that waits for an event', async () => {
    const sink = recorder();
    const event = deferred<IteratorResult<unknown>>();
    const source: ValueSource = {
      next: () => event.promise,
      return: () => {
        event.resolve({ done: true, value: undefined });
        return { done: true, value: 'left' };
      },
    };
    const pump = new StreamPump(source, sink);
    pump.grant(1);
    pump.leave();
    await sink.end;
    assert.equal(sink.told.length, 1);
  });

  it('fails with the reason of an abort, whatever the generator does with it', async () => {
    const sink = recorder();
    const reason = new Error('stop');
    const pump = new StreamPump(
      (function* () {
        try {
          yield 1;
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- what this is about
          throw new Error('cannot stop');
        }
      })(),
      sink,
    );
    pump.grant(1);
    pump.abort(reason);
    pump.leave();
    assert.equal(await sink.end, reason);
    assert.deepEqual(sink.told, [1, ['failed', reason]]);
  });

  it('tells an error of cleaning up to a reader that left', async () => {
    const sink = recorder();
    const broken = new Error('cannot stop');
    const pump = new StreamPump(
      (function* () {
        try {
          yield 1;
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- what this is about
          throw broken;
        }
      })(),
      sink,
    );
    pump.grant(1);
    pump.leave();
    assert.equal(await sink.end, broken);
  });

  it('looks between the values of a synchronous generator whether it is cancelled', async () => {
    const reason = new Error('stop');
    const sink = recorder({ cancelled: () => (sink.told.length === 2 ? reason : undefined) });
    new StreamPump(
      (function* () {
        for (let value = 1; ; value += 1) yield value;
      })(),
      sink,
    ).grant(100);
    assert.equal(await sink.end, reason);
    assert.deepEqual(sink.told, [1, 2, ['failed', reason]]);
  });

  it('fails when the barrier finds that a value could not cross', async () => {
    const error = new Error('not cloneable');
    const sink = recorder({ barrier: () => pump.abort(error) });
    const pump = new StreamPump(
      (function* () {
        yield () => 1;
      })(),
      sink,
    );
    pump.grant(5);
    assert.equal(await sink.end, error);
  });
});

describe('a value source', () => {
  it('is a generator or an async iterator, not a collection', () => {
    const sources = [(function* () {})(), (async function* () {})(), { next: () => ({ done: true }), [Symbol.asyncIterator]: () => undefined }];
    for (const source of sources) assert.ok(isValueSource(source));
    const values = [[], new Map(), new Map().entries(), [].values(), new Uint8Array(), { next: () => 1 }, { [Symbol.asyncIterator]: () => 1 }];
    for (const value of values) assert.ok(!isValueSource(value));
  });
});
