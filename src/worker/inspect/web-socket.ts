/**
 * As much of a WebSocket client (RFC 6455) as talking to an inspector on this machine takes: text frames, in fragments too, pings and the closing
 * handshake. No extensions, no TLS. Node 20 has no client of its own.
 *
 *     frame:  FIN 0 0 0 opcode(4) | MASK length(7) | length 16 or 64 bits | mask 32 bits, from us only | payload
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { inspectorError } from './protocol-connection.js';

const CONTINUATION = 0x0;
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FIN = 0x80;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** A mask hides nothing on this machine; that of zeros costs nothing. */
const MASK = Buffer.alloc(4);

export interface WebSocketHandler {
  onText(text: string): void;
  /** Called once; nothing follows. */
  onClose(): void;
}

/** Parses the frames of the other side. */
export class FrameReader {
  readonly #onFrame: (opcode: number, payload: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** Chunks since the last whole frame: joined once there are enough bytes, so that a large frame costs its length once. */
  #chunks: Buffer[] = [];
  #wanted = 2;
  #held = 0;
  #fragments: Buffer[] = [];

  constructor(onFrame: (opcode: number, payload: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#rest.length + this.#held < this.#wanted) return;
    this.#rest = Buffer.concat([this.#rest, ...this.#chunks]);
    this.#chunks = [];
    this.#held = 0;
    while (this.#takeFrame());
  }

  #takeFrame(): boolean {
    const bytes = this.#rest;
    const frameBytes = frameLength(bytes);
    this.#wanted = frameBytes.headerBytes + frameBytes.payloadBytes;
    if (bytes.length < this.#wanted) return false;
    this.#rest = bytes.subarray(this.#wanted);
    const payload = bytes.subarray(frameBytes.headerBytes, this.#wanted);
    this.#wanted = 2;
    this.#onPart(bytes[0] as number, payload);
    return true;
  }

  #onPart(head: number, payload: Buffer): void {
    const opcode = head & 0x0f;
    if (opcode >= CLOSE) return this.#onFrame(opcode, payload);
    this.#fragments.push(payload);
    if ((head & FIN) === 0) return;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#onFrame(opcode === CONTINUATION ? TEXT : opcode, whole);
  }
}

/** As far as it can be told from these bytes: at least what the header itself takes. */
function frameLength(bytes: Buffer): { readonly headerBytes: number; readonly payloadBytes: number } {
  if (bytes.length < 2) return { headerBytes: 2, payloadBytes: 0 };
  const length = (bytes[1] as number) & 0x7f;
  if (length < LENGTH_16) return { headerBytes: 2, payloadBytes: length };
  if (length === LENGTH_16) return { headerBytes: 4, payloadBytes: bytes.length < 4 ? 0 : bytes.readUInt16BE(2) };
  return { headerBytes: 10, payloadBytes: bytes.length < 10 ? 0 : Number(bytes.readBigUInt64BE(2)) };
}

/** One whole frame of ours. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < LENGTH_16) return Buffer.concat([Buffer.from([FIN | opcode, MASKED | length]), MASK, payload]);
  const head = Buffer.alloc(length < 0x1_0000 ? 4 : 10);
  head[0] = FIN | opcode;
  head[1] = MASKED | (length < 0x1_0000 ? LENGTH_16 : LENGTH_64);
  if (length < 0x1_0000) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, MASK, payload]);
}

export class WebSocketClient {
  readonly #socket: Socket;
  #isClosing = false;

  /** `socket` has just been upgraded; `head` are the bytes that came with the answer. */
  constructor(socket: Socket, head: Buffer, handler: WebSocketHandler) {
    this.#socket = socket;
    const reader = new FrameReader((opcode, payload) => {
      if (opcode === TEXT) handler.onText(payload.toString('utf8'));
      else if (opcode === PING) socket.write(encodeFrame(PONG, payload));
      else if (opcode === CLOSE) this.#answerClose();
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => handler.onClose());
    if (head.length > 0) reader.push(head);
  }

  send(text: string): void {
    if (!this.#isClosing) this.#socket.write(encodeFrame(TEXT, Buffer.from(text)));
  }

  /** Ends the connection; does not wait for the other side. Idempotent. */
  close(): void {
    this.#answerClose();
  }

  #answerClose(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.end(encodeFrame(CLOSE, Buffer.alloc(0)), () => this.#socket.destroy());
  }
}

/** Connects to `ws://127.0.0.1:port/path`. Rejects when that takes longer than `limitMs`, or the other side is no such server. */
export function openWebSocket(port: number, path: string, limitMs: number, handler: WebSocketHandler): Promise<WebSocketClient> {
  const { request } = process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const handshake = request({
      ...{ host: '127.0.0.1', port, path, agent: false, timeout: limitMs },
      headers: {
        ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        // Any 16 bytes: they tell a server from a cache that plays an old answer, and there is none between us.
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      },
    });
    handshake.once('timeout', () => handshake.destroy(inspectorError(`port ${port} did not answer within ${limitMs} ms`)));
    handshake.once('error', reject);
    handshake.once('response', (response: IncomingMessage) => {
      response.destroy();
      reject(inspectorError(`port ${port} is no inspector: it answers ${response.statusCode}`));
    });
    handshake.once('upgrade', (_response: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      resolve(new WebSocketClient(socket, head, handler));
    });
    handshake.end();
  });
}

/** The text at `http://127.0.0.1:port/path`. */
export function getText(port: number, path: string, limitMs: number): Promise<string> {
  const { get } = process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const call = get({ host: '127.0.0.1', port, path, agent: false, timeout: limitMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    call.once('timeout', () => call.destroy(inspectorError(`port ${port} did not answer within ${limitMs} ms`)));
    call.once('error', reject);
  });
}
