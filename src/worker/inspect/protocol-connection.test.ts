import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProtocolConnection } from './protocol-connection.js';

interface Sent {
  readonly id: number;
  readonly method: string;
}

function connect(): { connection: ProtocolConnection; sent: Sent[]; closed: () => number } {
  const sent: Sent[] = [];
  let closed = 0;
  const connection = new ProtocolConnection({ send: (text) => void sent.push(JSON.parse(text) as Sent), close: () => void (closed += 1) });
  return { connection, sent, closed: () => closed };
}

describe('a conversation with an inspector', () => {
  test('gives each question its own answer, in whatever order they come', async () => {
    const { connection, sent } = connect();
    const answers = [connection.request('A.a', {}, 10_000), connection.request('B.b', {}, 10_000)];
    for (const { id, method } of sent.toReversed()) connection.receive(JSON.stringify({ id, result: { method } }));
    assert.deepEqual(await Promise.all(answers), [{ method: 'A.a' }, { method: 'B.b' }]);
  });

  test('answers `undefined` when nothing comes within the limit, and ignores what comes later', async () => {
    const { connection, sent } = connect();
    assert.equal(await connection.request('A.a', {}, 5), undefined);
    connection.receive(JSON.stringify({ id: sent[0]?.id, result: {} }));
  });

  test('rejects with the refusal of the other side', async () => {
    const { connection, sent } = connect();
    const answer = connection.request('A.a', {}, 10_000);
    connection.receive(JSON.stringify({ id: sent[0]?.id, error: { message: 'no such method' } }));
    await assert.rejects(answer, { code: 'ERR_INSPECTOR', message: /no such method/ });
  });

  test('rejects what waits, and what is asked later, when the other side is gone', async () => {
    const { connection } = connect();
    const answer = connection.request('A.a', {}, 10_000);
    connection.fail('its thread has ended');
    await assert.rejects(answer, { code: 'ERR_INSPECTOR', message: /thread has ended/ });
    await assert.rejects(connection.request('A.a', {}, 10_000), { code: 'ERR_INSPECTOR' });
  });

  test('hands events to who listens for them', () => {
    const { connection } = connect();
    const seen: unknown[] = [];
    connection.on('A.happened', (params) => void seen.push(params));
    connection.receive(JSON.stringify({ method: 'A.happened', params: { n: 1 } }));
    connection.receive(JSON.stringify({ method: 'B.happened', params: { n: 2 } }));
    assert.deepEqual(seen, [{ n: 1 }]);
  });

  test('two over one link do not take each other’s answers', async () => {
    const [one, two] = [connect(), connect()];
    const answer = one.connection.request('A.a', {}, 10_000);
    void two.connection.request('A.a', {}, 5);
    const text = JSON.stringify({ id: one.sent[0]?.id, result: { mine: true } });
    two.connection.receive(text);
    one.connection.receive(text);
    assert.deepEqual(await answer, { mine: true });
  });
});
