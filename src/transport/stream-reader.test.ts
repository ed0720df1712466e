import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { BULK, FrameReader, HEADER_BYTES, PLACED, PLACED_BYTES } from './stream-reader.js';

interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

function bytesOf(frames: readonly Frame[]): Buffer {
  const parts = frames.map(({ type, payload }) => {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(payload.length + 1);
    header[4] = type;
    return Buffer.concat([header, payload]);
  });
  return Buffer.concat(parts);
}

/** Reads chunks; what comes out is in the order in which it was handed over, bulks before their frame. */
function read(chunks: readonly Buffer[]): { frames: Frame[]; nonsense: string[]; reader: FrameReader } {
  const frames: Frame[] = [];
  const nonsense: string[] = [];
  const reader = new FrameReader({
    onFrame: (type, bytes, offset, length, bulks) => {
      for (const bulk of bulks) frames.push({ type: BULK, payload: new Uint8Array(bulk) });
      frames.push({ type, payload: new Uint8Array(bytes.subarray(offset, offset + length)) });
    },
    onPlaced: (position, byteLength) => {
      if (position < 0) throw new RangeError('nowhere');
      return new Uint8Array(byteLength).fill(position).buffer;
    },
    onNonsense: (what) => nonsense.push(what),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { frames, nonsense, reader };
}

describe('FrameReader', () => {
  it('finds the same frames however the bytes are cut', () => {
    const payload = fc.uint8Array({ maxLength: 40 });
    const frame = fc.record({ type: fc.integer({ min: 0, max: 5 }), payload }, { noNullPrototype: true });
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), cuts, (some, sizes) => {
        const frames = [...some, { type: 1, payload: new Uint8Array([1]) }];
        const bytes = bytesOf(frames);
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] as number;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        const { frames: found, nonsense, reader } = read(chunks);
        assert.deepEqual(found, frames);
        assert.deepEqual(nonsense, []);
        assert.equal(reader.isWithinFrame, false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows when it stands within a frame', () => {
    const bytes = bytesOf([
      { type: BULK, payload: Buffer.from('bulk') },
      { type: 1, payload: Buffer.from('abc') },
    ]);
    for (let length = 1; length < bytes.length; length += 1)
      assert.equal(read([bytes.subarray(0, length)]).reader.isWithinFrame, true, `after ${length} bytes`);
    assert.equal(read([bytes]).reader.isWithinFrame, false);
  });

  it('gathers bulk in memory of its own size', () => {
    const buffers: ArrayBuffer[] = [];
    const reader = new FrameReader({
      onFrame: (_type, _bytes, _offset, _length, bulks) => void buffers.push(...bulks),
      onPlaced: assert.fail,
      onNonsense: assert.fail,
    });
    reader.push(
      bytesOf([
        { type: BULK, payload: new Uint8Array(10) },
        { type: 1, payload: new Uint8Array(0) },
      ]),
    );
    assert.deepEqual(
      buffers.map((buffer) => buffer.byteLength),
      [10],
    );
  });

  it('refuses lengths that make no sense, and takes nothing more', () => {
    for (const head of [0, 2 ** 30 + 2, 0xffff_ffff]) {
      const bytes = Buffer.alloc(HEADER_BYTES);
      bytes.writeUInt32LE(head);
      const { frames, nonsense } = read([bytes, bytesOf([{ type: 1, payload: new Uint8Array(0) }])]);
      assert.equal(nonsense.length, 1);
      assert.deepEqual(frames, []);
    }
  });

  function placed(position: number, byteLength: number): Frame {
    const payload = Buffer.alloc(PLACED_BYTES);
    payload.writeDoubleLE(position);
    payload.writeUInt32LE(byteLength, 8);
    return { type: PLACED, payload };
  }

  it('has placed bulk fetched, in order with the other', () => {
    const { frames } = read([bytesOf([placed(7, 3), { type: BULK, payload: new Uint8Array([1]) }, placed(9, 1), { type: 2, payload: new Uint8Array(0) }])]);
    assert.deepEqual(
      frames.map(({ type, payload }) => [type, ...payload]),
      [[BULK, 7, 7, 7], [BULK, 1], [BULK, 9], [2]],
    );
  });

  it('refuses placed bulk that is not there, or is said in another length', () => {
    for (const frame of [placed(-1, 3), { type: PLACED, payload: new Uint8Array(PLACED_BYTES - 1) }]) {
      const { frames, nonsense } = read([bytesOf([frame, { type: 2, payload: new Uint8Array(0) }])]);
      assert.deepEqual([frames.length, nonsense.length], [0, 1]);
    }
  });

  it('refuses bulk without end', () => {
    const endless = bytesOf(Array.from({ length: 65 }, () => ({ type: BULK, payload: new Uint8Array(1) })));
    assert.equal(read([endless]).nonsense.length, 1);
  });
});
