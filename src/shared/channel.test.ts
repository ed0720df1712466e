import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { Channel } from './door.js';
import { codeOf, withThreads } from './fixtures/threads.js';

describe('a channel', { timeout: 180_000 }, () => {
  test('gives values back as a structured clone would, in order, wherever they lie in the ring', async () => {
    const channel = new Channel({ capacity: 4_096 });
    const value = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.double(),
      fc.uint8Array({ maxLength: 300 }),
      fc.anything({ withDate: true, withMap: true, maxDepth: 1 }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (values) => {
        const sent: unknown[] = [];
        for (const each of values) {
          let clone: unknown;
          try {
            clone = structuredClone(each);
          } catch {
            assert.throws(() => channel.trySend(each), { code: 'ERR_VALUE_NOT_CLONEABLE' });
            continue;
          }
          if (!channel.trySend(each)) assert.deepEqual(channel.tryReceive()?.value, sent.shift());
          else sent.push(clone);
        }
        for (const each of sent) assert.deepEqual(channel.tryReceive(), { value: each });
        assert.equal(channel.tryReceive(), undefined);
      }),
    );
  });

  test('loses nothing and gives nothing twice, with many senders and receivers', async () => {
    const channel = new Channel<readonly [number, number]>({ capacity: 256 });
    await withThreads(3, async ([first, second, third]) => {
      const list = (sender: number): [number, number][] => Array.from({ length: 1_000 }, (_, index) => [sender, index]);
      const received = third!.run('receive', channel) as Promise<[number, number][]>;
      const here: (readonly [number, number])[] = [];
      const receiving = (async (): Promise<void> => {
        for await (const value of channel) here.push(value);
      })();
      const sending = (async (): Promise<void> => {
        for (const value of list(3)) await channel.send(value);
      })();
      await Promise.all([first!.run('send', channel, list(1)), second!.run('send', channel, list(2)), sending]);
      channel.close();
      await receiving;
      const there = await received;
      for (const receiver of [here, there]) {
        for (const sender of [1, 2, 3]) {
          const order = receiver.filter(([from]) => from === sender).map(([, index]) => index);
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
            'values of one sender come in order',
          );
        }
      }
      const all = [...here, ...there].map(([sender, index]) => sender * 10_000 + index);
      assert.equal(new Set(all).size, 3_000);
      assert.equal(all.length, 3_000);
    });
  });

  test('makes senders wait while it is full, without blocking the event loop', async () => {
    const channel = new Channel<string>({ capacity: 64 });
    const long = 'x'.repeat(40);
    assert.equal(channel.trySend(long), true);
    assert.equal(channel.trySend(long), false);
    const sent = channel.send('second');
    const third = channel.send('third');
    assert.equal(channel.trySend('passes nobody'), false);
    assert.equal(await channel.receive(), long);
    await Promise.all([sent, third]);
    assert.deepEqual([channel.receiveSync(), channel.tryReceive()?.value], ['second', 'third']);
    assert.equal(await codeOf(channel.receive({ timeout: 5 })), 'ERR_WAIT_TIMEOUT');
    await assert.rejects(channel.receive({ signal: AbortSignal.abort(new Error('gone')) }), /gone/);
  });

  test('lets what was sent before it was closed be received, and nothing else be sent', async () => {
    const channel = new Channel<number | undefined>();
    await channel.send(1);
    await channel.send(undefined);
    channel.close();
    assert.equal(channel.closed, true);
    assert.equal(await codeOf(channel.send(2)), 'ERR_CHANNEL_CLOSED');
    assert.throws(() => channel.trySend(2), { code: 'ERR_CHANNEL_CLOSED' });
    assert.deepEqual([...channel], [1, undefined]);
    assert.equal(await codeOf(channel.receive()), 'ERR_CHANNEL_CLOSED');
    assert.throws(() => channel.tryReceive(), { code: 'ERR_CHANNEL_CLOSED' });
  });

  test('ends the wait of senders and receivers when it is closed', async () => {
    const full = new Channel<string>({ capacity: 64 });
    full.trySend('x'.repeat(50));
    const empty = new Channel();
    const waits = [codeOf(full.send('y'.repeat(50))), codeOf(empty.receive())];
    full.close();
    empty.close();
    assert.deepEqual(await Promise.all(waits), ['ERR_CHANNEL_CLOSED', 'ERR_CHANNEL_CLOSED']);
  });

  test('refuses what can never fit or cross', async () => {
    const channel = new Channel({ capacity: '1kb' });
    assert.equal(channel.capacity, 1_024);
    assert.equal(await codeOf(channel.send('x'.repeat(2_000))), 'ERR_OPTION');
    assert.equal(await codeOf(channel.send({ shared: new SharedArrayBuffer(8) })), 'ERR_VALUE_NOT_CLONEABLE');
    for (const options of [{ capacity: '2tb' }, { capacity: '2gb' }, { room: 1 }]) assert.throws(() => new Channel(options as never), { code: 'ERR_OPTION' });
  });

  test('goes on when senders and receivers are killed in the middle of it', async () => {
    for (let round = 0; round < 6; round += 1) {
      const channel = new Channel<{ count: number; text: string }>({ capacity: 1_024 });
      await withThreads(3, async ([sender, other, receiver]) => {
        sender!.start('sendForever', channel);
        other!.start('sendForever', channel);
        receiver!.start('receiveForever', channel);
        for (let count = 0; count < 20; count += 1) {
          const value = await channel.receive();
          assert.equal(value.text, 'x'.repeat(value.count % 200));
        }
        await Promise.all([sender!.kill(), receiver!.kill()]);
        for (let count = 0; count < 20; count += 1) assert.equal((await channel.receive()).text.length < 200, true);
        await other!.kill();
        while (channel.tryReceive() !== undefined);
        await channel.send({ count: 1, text: 'x' });
        assert.deepEqual(await channel.receive(), { count: 1, text: 'x' });
      });
    }
  });
});
