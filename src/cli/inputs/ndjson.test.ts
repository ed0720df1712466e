import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNdjson } from './ndjson.js';

async function values(text: string): Promise<unknown[]> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  const all: unknown[] = [];
  for await (const value of readNdjson('x.ndjson', bytes())) all.push(value);
  return all;
}

test('each line is a value; blank lines are none', async () => assert.deepEqual(await values('{"a":1}\n  \n[1]\r\n"s"\nnull'), [{ a: 1 }, [1], 's', null]));

test('a line that is no JSON is named by its number', async () => await assert.rejects(values('1\n\n{"a":}\n'), /x\.ndjson, line 3: is not JSON: \{"a":\}/));
