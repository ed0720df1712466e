import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { adaptive, type AdaptiveMemory } from './adaptive.js';
import { anySignals, NOTHING_DONE, signals } from './fixtures/signals.js';
import type { FlowSignals, HostSignals, ScalingDecision, ScalingSignals } from './scaling-policy.js';

/** A pool whose signals are written down one after the other. */
function story(policy = adaptive()): (seen: Partial<ScalingSignals> & { flow?: FlowSignals }) => ScalingDecision {
  let memory: AdaptiveMemory | undefined = policy.initial();
  return (seen) => {
    const answer = policy.decide(signals(seen), memory);
    memory = answer.memory;
    return answer.decision;
  };
}

function flow(arrived: number, finished: number, meanMs: number, bootMs = 50): FlowSignals {
  return { arrived, finished, occupiedMs: finished * meanMs, runningMs: 0, bootMs };
}

describe('adaptive', () => {
  it('does nothing for a pool without work', () => {
    const tell = story();
    for (let nowMs = 0; nowMs < 600_000; nowMs += 250) assert.equal(tell({ nowMs, idleMs: [nowMs] }).target, 1);
  });

  it('grows in one step to what the load needs, as far as workers may be started at once', () => {
    const tell = story();
    tell({ nowMs: 0 });
    const decision = tell({
      nowMs: 1_000,
      busy: 1,
      queueDepth: 60,
      oldestWaitMs: 200,
      max: 64,
      host: { ...signals().host, cores: 64 },
      flow: flow(100, 40, 80),
    });
    assert.ok(decision.target > 10 && decision.target <= 33, decision.reason);
    assert.match(decision.reason, /tasks\/s of 80 ms keep .* busy/);
  });

  it('counts the workers that are being started', () => {
    const tell = story();
    const seen = { nowMs: 1_000, workers: 9, starting: 8, busy: 1, queueDepth: 10, oldestWaitMs: 50, flow: flow(11, 0, 0) };
    tell({ ...seen, nowMs: 0, flow: NOTHING_DONE });
    assert.equal(tell(seen).target, 9);
  });

  it('starts a worker for the first task of a pool that has none', () => {
    const tell = story();
    tell({ nowMs: 0, workers: 0, min: 0 });
    assert.equal(tell({ nowMs: 60_000, workers: 0, min: 0, queueDepth: 1, flow: flow(1, 0, 0) }).target, 1);
  });

  it('lets the last worker go when there may be none and nothing came for long', () => {
    const tell = story();
    const target = (nowMs: number): number => tell({ nowMs, workers: 1, min: 0, idleMs: [nowMs], flow: flow(1, 1, 10) }).target;
    for (let nowMs = 0; nowMs < 15_000; nowMs += 250) assert.equal(target(nowMs), 1, `${nowMs} ms`);
    assert.equal(target(15_000), 0);
  });

  it('starts nobody for a queue that chance makes, the less the longer the load has been the same', () => {
    const target = (knownMs: number): number => {
      const tell = story();
      for (let nowMs = 0; nowMs < knownMs; nowMs += 250) tell({ nowMs, workers: 4, busy: 2, max: 64, flow: flow(nowMs / 100, nowMs / 100, 200) });
      return tell({ nowMs: knownMs, workers: 4, busy: 4, max: 64, queueDepth: 6, oldestWaitMs: 200, flow: flow(knownMs / 100, knownMs / 100 - 10, 200) })
        .target;
    };
    assert.equal(target(5_000), 5, 'few');
    assert.equal(target(120_000), 4);
  });

  it('looks at a queue sooner while the load rises, but for tasks that mostly wait', () => {
    const target = (fromPerS: number, host: Partial<HostSignals> = {}): number => {
      const tell = story();
      // Up to 10 a second after 2 minutes: as many as have come have been done.
      const arrived = (ms: number): number => Math.floor((fromPerS * ms) / 1_000 + ((10 - fromPerS) * (ms / 1_000) ** 2) / 240);
      const seen = (nowMs: number, waiting: number): Partial<ScalingSignals> => ({
        nowMs,
        workers: 4,
        busy: waiting > 0 ? 4 : 2,
        max: 64,
        queueDepth: waiting,
        oldestWaitMs: 40 * waiting,
        flow: flow(arrived(nowMs), arrived(nowMs) - waiting, 200),
        host: { ...signals().host, ...host },
      });
      for (let nowMs = 0; nowMs < 120_000; nowMs += 250) tell(seen(nowMs, 0));
      return tell(seen(120_000, 6)).target;
    };
    assert.equal(target(10), 4);
    assert.ok(target(2) > 4);
    assert.equal(target(2, { cpuDemand: 0.02 }), 4);
  });

  it('lets nobody leave while the backlog asks for them', () => {
    const tell = story();
    for (let nowMs = 0; nowMs < 60_000; nowMs += 250) {
      const seen = { nowMs, workers: 8, busy: 8, max: 8, queueDepth: 5_000, oldestWaitMs: 10_000, flow: flow(nowMs / 100, nowMs / 100, 50) };
      assert.equal(tell(seen).target, 8, `${nowMs} ms`);
    }
  });

  it('says which cap bound, and by how much', () => {
    const tell = story();
    tell({ nowMs: 0, max: 4 });
    const decision = tell({ nowMs: 1_000, busy: 1, queueDepth: 500, oldestWaitMs: 900, max: 4, flow: flow(600, 99, 80) });
    assert.equal(decision.boundBy, 'max');
    assert.match(decision.reason, /4 by the cap on max/);
    assert.ok((decision.terms?.['workers'] ?? 0) > 4);
  });

  it('refuses options that are none', () => {
    assert.equal(adaptive({ goal: 'latency' }).name, 'adaptive');
    for (const options of [
      { goal: 'speed' },
      { goal: -1 },
      { goal: NaN },
      { waitTargetMs: 0 },
      { intervalMs: 0 },
      { idleMs: -1 },
      { beta: 1 },
      { goal: 'toString' },
    ])
      assert.throws(() => adaptive(options as never), { code: 'ERR_OPTION' }, JSON.stringify(options));
  });

  it('gives a whole number within the limits and finite terms, whatever it sees and in whatever order', () => {
    fc.assert(
      fc.property(fc.array(anySignals, { minLength: 1, maxLength: 20 }), (all) => {
        const tell = story();
        for (const seen of all) {
          const { target, terms } = tell(seen);
          assert.ok(Number.isInteger(target), `target ${target}`);
          assert.ok(target >= Math.min(seen.min, seen.workers) && target <= Math.max(seen.max, seen.workers));
          for (const [name, value] of Object.entries(terms ?? {})) assert.ok(Number.isFinite(value), `${name} is ${value}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});
