import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBytes } from './copy-bytes.js';

const MEMORIES = {
  shared: (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length)),
  'not shared': (length: number): Uint8Array => new Uint8Array(length),
};

for (const [from, source] of Object.entries(MEMORIES))
  for (const [to, target] of Object.entries(MEMORIES))
    void test(`bytes of memory that is ${from} arrive in memory that is ${to}, and nothing beside them changes`, () => {
      for (const length of [0, 1, 7, 2_047, 2_048, 2_049, 65_537])
        for (const at of [0, 1, 13]) {
          const bytes = source(length + 3).subarray(3);
          for (let index = 0; index < length; index += 1) bytes[index] = (index * 31 + length) & 0xff;
          const copy = target(at + length + 5).fill(0xee);
          copyBytes(copy, at, bytes);
          assert.equal(Buffer.compare(copy.subarray(at, at + length), bytes), 0, `${length} bytes at ${at}`);
          assert.ok(copy.subarray(0, at).every((byte) => byte === 0xee) && copy.subarray(at + length).every((byte) => byte === 0xee));
        }
    });

void test('bytes that do not fit are refused, and none is written', () => {
  for (const length of [100, 10_000]) {
    const target = new Uint8Array(length);
    assert.throws(() => copyBytes(target, 1, new Uint8Array(length).fill(1)), RangeError);
    assert.ok(target.every((byte) => byte === 0));
  }
});
