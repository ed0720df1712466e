import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { ValueError } from '../errors.js';
import { describeSafely, findUncloneable, type Medium, THREAD, uncloneableError } from './value-path.js';

class User {
  readonly socket: unknown;
  constructor(socket: unknown) {
    this.socket = socket;
  }
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

const getterThrows = {
  get broken(): never {
    throw new Error('boo');
  },
};

const cases: readonly (readonly [claim: string, value: () => unknown, path: string, what: string])[] = [
  ['a function in a list', () => [1, [() => 1]], 'args[1][0]', 'a function'],
  ['a named function', () => [{ f: function foo() {} }], 'args[0].f', 'function foo'],
  ['a symbol', () => [{ a: { b: Symbol('x') } }], 'args[0].a.b', 'a symbol'],
  ['a socket in a plain object', () => [{ user: { socket: new Socket() } }], 'args[0].user.socket', 'a Socket'],
  ['a socket in an instance', () => [new User(new Socket())], 'args[0].socket', 'a Socket'],
  ['an emitter with a listener', () => [new EventEmitter().on('x', () => {})], 'args[0]', 'a EventEmitter'],
  ['a WeakMap as a value of a Map', () => [new Map([['cache', new WeakMap()]])], 'args[0].get("cache")', 'a WeakMap'],
  ['a function as a key of a Map', () => [new Map([[() => 1, 1]])], 'args[0].keys()[0]', 'a function'],
  ['a value under an object key', () => [new Map([[{}, Symbol.iterator]])], 'args[0].values()[0]', 'a symbol'],
  ['a member of a Set', () => [new Set([1, Promise.resolve()])], 'args[0].values()[1]', 'a Promise'],
  ['a getter that throws', () => [getterThrows], 'args[0].broken', 'a getter that throws'],
  ['the cause of an error', () => [new Error('x', { cause: { f: Symbol() } })], 'args[0].cause.f', 'a symbol'],
  ['a key that is no identifier', () => [{ 'a b': Symbol() }], 'args[0]["a b"]', 'a symbol'],
  ['a named property of an array', () => [Object.assign([1], { extra: Symbol() })], 'args[0].extra', 'a symbol'],
  ['a proxy', () => [{ p: new Proxy({}, {}) }], 'args[0].p', 'a Proxy'],
  ['a revoked proxy', () => [revokedProxy()], 'args[0]', 'a Proxy'],
  ['a detached buffer', () => [detached()], 'args[0]', 'a ArrayBuffer that is detached (it was transferred before)'],
  [
    'an arguments object',
    () => [
      {
        list: (function () {
          return arguments;
        })(),
      },
    ],
    'args[0].list',
    'an object',
  ],
];

describe('findUncloneable', () => {
  for (const [claim, value, path, what] of cases) {
    it(`names ${claim}`, () => {
      assert.throws(() => structuredClone(value()), 'the value of this case must be uncloneable');
      assert.deepEqual(findUncloneable(value(), 'args'), { path, what });
    });
  }

  it('finds nothing in what can be cloned', () => {
    const cyclic: Record<string, unknown> = { list: [1, new Date(), /x/, new Map([[1, new Set([2n])]]), Buffer.from('x'), new SharedArrayBuffer(8)] };
    cyclic['self'] = cyclic;
    assert.equal(findUncloneable([cyclic, new Error('x'), new User(1), {}, Object(1)], 'args'), undefined);
  });

  it('passes by what is transferred', () => {
    const { port1, port2 } = new MessageChannel();
    assert.deepEqual(findUncloneable([port1], 'args'), { path: 'args[0]', what: 'a MessagePort that is not in the list `transfer`' });
    assert.equal(findUncloneable([port1], 'args', THREAD, [port1]), undefined);
    port1.close();
    port2.close();
  });

  it('refuses shared memory where memory cannot be shared', () => {
    const medium: Medium = { name: 'process', clone: structuredClone };
    assert.deepEqual(findUncloneable([{ m: new Int32Array(new SharedArrayBuffer(8)) }], 'args', medium), {
      path: 'args[0].m',
      what: 'a Int32Array over a SharedArrayBuffer, which only threads can share',
    });
  });

  it('ends on cycles, deep chains and large graphs', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic, new Set([cyclic]));
    assert.equal(findUncloneable(cyclic, 'x'), undefined);
    let chain: unknown = Symbol();
    for (let depth = 0; depth < 50_000; depth += 1) chain = { next: chain };
    assert.equal(findUncloneable(chain, 'x'), undefined);
    const wide = Array.from({ length: 300_000 }, () => ({}));
    assert.equal(findUncloneable(wide, 'x'), undefined);
  });

  it('finds the culprit behind many harmless objects', () => {
    const rows: unknown[] = Array.from({ length: 20_000 }, (_, id) => ({ id }));
    rows.push(new User(() => 1));
    assert.deepEqual(findUncloneable(rows, 'rows'), { path: 'rows[20000].socket', what: 'a function' });
  });
});

describe('uncloneableError', () => {
  it('names path, culprit and cause', () => {
    const cause = new Error('#<Object> could not be cloned.');
    const error = uncloneableError([{ f: Symbol() }], 'args', cause);
    assert.ok(error instanceof ValueError);
    assert.equal(error.path, 'args[0].f');
    assert.match(error.message, /^args\[0\]\.f is a symbol/);
    assert.equal(error.cause, cause);
  });

  it('falls back to the cause when no culprit can be found', () => {
    const error = uncloneableError([1], 'args', new Error('Found invalid value in transferList'));
    assert.match(error.message, /^args is not cloneable \(Found invalid value in transferList\)/);
  });
});

describe('describeSafely', () => {
  it('describes what cannot be looked at', () => {
    assert.equal(describeSafely(revokedProxy()), 'a Proxy');
    const hostile = Object.create({
      get constructor(): never {
        throw new Error('no');
      },
    });
    assert.equal(describeSafely(hostile), 'an object that cannot be inspected');
  });
});
