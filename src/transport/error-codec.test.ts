import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import fc from '../runtime/fixtures/fast-check.js';
import { MillraceError, QueueFullError, TaskCancelledError, ValueError } from '../errors.js';
import { encodeError, joinStacks, reviveError } from './error-codec.js';
import type { ErrorClass, ErrorRecord } from './error-record.js';

// oxlint-disable-next-line typescript/no-explicit-any -- what comes back is looked at freely
type Anything = any;

/** There and back, as a thread would carry it. */
function cross(thrown: unknown, classes: readonly ErrorClass[] = []): Anything {
  return reviveError(structuredClone(encodeError(thrown)), classes);
}

class HttpError extends TypeError {
  readonly status: number;
  constructor(status: number, options?: ErrorOptions) {
    super(`status ${status}`, options);
    this.status = status;
  }
}

describe('an error that crosses', () => {
  it('keeps class, name, message, stack, code, cause and own properties', () => {
    const cause = Object.assign(new RangeError('inner'), { errno: -5 });
    const error = Object.assign(new HttpError(503, { cause }), { code: 'E_BUSY', tags: ['a', { b: 1n }], when: new Date(0), undef: undefined });
    Object.defineProperty(error, 'secret', { value: 42 });
    const back = cross(error, [HttpError]);
    assert.ok(back instanceof HttpError && back instanceof TypeError);
    assert.equal(back.stack, error.stack);
    assert.deepStrictEqual(back, error);
    assert.equal((back as Anything).secret, 42);
    assert.deepEqual(Object.keys(back), Object.keys(error));
    assert.ok(back.cause instanceof RangeError);
    assert.equal((back.cause as Anything).errno, -5);
    assert.equal(Object.getOwnPropertyDescriptor(back, 'cause')?.enumerable, false);
  });

  it('is revived without running its constructor', () => {
    class Counting extends Error {
      static made = 0;
      constructor() {
        super('counted');
        Counting.made += 1;
      }
    }
    const error = new Counting();
    assert.ok(cross(error, [Counting]) instanceof Counting);
    assert.equal(Counting.made, 1);
  });

  it('gets a stand-in of the right name over the nearest built-in when its class is unknown', () => {
    const back = cross(new HttpError(404));
    assert.equal(back.constructor.name, 'HttpError');
    assert.ok(back instanceof TypeError && !(back instanceof HttpError));
    assert.equal(cross(new HttpError(500)).constructor, back.constructor, 'one stand-in per class, so instances compare');
    assert.equal((back as Anything).status, 404);
  });

  it('stays itself for each built-in class', () => {
    for (const type of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
      const back = cross(new type('m'));
      assert.equal(Object.getPrototypeOf(back), type.prototype);
      assert.equal(back.message, 'm');
    }
  });

  it('keeps the errors of an aggregate', () => {
    const back = cross(new AggregateError([new TypeError('a'), 'text', new HttpError(1)], 'all'));
    assert.ok(back instanceof AggregateError);
    assert.ok(back.errors[0] instanceof TypeError);
    assert.equal(back.errors[1], 'text');
    assert.equal(back.errors[2].constructor.name, 'HttpError');
  });

  it('keeps a DOMException with its code', () => {
    const back = cross(new DOMException('stop', 'AbortError'));
    assert.ok(back instanceof DOMException);
    assert.deepEqual([back.name, back.message, back.code], ['AbortError', 'stop', 20]);
  });

  it('is revived as our own class with its fields', () => {
    const full = cross(new QueueFullError('ERR_QUEUE_FULL', 'full', 12));
    assert.ok(full instanceof QueueFullError && full instanceof MillraceError);
    assert.deepEqual([full.code, full.retryAfter, full.name], ['ERR_QUEUE_FULL', 12, 'QueueFullError']);
    const cancelled = cross(new TaskCancelledError('no', { taskName: 'f', args: [1], started: false, cause: new Error('why') }));
    assert.ok(cancelled instanceof TaskCancelledError);
    assert.equal(cancelled.name, 'AbortError');
    assert.equal((cancelled.cause as Error).message, 'why');
    assert.equal(cross(new ValueError('args[0]', 'a Socket')).path, 'args[0]');
  });

  it("is not mistaken for one of ours because a user's class has the same name", () => {
    const Theirs = { QueueFullError: class QueueFullError extends Error {} }.QueueFullError;
    const back = cross(new Theirs('x'));
    assert.ok(!(back instanceof QueueFullError));
    assert.ok(cross(new Theirs('x'), [Theirs]) instanceof Theirs);
  });

  it('from another realm keeps its built-in class', () => {
    const back = cross(runInNewContext('Object.assign(new TypeError("far"), { a: 1 })'));
    assert.ok(back instanceof TypeError);
    assert.equal((back as Anything).a, 1);
  });

  it('is revived although its class throws at every touch, and without running code of that class', () => {
    class Hostile extends Error {}
    const error = new Hostile('x');
    for (const key of ['name', 'message', 'toString']) Object.defineProperty(Hostile.prototype, key, { get: thrower });
    const back = cross(error, [Hostile]);
    assert.ok(back instanceof Hostile);
    assert.equal(back.message, 'x');
  });

  it('keeps a name that its class inherits', () => {
    class Named extends Error {
      override get name(): string {
        return 'Named by getter';
      }
    }
    assert.equal(cross(new Named('x')).name, 'Named by getter');
  });

  it('replaces what cannot cross by a description, and keeps the rest', () => {
    const error = Object.assign(new Error('x'), {
      run: function run() {},
      sym: Symbol('s'),
      deep: { weak: new WeakMap(), ok: 1 },
      [Symbol('key')]: 1,
      promise: Promise.resolve(),
      proxy: new Proxy({}, {}),
    });
    Object.defineProperty(error, 'broken', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const back = cross(error);
    assert.deepEqual(
      { ...back },
      {
        run: '[function run]',
        sym: '[a symbol]',
        deep: { weak: '[a WeakMap]', ok: 1 },
        promise: '[a Promise]',
        proxy: '[a Proxy]',
        broken: '[a getter that throws]',
      },
    );
    assert.deepEqual(Object.getOwnPropertySymbols(back), []);
  });

  it('may contain itself, anywhere', () => {
    const error: Anything = new Error('loop');
    const other: Anything = new TypeError('other', { cause: error });
    Object.assign(error, { self: error, list: [error, { error }], map: new Map([[error, other]]), set: new Set([error]), other });
    const back = cross(error);
    assert.equal(back.self, back);
    assert.equal(back.list[0], back);
    assert.equal(back.list[1].error, back);
    assert.equal(back.map.get(back), back.other);
    assert.ok(back.set.has(back));
    assert.equal(back.other.cause, back);
    assert.ok(back.other instanceof TypeError);
  });

  it('keeps shared and cyclic data as it is', () => {
    const shared: Anything = { n: 1 };
    shared.self = shared;
    const back = cross(Object.assign(new Error('x'), { a: shared, b: shared }));
    assert.equal(back.a, back.b);
    assert.equal(back.a.self, back.a);
  });

  it('keeps an own property called __proto__ as a property', () => {
    const error = new Error('x');
    Object.defineProperty(error, '__proto__', { value: { polluted: true }, enumerable: true });
    const back = cross(error);
    assert.deepEqual(Object.getOwnPropertyDescriptor(back, '__proto__')?.value, { polluted: true });
    assert.equal(Object.getPrototypeOf(back), Error.prototype);
  });
});

describe('a value that is no error', () => {
  it('comes back as the value itself', () => {
    for (const value of [undefined, null, 0, 'text', 1n, { code: 7 }, Object.assign([1], { 2: 3 }), new Date(5), new Map([[1, { a: 2 }]])])
      assert.deepStrictEqual(cross(value), value);
  });

  it('may hold errors', () => {
    const back = cross({ reason: new HttpError(1), list: [new Error('x')] }, [HttpError]);
    assert.ok(back.reason instanceof HttpError);
    assert.ok(back.list[0] instanceof Error);
  });

  it('becomes an error that describes it when it cannot cross', () => {
    assert.match(cross(function boom() {}).message, /^the task threw function boom,/);
    assert.match(cross({ f: () => 1 }).message, /^the task threw an object,/);
    assert.match(cross(Symbol('x')).message, /^the task threw a symbol,/);
  });
});

describe('whatever is thrown', () => {
  const hostile: readonly (readonly [string, () => unknown])[] = [
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable(new Error('x'), {});
        revoke();
        return proxy;
      },
    ],
    [
      'a proxy whose traps throw',
      () => new Proxy(new Error('x'), { get: thrower, getPrototypeOf: thrower, ownKeys: thrower, has: thrower, getOwnPropertyDescriptor: thrower }),
    ],
    [
      'an error whose properties throw',
      () =>
        Object.defineProperties(new Error('x'), { stack: { get: thrower }, message: { get: thrower }, name: { get: thrower }, constructor: { get: thrower } }),
    ],
    ['an error without a prototype', () => Object.setPrototypeOf(new Error('x'), null)],
    ['a frozen error', () => Object.freeze(Object.assign(new Error('x'), { a: 1 }))],
    ['an error whose fields are of the wrong type', () => Object.assign(new Error('x'), { name: {}, message: 7, stack: [] })],
    [
      'an error whose prepareStackTrace throws',
      () => {
        const saved = Error.prepareStackTrace;
        Error.prepareStackTrace = thrower;
        try {
          const error = new Error('x');
          void readStack(error);
          return error;
        } finally {
          Error.prepareStackTrace = saved!;
        }
      },
    ],
    ['a null-prototype object', () => Object.assign(Object.create(null), { a: 1 })],
    ['a huge list', () => Object.assign(new Error('x'), { list: Array.from({ length: 1_000_000 }, (_, i) => ({ i })) })],
    ['a sparse giant', () => Object.assign(new Error('x'), { list: new Array(4_000_000_000) })],
    [
      'a long chain of causes',
      () => {
        let e = new Error('end');
        for (let i = 0; i < 20_000; i += 1) e = new Error('link', { cause: e });
        return e;
      },
    ],
    [
      'a deep tree',
      () => {
        let tree: unknown = 1;
        for (let i = 0; i < 100_000; i += 1) tree = { tree };
        return Object.assign(new Error('x'), { tree });
      },
    ],
    [
      'a detached buffer',
      () => {
        const b = new ArrayBuffer(8);
        structuredClone(b, { transfer: [b] });
        return Object.assign(new Error('x'), { b });
      },
    ],
    ['shared memory', () => Object.assign(new Error('x'), { m: new SharedArrayBuffer(8), v: new Uint8Array(new SharedArrayBuffer(8)) })],
  ];

  for (const [name, make] of hostile) {
    it(`crosses as something: ${name}`, { timeout: 180_000 }, () => {
      const record = encodeError(make());
      assert.doesNotThrow(() => reviveError(structuredClone(record), []));
    });
  }

  it('gives a record that can be cloned and revived (any data, in errors and bare)', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, fc.string(), (data, message) => {
        const back = cross(Object.assign(new Error(message), { data }));
        assert.equal(back.message, message);
        assert.deepStrictEqual(back.data, structuredClone(data));
        assert.deepStrictEqual(cross(data), structuredClone(data));
      }),
      { numRuns: 300 },
    );
  });

  it('is bounded in size', () => {
    const record = encodeError(
      Object.assign(new Error('x'), { a: Array.from({ length: 9_000 }, () => 1), b: Array.from({ length: 9_000 }, () => 1) }),
    ) as Extract<ErrorRecord, { kind: 'error' }>;
    assert.deepEqual(record.nodes[0]?.enumerable[3], '[an array of 9000]');
  });
});

describe('joinStacks', () => {
  const worker = 'Error: x\n    at f (file:///tasks.js:1:1)';
  const root = new URL('..', import.meta.url).href;

  it("puts the caller's frames under the worker's, without our own at their top", () => {
    const submit = `Error\n    at submit (${root}pool/worker-pool.js:1:1)\n    at Pool.run (${root}pool/pool.js:1:1)\n    at main (file:///app.js:9:9)\n    at ${root}pool/pool.js:3:3`;
    assert.equal(joinStacks(worker, submit), `${worker}\n    --- submitted from ---\n    at main (file:///app.js:9:9)\n    at ${root}pool/pool.js:3:3`);
  });

  it('leaves a stack alone when there is no caller to name', () => {
    assert.equal(joinStacks(worker, undefined), worker);
    assert.equal(joinStacks(worker, `Error\n    at submit (${root}pool/pool.js:1:1)`), worker);
    assert.equal(joinStacks(undefined, undefined), undefined);
  });
});

function thrower(): never {
  throw new Error('trap');
}

function readStack(error: Error): unknown {
  try {
    return error.stack;
  } catch {
    return undefined;
  }
}
