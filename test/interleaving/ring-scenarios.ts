/** What the two sides of a ring do in the interleaving test. The code under test is the real one; only the host is a double. */
import { replaceAtomics } from '../../src/runtime/atomics.js';
import type { RingMemory, RingSizes } from '../../src/transport/shared-ring/layout.js';
import { createRingPoolEnd, type RingPoolEnd } from '../../src/transport/shared-ring/pool-end.js';
import { Rechecker } from '../../src/transport/shared-ring/rechecker.js';
import { createRingWorkerEnd } from '../../src/transport/shared-ring/worker-end.js';
import type { TaskFrame } from '../../src/transport/protocol.js';
import { atomicsDouble, deadPort, LoopDouble, type Mutation } from './doubles.js';
import { NOTES, type Party } from './turns.js';

/** Rings that a handful of records fill. */
export const SIZES: RingSizes = { slotsMax: 8, requestBytes: 256, replyBytes: 1024, areaBytes: 256 };

export interface Scenario {
  readonly name: string;
  /** Cores the pool's side believes in: with 1 it always sleeps, with 2 it looks again first. */
  readonly poolCores: number;
  /** The same for the worker's side. */
  readonly workerCores: number;
  /** Forced switches up to which every schedule is run. */
  readonly switchesMax: number;
  /** What the worker answers with. */
  readonly reply: 'at once' | 'a turn later' | 'at length' | 'shown first';
  /** The pool's part. */
  readonly play: (pool: PoolPart) => void;
}

/** The pool's side of a run: sends, takes back, waits, and keeps account. */
export class PoolPart {
  readonly #end: RingPoolEnd;
  readonly #loop: LoopDouble;
  /** Sequences of tasks sent and not taken back, in order. */
  readonly expected: number[] = [];
  readonly answered: number[] = [];
  readonly revoked: number[] = [];
  /** Sequence of the task in each slot. */
  readonly #inSlot: number[] = [];

  constructor(memory: RingMemory, party: Party, scenario: Scenario, mutation: Mutation) {
    this.#loop = new LoopDouble(party);
    replaceAtomics(atomicsDouble(party, this.#loop, mutation));
    const unexpected = (): never => {
      throw new Error('unexpected call');
    };
    const onResult = (slot: number, value: unknown): void => {
      this.answered.push(value === this.#inSlot[slot] || (value as string)[0] === `${this.#inSlot[slot]}` ? this.#inSlot[slot]! : -1);
    };
    const handler = { onResult, onError: unexpected, onFrame: unexpected, onUnsent: unexpected, onClose: unexpected };
    this.#end = createRingPoolEnd(memory, deadPort(), handler, { cores: scenario.poolCores, rechecker: new Rechecker(this.#loop) });
    this.#end.reserves?.(true);
  }

  send(slot: number, sequence: number): void {
    this.#inSlot[slot] = sequence;
    this.expected.push(sequence);
    this.#end.sendTask(taskFrame(slot, sequence));
  }

  flush(): void {
    this.#end.flush();
  }

  revoke(slot: number): boolean {
    if (!this.#end.revoke(slot)) return false;
    const sequence = this.#inSlot[slot]!;
    this.expected.splice(this.expected.indexOf(sequence), 1);
    this.revoked.push(sequence);
    return true;
  }

  /** Lets the event loop turn until `count` tasks were answered. */
  awaitAnswers(count: number): void {
    this.#loop.turnUntil(() => this.answered.length >= count);
  }
}

/** What is wrong after a run; `undefined` for nothing. */
export function verdict(pool: PoolPart, runs: Int32Array): string | undefined {
  for (const sequence of pool.expected) if (runs[sequence] !== 1) return `task ${sequence} ran ${runs[sequence]} times`;
  for (const sequence of pool.revoked) if (runs[sequence] !== 0) return `task ${sequence} was taken back and ran ${runs[sequence]} times`;
  if (pool.answered.join() !== pool.expected.join()) return `answered ${pool.answered.join() || 'nothing'}, expected ${pool.expected.join()}`;
  return undefined;
}

/** The worker's part of every scenario: runs what comes until the pool is done. */
export function playWorker(memory: RingMemory, party: Party, notes: Int32Array, scenario: Scenario, mutation: Mutation): void {
  const loop = new LoopDouble(party);
  replaceAtomics(atomicsDouble(party, loop, mutation));
  const nothing = (): void => undefined;
  const onTask = (task: TaskFrame): void => {
    if (!end.begin(task)) return;
    notes[NOTES + task.sequence]!++;
    const value = scenario.reply === 'at length' ? `${task.sequence}`.repeat(190) : task.sequence;
    const answer = (): void => {
      end.sendResult(task.slot, value, undefined);
      if (scenario.reply === 'shown first') end.show(false);
      end.flush();
    };
    if (scenario.reply === 'a turn later') loop.nextTurn(answer);
    else answer();
  };
  const handler = { onTask, onUndecodable: nothing, onFrame: nothing, onUnsentResult: nothing, onUnsentFrame: nothing, onClose: nothing };
  const end = createRingWorkerEnd(memory, deadPort(), handler, { cores: scenario.workerCores, loop });
  loop.turnUntil(() => party.otherHasFinished);
}

function taskFrame(slot: number, sequence: number): TaskFrame {
  return { slot, name: 'f', args: [], transfer: undefined, sequence, attempt: 1, flags: 0, deadlineEpochMs: 0, givenCorrelationId: undefined };
}

function oneAfterTheOther(pool: PoolPart): void {
  for (const sequence of [1, 2]) {
    pool.send(0, sequence);
    pool.flush();
    pool.awaitAnswers(sequence);
  }
}

export function takeBack(pool: PoolPart): void {
  pool.send(0, 1);
  pool.send(1, 2);
  pool.flush();
  // A slot that was taken back is used again while its first record is still on its way.
  if (pool.revoke(1)) pool.send(1, 3);
  pool.flush();
  pool.revoke(0);
  pool.awaitAnswers(pool.expected.length);
}

function moreThanFits(pool: PoolPart): void {
  for (let sequence = 1; sequence <= 7; sequence += 1) pool.send(sequence, sequence);
  pool.flush();
  pool.awaitAnswers(7);
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'one after the other, both sides park', poolCores: 1, workerCores: 1, switchesMax: 3, reply: 'at once', play: oneAfterTheOther },
  { name: 'one after the other, the pool looks again', poolCores: 2, workerCores: 1, switchesMax: 3, reply: 'at once', play: oneAfterTheOther },
  { name: 'one after the other, the worker spins', poolCores: 1, workerCores: 2, switchesMax: 2, reply: 'at once', play: oneAfterTheOther },
  { name: 'answers come a turn later', poolCores: 1, workerCores: 1, switchesMax: 3, reply: 'a turn later', play: oneAfterTheOther },
  { name: 'answers are shown before the pool is woken', poolCores: 1, workerCores: 1, switchesMax: 3, reply: 'shown first', play: oneAfterTheOther },
  { name: 'tasks are taken back while the worker begins them', poolCores: 1, workerCores: 1, switchesMax: 4, reply: 'at once', play: takeBack },
  { name: 'more tasks than the request ring takes', poolCores: 1, workerCores: 1, switchesMax: 3, reply: 'at once', play: moreThanFits },
  { name: 'replies that fill the reply ring', poolCores: 1, workerCores: 1, switchesMax: 2, reply: 'at length', play: moreThanFits },
];
