import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { BulkReader, BulkWriter } from './bulk-area.js';
import { RingMemory } from './layout.js';

const AREA_BYTES = 4_096;

function area(): { writer: BulkWriter; reader: BulkReader } {
  const memory = RingMemory.create({ slotsMax: 1, requestBytes: 256, replyBytes: 256, areaBytes: AREA_BYTES });
  return { writer: new BulkWriter(memory, memory.requestArea), reader: new BulkReader(memory, memory.requestArea) };
}

/** Bytes that tell which bulk they are of. */
function bulk(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
}

describe('the area for large buffers', () => {
  it('gives each bulk back as it was, in order, whatever was written, taken back and read in between', () => {
    const step = fc.record({ length: fc.integer({ min: 1, max: 1_100 }), next: fc.constantFrom('keep', 'keep', 'rollback', 'read', 'read all') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const { writer, reader } = area();
        const waiting: Uint8Array[] = [];
        const readFirst = (): void => assert.deepEqual(new Uint8Array(reader.take(1)[0] as ArrayBuffer), waiting.shift());
        for (const [seed, { length, next }] of steps.entries()) {
          const bytes = bulk(length, seed);
          const { mark } = writer;
          const isIn = writer.write(bytes);
          if (length > writer.bytesMax) assert.equal(isIn, false);
          if (isIn && next === 'rollback') assert.deepEqual(writer.takeBack(mark), [Buffer.from(bytes)]);
          else if (isIn) waiting.push(bytes);
          writer.publish();
          if (next === 'read' && waiting.length > 0) readFirst();
          if (next === 'read all') while (waiting.length > 0) readFirst();
        }
        while (waiting.length > 0) readFirst();
        assert.deepEqual(reader.take(1), []);
      }),
    );
  });

  it('takes no more than there is room for, and all of it again once it was read', () => {
    const { writer, reader } = area();
    for (let round = 0; round < 5; round += 1) {
      let count = 0;
      while (writer.write(bulk(1_000, count))) count += 1;
      assert.ok(count >= 2, `${count} bulks of a quarter in round ${round}`);
      writer.publish();
      assert.equal(reader.take(count).length, count);
    }
  });

  it('shows nothing that was not published', () => {
    const { writer, reader } = area();
    writer.write(bulk(100, 1));
    assert.deepEqual(reader.take(1), []);
    writer.publish();
    assert.equal(reader.take(1).length, 1);
  });
});
