import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJsonArray } from './json.js';

function read(text: string): Promise<readonly unknown[]> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  return readJsonArray('x.json', bytes());
}

test('the elements of the array are the inputs', async () => assert.deepEqual(await read('[1, {"a": [2]}]'), [1, { a: [2] }]));

test('anything but an array is refused', async () => {
  await assert.rejects(read('{"a": 1}'), /x\.json: expected an array of inputs, got an object; for one value a line use the format ndjson/);
  await assert.rejects(read(''), /x\.json, line 1: is not JSON/);
});

test('an error is named with its line', async () => await assert.rejects(read('[\n  1,\n  oops\n]'), /x\.json, line 3: is not JSON/));
