import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { RingMemory } from './layout.js';
import { recordBytes, RingReader, RingWriter } from './ring.js';

const PAYLOAD_WORD = 2;

function ring(requestBytes = 256): { memory: RingMemory; writer: RingWriter; reader: RingReader } {
  const memory = RingMemory.create({ slotsMax: 1, requestBytes, replyBytes: 256, areaBytes: 256 });
  return { memory, writer: new RingWriter(memory, memory.request), reader: new RingReader(memory, memory.request) };
}

/** Writes a record that carries `value` to its last word. */
function write({ memory, writer }: ReturnType<typeof ring>, bytes: number, value: number): boolean {
  const offset = writer.reserve(bytes);
  if (offset < 0) return false;
  memory.words.fill(value, (offset >>> 2) + PAYLOAD_WORD, (offset + bytes) >>> 2);
  memory.words[(offset >>> 2) + 1] = 1;
  return true;
}

function readAll({ memory, reader }: ReturnType<typeof ring>): number[] {
  const values: number[] = [];
  reader.refresh();
  for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
    const bytes = memory.words[offset >>> 2] as number;
    const words = memory.words.subarray((offset >>> 2) + PAYLOAD_WORD, (offset + bytes) >>> 2);
    assert.ok(
      words.every((word) => word === words[0]),
      'a record was overwritten',
    );
    values.push(words[0] as number);
  }
  return values;
}

describe('a ring', () => {
  it('shows the reader nothing that was not published', () => {
    const subject = ring();
    write(subject, 24, 7);
    assert.deepEqual(readAll(subject), []);
    assert.equal(subject.writer.publish(), true);
    assert.equal(subject.writer.publish(), false);
    assert.deepEqual(readAll(subject), [7]);
  });

  it('gives room back only when it is released', () => {
    const subject = ring(256);
    for (let value = 0; value < 4; value += 1) assert.ok(write(subject, 64, value));
    assert.equal(write(subject, 16, 9), false);
    subject.writer.publish();
    assert.deepEqual(readAll(subject), [0, 1, 2, 3]);
    assert.equal(write(subject, 16, 9), false);
    assert.equal(subject.reader.release(), true);
    assert.equal(write(subject, 16, 9), true);
  });

  it('takes a record of half its capacity wherever the positions stand, once all was read', () => {
    for (let start = 16; start <= 240; start += 16) {
      const subject = ring(256);
      for (let written = 0; written < start; written += 16) {
        write(subject, 16, 1);
        subject.writer.publish();
        readAll(subject);
        subject.reader.release();
      }
      assert.ok(write(subject, subject.writer.recordBytesMax, 5), `from ${start}`);
      subject.writer.publish();
      assert.deepEqual(readAll(subject), [5]);
    }
  });

  it('goes on when its positions pass the end of 32 bits', () => {
    const memory = RingMemory.create({ slotsMax: 1, requestBytes: 256, replyBytes: 256, areaBytes: 256 });
    const nearEnd = 0x7fff_fff0;
    memory.words[memory.request.tailWord] = memory.words[memory.request.headWord] = nearEnd;
    const subject = { memory, writer: new RingWriter(memory, memory.request), reader: new RingReader(memory, memory.request) };
    for (let value = 0; value < 50; value += 1) {
      assert.ok(write(subject, 40, value));
      subject.writer.publish();
      assert.deepEqual(readAll(subject), [value]);
      subject.reader.release();
    }
    assert.ok((memory.words[memory.request.tailWord] as number) < 0);
  });

  it('delivers every record once, in order and whole, in any mix of writing, publishing, reading and releasing', () => {
    const action = fc.oneof(
      fc.integer({ min: 16, max: 128 }).map((bytes) => recordBytes(bytes)),
      fc.constantFrom('publish', 'read', 'release'),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const subject = ring(256);
        const written: number[] = [];
        const read: number[] = [];
        for (const step of actions) {
          if (step === 'publish') subject.writer.publish();
          else if (step === 'read') read.push(...readAll(subject));
          else if (step === 'release') subject.reader.release();
          else if (write(subject, step as number, written.length)) written.push(written.length);
        }
        subject.writer.publish();
        read.push(...readAll(subject));
        assert.deepEqual(read, written);
      }),
      { numRuns: 300 },
    );
  });
});
