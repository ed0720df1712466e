import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { afterEach, describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { AreaReader, AreaWriter } from './stream-area.js';
import type { Placed } from './stream-area.js';
import { AREA_BYTES, REPLIES, REQUESTS, SharedFile } from './stream-file.js';

const files: SharedFile[] = [];
afterEach(() => {
  for (const file of files.splice(0)) file.close();
});

function area(hasAreas = true): { file: SharedFile; writer: AreaWriter; reader: AreaReader } {
  const file = SharedFile.createIn(tmpdir(), hasAreas);
  files.push(file);
  return { file, writer: new AreaWriter(file, REQUESTS), reader: new AreaReader(SharedFile.attach(file.fd), REQUESTS) };
}

function read(reader: AreaReader, { position, byteLength }: Placed): Uint8Array {
  return new Uint8Array(reader.read(position, byteLength));
}

/** Writes what must find room. */
function write(writer: AreaWriter, bytes: Uint8Array): Placed {
  const placed = writer.write(bytes);
  assert.ok(placed !== undefined, 'there is room');
  return placed;
}

const MB = 1024 * 1024;

describe('an area', { timeout: 180_000 }, () => {
  it('gives back what was written, in memory of its own', () => {
    const { writer, reader } = area();
    const [first, second] = [write(writer, new Uint8Array([1, 2, 3])), write(writer, new Uint8Array([4]))];
    assert.deepEqual([...read(reader, first), ...read(reader, second)], [1, 2, 3, 4]);
  });

  it('takes no more than it has room for, until the reader has released some', () => {
    const { writer, reader } = area();
    const placed = Array.from({ length: AREA_BYTES / MB }, () => write(writer, new Uint8Array(MB)));
    assert.equal(writer.write(new Uint8Array(1)), undefined);
    read(reader, placed[0] as Placed);
    assert.equal(writer.write(new Uint8Array(1)), undefined, 'what was read is not yet released');
    reader.release();
    assert.ok(writer.write(new Uint8Array(MB)) !== undefined);
    assert.equal(writer.write(new Uint8Array(AREA_BYTES + 1)), undefined);
  });

  it('leaves no run across its end, and counts what it leaves free there', () => {
    const { writer, reader } = area();
    const [first] = [write(writer, new Uint8Array(2 * MB)), write(writer, new Uint8Array(4 * MB).fill(7))];
    read(reader, first);
    reader.release();
    assert.equal(writer.write(new Uint8Array(3 * MB)), undefined, 'neither behind the second nor before it');
    assert.equal(write(writer, new Uint8Array(2 * MB)).position % AREA_BYTES, 6 * MB);
    assert.equal(write(writer, new Uint8Array(2 * MB)).position % AREA_BYTES, 0);
  });

  it('is used from its beginning again when it has been emptied', () => {
    const { writer, reader } = area();
    for (let round = 0; round < 5; round += 1) {
      const placed = write(writer, new Uint8Array(MB).fill(round));
      assert.equal(placed.position % AREA_BYTES, 0);
      assert.equal(read(reader, placed)[MB - 1], round);
      reader.release();
    }
  });

  it('takes back what is not announced', () => {
    const { writer, reader } = area();
    for (let round = 0; round < 5; round += 1) {
      const mark = writer.tail;
      write(writer, new Uint8Array(AREA_BYTES));
      writer.rollback(mark);
    }
    assert.equal(read(reader, write(writer, new Uint8Array([9])))[0], 9);
  });

  it('does not take what the file system has no room for', () => {
    const { file, writer } = area();
    file.write = () => {
      throw new Error('ENOSPC');
    };
    assert.equal(writer.write(new Uint8Array(10)), undefined);
    file.write = () => 5;
    assert.equal(writer.write(new Uint8Array(10)), undefined);
    assert.equal(writer.tail, 0);
  });

  it('does not believe a head that is half written', () => {
    const { file, writer, reader } = area();
    read(reader, write(writer, new Uint8Array(AREA_BYTES)));
    file.write(new Float64Array([AREA_BYTES, 0]), REQUESTS.headAt);
    assert.equal(writer.write(new Uint8Array(1)), undefined);
    reader.release();
    assert.ok(writer.write(new Uint8Array(1)) !== undefined);
  });

  it('is not there in a file without areas', () => {
    const { writer, reader } = area(false);
    assert.equal(writer.write(new Uint8Array(1)), undefined);
    assert.throws(() => reader.read(0, 1), { code: 'ERR_PROTOCOL' });
  });

  it('refuses to read where nothing can be', () => {
    const { writer, reader } = area();
    const placed = write(writer, new Uint8Array(10));
    for (const [position, length] of [
      [AREA_BYTES - 5, 10],
      [-1, 1],
      [Number.NaN, 1],
    ] as const) {
      assert.throws(() => reader.read(position, length), { code: 'ERR_PROTOCOL' });
    }
    read(reader, placed);
    assert.throws(() => reader.read(placed.position, 10), { code: 'ERR_PROTOCOL' }, 'it has been read');
  });

  it('keeps the two directions apart', () => {
    const { file, writer, reader } = area();
    const other = new AreaWriter(file, REPLIES);
    const placed = write(writer, new Uint8Array([1]));
    write(other, new Uint8Array([2]));
    assert.equal(read(reader, placed)[0], 1);
  });

  it('loses and overwrites nothing, whatever is read when', () => {
    const step = fc.record({ byteLength: fc.integer({ min: 1, max: 3 * MB }), reads: fc.nat({ max: 4 }), releases: fc.boolean() }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
        const { file, writer, reader } = area();
        const onTheirWay: { placed: Placed; mark: number }[] = [];
        for (const [mark, { byteLength, reads, releases }] of steps.entries()) {
          const placed = writer.write(new Uint8Array(byteLength).fill(mark + 1));
          if (placed !== undefined) onTheirWay.push({ placed, mark: mark + 1 });
          for (const each of onTheirWay.splice(0, reads)) {
            assert.ok(Buffer.alloc(each.placed.byteLength, each.mark).equals(read(reader, each.placed)));
          }
          if (releases) reader.release();
        }
        file.close();
      }),
      { numRuns: 30 },
    );
  });
});
