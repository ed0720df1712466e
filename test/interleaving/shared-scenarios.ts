/** What two threads do with shared objects in the interleaving test. The objects are the real ones; only the host is a double. */
import { compareExchange, store } from '../../src/runtime/atomics.js';
import { AsyncWaiters } from '../../src/shared/async-waiters.js';
import { Barrier } from '../../src/shared/barrier.js';
import { Channel } from '../../src/shared/channel.js';
import { Condition } from '../../src/shared/condition.js';
import { Latch } from '../../src/shared/latch.js';
import { Mutex } from '../../src/shared/mutex.js';
import { createRangeControl, runShare } from '../../src/shared/range-share.js';
import { RwLock } from '../../src/shared/rw-lock.js';
import { Semaphore } from '../../src/shared/semaphore.js';
import { allocate, pointWord, stateWord } from '../../src/shared/shared-object.js';
import { WaitPoint } from '../../src/shared/wait-point.js';
import { DEATH_SCENARIOS } from './shared-deaths.js';
import { both, CLASHES, EACH, INSIDE, OTHER, VISITS, type SharedScenario, type Stage } from './shared-stage.js';

/** A visit to where only one may be at a time. */
function visit({ notes, step }: Stage): void {
  notes[INSIDE]!++;
  step();
  if (notes[INSIDE] !== 1) notes[CLASHES]!++;
  notes[VISITS]!++;
  notes[INSIDE]!--;
}

function visitsAlone(expected: number): (notes: Int32Array) => string | undefined {
  return (notes) => {
    if (notes[CLASHES] !== 0) return 'two were inside at once';
    return notes[VISITS] === expected ? undefined : `${notes[VISITS]} visits, expected ${expected}`;
  };
}

function mutexOf({ memories }: Stage): Mutex {
  return Mutex.from({ type: 'mutex', memory: memories[0]! });
}

function lockAndVisit(rounds: number): (stage: Stage) => void {
  return (stage) => {
    const mutex = mutexOf(stage);
    for (let round = 0; round < rounds; round += 1) mutex.runSync(() => visit(stage));
  };
}

function lockAndDie(stage: Stage): void {
  mutexOf(stage).lockSync();
  stage.die();
}

/** Takes the lock of the dead, or was there before. */
function lockAfterDeath(stage: Stage): void {
  const mutex = mutexOf(stage);
  try {
    mutex.runSync(() => undefined);
    mutex.runSync(() => undefined);
    stage.notes[OTHER] = 1;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_POISONED') throw error;
    mutex.lockSync({ acceptPoisoned: true }).unlock();
    mutex.clearPoison();
    mutex.runSync(() => undefined);
    stage.notes[OTHER] = 2;
  }
}

function acquireAndVisit(stage: Stage): void {
  const semaphore = Semaphore.from({ type: 'semaphore', memory: stage.memories[0]! });
  for (let round = 0; round < 2; round += 1) semaphore.runSync(() => visit(stage));
}

function writeAndVisit(stage: Stage): void {
  const lock = RwLock.from({ type: 'rw-lock', memory: stage.memories[0]! });
  const guard = lock.writeSync();
  visit(stage);
  guard.unlock();
}

function readAndVisit(stage: Stage): void {
  const lock = RwLock.from({ type: 'rw-lock', memory: stage.memories[0]! });
  for (let round = 0; round < 2; round += 1) {
    const guard = lock.readSync();
    visit(stage);
    guard.unlock();
  }
}

function awaitReady(stage: Stage): void {
  const mutex = mutexOf(stage);
  const condition = Condition.from({ type: 'condition', memory: stage.memories[1]! });
  const guard = mutex.lockSync();
  while (stage.notes[OTHER] === 0) condition.waitSync(guard);
  visit(stage);
  guard.unlock();
}

function makeReady(stage: Stage): void {
  const mutex = mutexOf(stage);
  const condition = Condition.from({ type: 'condition', memory: stage.memories[1]! });
  mutex.runSync(() => {
    stage.notes[OTHER] = 1;
    visit(stage);
    condition.notify();
  });
}

const MESSAGES = 4;
/** Two of them fill the ring. */
const PADDING = 'x'.repeat(20);

function sendAll(stage: Stage): void {
  const channel = Channel.from<string>({ type: 'channel', memory: stage.memories[0]! });
  for (let message = 0; message < MESSAGES; message += 1) channel.sendSync(`${message}${PADDING}`);
  channel.close();
}

function receiveAll(stage: Stage): void {
  const channel = Channel.from<string>({ type: 'channel', memory: stage.memories[0]! });
  let expected = 0;
  for (const message of channel) {
    if (message !== `${expected}${PADDING}`) stage.notes[CLASHES]!++;
    expected += 1;
  }
  stage.notes[VISITS] = expected;
}

/** Each sends and receives: both compete on both sides. */
function exchange(stage: Stage): void {
  const channel = Channel.from<number>({ type: 'channel', memory: stage.memories[0]! });
  channel.sendSync(stage.me);
  stage.notes[EACH + channel.receiveSync()]!++;
}

function takeChunks(stage: Stage): void {
  const fn = (start: unknown, end: unknown): void => {
    for (let at = start as number; at < (end as number); at += 1) stage.notes[EACH + at]!++;
  };
  void runShare(fn, [stage.memories[0]!, { length: 12, chunk: 0, shares: 2 }]);
}

function meet(rounds: number): (stage: Stage) => void {
  return (stage) => {
    const barrier = Barrier.from({ type: 'barrier', memory: stage.memories[0]! });
    for (let round = 1; round <= rounds; round += 1) {
      stage.notes[EACH + stage.me] = round;
      if (barrier.waitSync()) stage.notes[VISITS]!++;
      if (stage.notes[EACH + 1 - stage.me]! < round) stage.notes[CLASHES]!++;
    }
  };
}

/** Waits on the event loop, for a word that the claim swaps from 0 to 1. */
function awaitTurn(stage: Stage): void {
  const words = new Int32Array(stage.memories[0]!);
  const state = stateWord(1);
  const point = new WaitPoint(words, pointWord(0));
  const waiters = new AsyncWaiters(point);
  let served = 0;
  for (let waiter = 0; waiter < 2; waiter += 1) {
    const claim = { what: 'test', attempt: () => compareExchange(words, state, 0, 1) === 0, owner: () => 0, giveUp: () => undefined };
    waiters.enter(claim, () => {
      visit(stage);
      served += 1;
      store(words, state, 0);
      point.changed();
    });
  }
  stage.loop.turnUntil(() => served === 2);
}

export const SHARED_SCENARIOS: readonly SharedScenario[] = [
  {
    name: 'two lock a mutex',
    switchesMax: 3,
    create: () => [new Mutex().memory],
    play: both(lockAndVisit(1)),
    verdict: visitsAlone(2),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-announcement', /deadlock/],
      ['late-announcement', /deadlock/],
      ['no-wake', /deadlock/],
      ['plain-claim', /two were inside|failed/],
    ],
  },
  { name: 'two lock a mutex twice', switchesMax: 2, create: () => [new Mutex().memory], play: both(lockAndVisit(2)), verdict: visitsAlone(4), finds: [] },
  {
    name: 'the holder of a mutex dies',
    switchesMax: 3,
    create: () => [new Mutex().memory],
    play: [lockAfterDeath, lockAndDie],
    verdict: (notes) => (notes[OTHER] === 0 ? 'the lock was not to be had' : undefined),
    finds: [['no-wake', /deadlock/]],
  },
  {
    name: 'two share one permit',
    switchesMax: 2,
    create: () => [new Semaphore(1).memory],
    play: both(acquireAndVisit),
    verdict: visitsAlone(4),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-announcement', /deadlock/],
      ['plain-claim', /two were inside/],
    ],
  },
  {
    name: 'one writes, the other reads twice',
    switchesMax: 3,
    create: () => [new RwLock({ readersMax: 2 }).memory],
    play: [writeAndVisit, readAndVisit],
    verdict: visitsAlone(3),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-wake', /deadlock/],
    ],
  },
  {
    name: 'two write',
    switchesMax: 3,
    create: () => [new RwLock({ readersMax: 2 }).memory],
    play: both(writeAndVisit),
    verdict: visitsAlone(2),
    finds: [
      ['plain-claim', /two were inside|failed/],
      ['no-announcement', /deadlock/],
    ],
  },
  {
    name: 'one waits for a condition that the other makes true',
    switchesMax: 3,
    create: () => [new Mutex().memory, new Condition({ waitersMax: 2 }).memory],
    play: [awaitReady, makeReady],
    verdict: visitsAlone(2),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-announcement', /deadlock/],
      ['no-wake', /deadlock/],
    ],
  },
  {
    name: 'one sends more than fits, the other receives',
    switchesMax: 2,
    create: () => [new Channel({ capacity: 64 }).memory],
    play: [receiveAll, sendAll],
    verdict: (notes) => (notes[VISITS] === MESSAGES && notes[CLASHES] === 0 ? undefined : `received ${notes[VISITS]}, ${notes[CLASHES]} of them out of order`),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-announcement', /deadlock/],
    ],
  },
  {
    name: 'two send and receive',
    switchesMax: 2,
    create: () => [new Channel({ capacity: 64 }).memory],
    play: both(exchange),
    verdict: (notes) => (notes[EACH] === 1 && notes[EACH + 1] === 1 ? undefined : `received ${notes[EACH]} of one and ${notes[EACH + 1]} of the other`),
    finds: [['plain-claim', /deadlock|received|failed/]],
  },
  {
    name: 'two take chunks of a range',
    switchesMax: 4,
    create: () => [createRangeControl()],
    play: both(takeChunks),
    verdict: (notes) =>
      notes.subarray(EACH, EACH + 12).every((count) => count === 1) ? undefined : `elements were visited ${notes.subarray(EACH, EACH + 12).join()} times`,
    finds: [['plain-add', /elements were visited/]],
  },
  {
    name: 'two meet at a barrier twice',
    switchesMax: 2,
    create: () => [new Barrier(2).memory],
    play: both(meet(2)),
    verdict: (notes) => (notes[CLASHES] === 0 && notes[VISITS] === 2 ? undefined : `${notes[CLASHES]} went on alone, ${notes[VISITS]} came last`),
    finds: [
      ['no-second-look', /deadlock/],
      ['no-announcement', /deadlock/],
      ['plain-claim', /deadlock|went on alone/],
    ],
  },
  {
    name: 'one waits for a latch that the other opens',
    switchesMax: 3,
    create: () => [new Latch(2).memory],
    play: [
      (stage) => Latch.from({ type: 'latch', memory: stage.memories[0]! }).waitSync(),
      (stage) => {
        const latch = Latch.from({ type: 'latch', memory: stage.memories[0]! });
        latch.countDown();
        latch.countDown();
      },
    ],
    verdict: () => undefined,
    finds: [
      ['no-announcement', /deadlock/],
      ['late-announcement', /deadlock/],
      ['no-wake', /deadlock/],
    ],
  },
  {
    name: 'two in line on one event loop compete with two on another',
    switchesMax: 3,
    create: () => [allocate(1, 1)],
    play: both(awaitTurn),
    verdict: visitsAlone(4),
    finds: [
      ['no-announcement', /deadlock/],
      ['no-wake', /deadlock/],
      ['plain-claim', /two were inside|visits/],
    ],
  },
];

/** Also those of `shared-deaths.ts`: a scenario is known to both threads by its place here. */
export const ALL_SCENARIOS: readonly SharedScenario[] = [...SHARED_SCENARIOS, ...DEATH_SCENARIOS];
