import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { estimateBytes } from './estimate-bytes.js';

function near(value: unknown, bytes: number, factor = 1.5): void {
  const estimate = estimateBytes(value);
  assert.ok(estimate >= bytes / factor && estimate <= bytes * factor, `${estimate} is not near ${bytes}`);
}

describe('estimateBytes', () => {
  it('knows the size of what has one', () => {
    near('x'.repeat(10_000), 10_000);
    near('ж'.repeat(10_000), 20_000);
    near(new Uint8Array(65_536), 65_536);
    near(Buffer.alloc(4_096), 4_096);
    near(new Float64Array(1_000), 8_000);
    near(new DataView(new ArrayBuffer(500)), 500);
    near(new ArrayBuffer(1_000_000), 1_000_000);
  });

  it('does not count memory that is shared, not copied', () => {
    assert.ok(estimateBytes(new SharedArrayBuffer(1_000_000)) < 100);
  });

  it('adds up what is nested', () => {
    near([{ body: Buffer.alloc(1_000), text: 'x'.repeat(1_000) }, new Map([['k', new Set(['y'.repeat(1_000)])]]), [Buffer.alloc(1_000)]], 4_000);
    near(new Error('x'.repeat(5_000)), 10_000);
  });

  it('takes the rest of a long collection to be like its beginning', () => {
    near(
      Array.from({ length: 100_000 }, () => 'x'.repeat(84)),
      10_000_000,
    );
    near(new Set(Array.from({ length: 50_000 }, (_, index) => index)), 400_000);
    near(
      Array.from({ length: 10_000 }, () => ({ a: 1, b: 2 })),
      10_000 * estimateBytes({ a: 1, b: 2 }),
      2,
    );
  });

  it('ends with cycles and counts what is shared once', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    assert.ok(estimateBytes(cycle) < 100);
    const body = Buffer.alloc(1_000);
    near([body, body, body], 1_000);
  });

  it('looks at a bounded number of values', () => {
    let reads = 0;
    const watched = new Proxy(new Array<number>(1_000_000).fill(0), {
      get: (target, key, receiver) => {
        reads += 1;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    near(watched, 8_000_000);
    assert.ok(reads < 5_000, `${reads} reads`);
  });

  it('survives depth, hostile getters, proxies and lengths that make no sense', () => {
    let deep: unknown = 0;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    const hostile = Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('a getter that throws') });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const endless = new Proxy([], { get: (target, key, receiver) => (key === 'length' ? Infinity : (Reflect.get(target, key, receiver) as unknown)) });
    for (const value of [deep, hostile, revoked.proxy, endless, [endless, endless]]) {
      const estimate = estimateBytes(value);
      assert.ok(Number.isSafeInteger(estimate) && estimate >= 0, `${estimate}`);
    }
  });

  it('is a whole number for anything', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true }),
        (value) => Number.isSafeInteger(estimateBytes(value)) && estimateBytes(value) >= 0,
      ),
    );
  });
});
