/** What one thread does while the other is ended in the middle of its part. */
import { Channel } from '../../src/shared/channel.js';
import { Mutex } from '../../src/shared/mutex.js';
import { RwLock } from '../../src/shared/rw-lock.js';
import { Semaphore } from '../../src/shared/semaphore.js';
import { both, CLASHES, VISITS, type SharedScenario, type Stage } from './shared-stage.js';

/** Survives whatever becomes of the other: takes the lock however it was left, twice. */
function lockRepeatedly(stage: Stage): void {
  const mutex = Mutex.from({ type: 'mutex', memory: stage.memories[0]! });
  for (let round = 0; round < 2; round += 1) {
    const guard = mutex.lockSync({ acceptPoisoned: true });
    stage.notes[VISITS]!++;
    guard.unlock();
  }
}

function readAndWrite(stage: Stage): void {
  const lock = RwLock.from({ type: 'rw-lock', memory: stage.memories[0]! });
  for (const take of [() => lock.readSync({ acceptPoisoned: true }), () => lock.writeSync({ acceptPoisoned: true })]) {
    const guard = take();
    stage.notes[VISITS]!++;
    guard.unlock();
  }
}

function acquireTwice(stage: Stage): void {
  const semaphore = Semaphore.from({ type: 'semaphore', memory: stage.memories[0]! });
  for (let round = 0; round < 2; round += 1) semaphore.runSync(() => void stage.notes[VISITS]!++);
}

/** Sends two and receives until it has these, whatever came between. */
function sendAndReceive(stage: Stage): void {
  const channel = Channel.from<string>({ type: 'channel', memory: stage.memories[0]! });
  for (const message of ['a', 'b']) channel.sendSync(message);
  let own = 0;
  let others = 0;
  while (own < 2) {
    const message = channel.receiveSync();
    if (message === (own === 0 ? 'a' : 'b')) own += 1;
    else if (message === `${others}`) others += 1;
    else stage.notes[CLASHES]!++;
  }
  stage.notes[VISITS] = own;
}

function sendThree(stage: Stage): void {
  const channel = Channel.from<string>({ type: 'channel', memory: stage.memories[0]! });
  for (const message of ['0', '1', '2']) channel.sendSync(message);
}

/** In these the second thread is ended before each of its atomic operations in turn; the first must come to its end. */
export const DEATH_SCENARIOS: readonly SharedScenario[] = [
  { name: 'while it uses a mutex', switchesMax: 2, create: () => [new Mutex().memory], play: both(lockRepeatedly), verdict: atLeastTwo, finds: [] },
  {
    name: 'while it uses a read-write lock',
    switchesMax: 2,
    create: () => [new RwLock({ readersMax: 2 }).memory],
    play: both(readAndWrite),
    verdict: atLeastTwo,
    finds: [],
  },
  { name: 'while it uses the only permit', switchesMax: 2, create: () => [new Semaphore(1).memory], play: both(acquireTwice), verdict: atLeastTwo, finds: [] },
  {
    name: 'while it sends',
    switchesMax: 1,
    create: () => [new Channel({ capacity: 64 }).memory],
    play: [sendAndReceive, sendThree],
    verdict: (notes) => (notes[CLASHES] === 0 ? atLeastTwo(notes) : 'something was received that nobody had sent'),
    finds: [],
  },
];

function atLeastTwo(notes: Int32Array): string | undefined {
  return notes[VISITS]! >= 2 ? undefined : `the survivor got only ${notes[VISITS]} turns`;
}
