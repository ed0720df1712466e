import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, test } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { encodeFrame, FrameReader, getText, openWebSocket } from './web-socket.js';

const TEXT = 1;
const CLOSE = 8;
const LIMIT_MS = 60_000;

/** A frame as a server sends it: without a mask. */
function serverFrame(opcode: number, payload: Buffer, fin = true): Buffer {
  const masked = encodeFrame(opcode, payload);
  const headerBytes = payload.length < 126 ? 2 : payload.length < 0x1_0000 ? 4 : 10;
  const header = Buffer.from(masked.subarray(0, headerBytes));
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = (header[1] as number) & 0x7f;
  return Buffer.concat([header, payload]);
}

describe('frames of a web socket', () => {
  test('are read whole, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 4 }), fc.array(fc.nat({ max: 5_000 }), { maxLength: 8 }), (lengths, cuts) => {
        const payloads = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const bytes = Buffer.concat(payloads.map((payload) => serverFrame(TEXT, payload)));
        const seen: Buffer[] = [];
        const reader = new FrameReader((opcode, payload) => {
          assert.equal(opcode, TEXT);
          seen.push(payload);
        });
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          reader.push(bytes.subarray(at, Math.min(bytes.length, at + cut)));
          at = Math.min(bytes.length, at + cut);
        }
        assert.equal(seen.length, payloads.length);
        seen.forEach((payload, index) => assert.ok(payload.equals(payloads[index] as Buffer)));
      }),
      { numRuns: 50 },
    );
  });

  test('that continue one another are one text, and a ping between them is read by itself', () => {
    const seen: string[] = [];
    const reader = new FrameReader((opcode, payload) => void seen.push(`${opcode} ${payload.toString()}`));
    reader.push(Buffer.concat([serverFrame(TEXT, Buffer.from('one '), false), serverFrame(9, Buffer.from('ping')), serverFrame(0, Buffer.from('two'))]));
    assert.deepEqual(seen, ['9 ping', '1 one two']);
  });
});

describe('a web socket client', () => {
  async function withServer(onUpgrade: (socket: Socket) => void, body: (port: number) => Promise<void>): Promise<void> {
    const server = createServer((request, response) => response.writeHead(request.url === '/text' ? 200 : 404).end('some text'));
    const sockets: Socket[] = [];
    server.on('upgrade', (_request, socket: Socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      onUpgrade(socket);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      await body((server.address() as AddressInfo).port);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test('talks to a server, answers its ping and ends the connection', async () => {
    const received: string[] = [];
    let over: () => void = () => undefined;
    const serverSawEnd = new Promise<void>((resolve) => {
      over = resolve;
    });
    const onUpgrade = (socket: Socket): void => {
      const reader = new FrameReader((opcode, payload) => {
        received.push(`${opcode} ${payload.toString()}`);
        if (opcode === CLOSE) over();
        if (opcode === TEXT) socket.write(Buffer.concat([serverFrame(9, Buffer.from('p')), serverFrame(TEXT, Buffer.from('answer'))]));
      });
      // Ours are masked with zeros: without the mask they are what a server would send.
      socket.on('data', (bytes: Buffer) => {
        const length = (bytes[1] as number) & 0x7f;
        reader.push(serverFrame((bytes[0] as number) & 0x0f, bytes.subarray(6, 6 + length)));
        if (bytes.length > 6 + length) socket.emit('data', bytes.subarray(6 + length));
      });
    };
    await withServer(onUpgrade, async (port) => {
      let closed: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        closed = resolve;
      });
      let answered: (text: string) => void = () => undefined;
      const answer = new Promise<string>((resolve) => {
        answered = resolve;
      });
      const client = await openWebSocket(port, '/path', LIMIT_MS, { onText: (text) => answered(text), onClose: () => closed() });
      client.send('question');
      assert.equal(await answer, 'answer');
      client.close();
      client.close();
      await Promise.all([ended, serverSawEnd]);
      assert.deepEqual(received, ['1 question', '10 p', '8 ']);
    });
  });

  test('refuses a server that is none, and one that does not answer', async () => {
    await withServer(
      () => undefined,
      async (port) => {
        assert.equal(await getText(port, '/text', LIMIT_MS), 'some text');
      },
    );
    await assert.rejects(openWebSocket(1, '/', LIMIT_MS, { onText: () => undefined, onClose: () => undefined }));
    await assert.rejects(getText(1, '/', LIMIT_MS));
  });
});
