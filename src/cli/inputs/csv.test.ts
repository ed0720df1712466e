import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { readCsv, readCsvRecords } from './csv.js';

async function* chunks(parts: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function objects(...parts: string[]): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const value of readCsv('x.csv', chunks(parts))) all.push(value);
  return all;
}

async function records(parts: Iterable<string>): Promise<(readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for await (const { fields } of readCsvRecords('x.csv', chunks(parts))) all.push(fields);
  return all;
}

describe('readCsv', () => {
  test('the header names the fields', async () =>
    assert.deepEqual(await objects('id,name\n1,a\r\n2,b'), [
      { id: '1', name: 'a' },
      { id: '2', name: 'b' },
    ]));

  test('quoted fields hold commas, quotes, line ends and nothing', async () => {
    assert.deepEqual(await objects('a,b\n"x, ""y""","1\r\n2"\n"",\n'), [
      { a: 'x, "y"', b: '1\r\n2' },
      { a: '', b: '' },
    ]);
  });

  test('empty lines are left out; a header alone is no input', async () => {
    assert.deepEqual(await objects('a\n\n1\n\n'), [{ a: '1' }]);
    assert.deepEqual(await objects('a,b\n'), []);
    assert.deepEqual(await objects(''), []);
  });

  test('a field named __proto__ is data', async () => assert.deepEqual(Object.entries((await objects('__proto__\nx'))[0] as object), [['__proto__', 'x']]));

  test('a carriage return within a line is part of the field', async () => assert.deepEqual(await records(['a\rb,c\r\r\n']), [['a\rb', 'c\r']]));

  for (const [text, message] of [
    ['a,b\n1\n', /x\.csv, line 2: has 1 fields, the header has 2/],
    ['a,b\n1,2\n\n1,2,3', /line 4: has 3 fields/],
    ['a,a\n', /line 1: the header names "a" twice/],
    ['a\n"x\ny', /line 2: a quoted field is not closed before the end/],
    ['a\n"x"y\n', /line 2: expected a comma or the end of the line after a closing quote, got "y"/],
    ['a\n"1\n2"\n3"4"\n', /line 4: a quote inside a field/],
  ] as const) {
    test(`${JSON.stringify(text)} is refused`, async () => await assert.rejects(objects(text), message));
  }

  test('what is quoted by the rules comes back, however it is cut', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'ü') });
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 5 }), async (rows, end, size) => {
        const text = rows.map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(',')).join(end);
        const parts = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        assert.deepEqual(await records(parts), rows);
      }),
    );
  });
});
