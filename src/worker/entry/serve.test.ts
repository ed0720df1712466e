import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../errors.js';
import { deferred } from '../../runtime/deferred.js';
import { CANCEL_BY_CALLER, CANCEL_NONE, FLAG_NOTIFY_START, FLAG_URGENT } from '../../transport/protocol.js';
import type { CancelCode, TaskFrame, WorkerFrame } from '../../transport/protocol.js';
import type { WorkerEnd } from '../../transport/transport.js';
import { context } from '../door.js';
import { inspectModule } from './load-module.js';
import { ServeLoop } from './serve.js';

/** A worker's end that writes down what is sent: frames in order, `|` for a flush that had something to send. */
class RecordingEnd implements WorkerEnd {
  readonly sent: string[] = [];
  readonly frames: WorkerFrame[] = [];
  readonly codes = new Map<number, CancelCode>();
  closed = false;
  /** `:` for each time that replies are shown. */
  showsReplies = false;
  /** Whether the pool looks by itself. */
  looked = false;

  sendResult(slot: number, value: unknown): void {
    this.sent.push(`${slot}=${String(value)}`);
  }

  sendError(slot: number): void {
    this.sent.push(`${slot}!`);
  }

  send(frame: WorkerFrame): void {
    this.frames.push(frame);
    this.sent.push(frame.type);
  }

  hasMore(): boolean {
    return false;
  }

  show(isDue: boolean): boolean {
    if (isDue && !this.looked) return false;
    if (this.showsReplies && this.sent.at(-1) !== ':') this.sent.push(':');
    return this.showsReplies;
  }

  flush(): void {
    if (this.sent.length > 0 && this.sent.at(-1) !== '|') this.sent.push('|');
  }

  begin(): boolean {
    return true;
  }

  cancelCode(slot: number): CancelCode {
    return this.codes.get(slot) ?? CANCEL_NONE;
  }

  close(): void {
    this.closed = true;
  }

  /** What was sent since the last call. */
  take(): string {
    return this.sent.splice(0).join(' ');
  }
}

interface Setup {
  readonly end: RecordingEnd;
  readonly loop: ServeLoop;
  readonly ended: string[];
  /** Moves the loop's clock. */
  pass(ms: number): void;
}

function serve(functions: Record<string, unknown>, options: { concurrency?: number; readsAtFlush?: boolean } = {}): Setup {
  let nowMs = 0;
  const end = new RecordingEnd();
  const ended: string[] = [];
  const loop = new ServeLoop(
    {
      workerId: 'w-1',
      taskIdPrefix: 'p',
      concurrency: options.concurrency ?? 1,
      streamCredit: 4,
      heapBytesMax: 0,
      heapGrowthBytesMax: 0,
      readsAtFlush: options.readsAtFlush ?? false,
      pid: 1,
      threadId: 0,
      osThreadId: 0,
      onEnd: (cause) => void ended.push(cause),
      now: () => nowMs,
    },
    () => end,
  );
  loop.begin(inspectModule(functions));
  end.take();
  return { end, loop, ended, pass: (ms) => (nowMs += ms) };
}

function task(slot: number, name: string, args: readonly unknown[] = [], flags = 0): TaskFrame {
  return { slot, name, args, transfer: undefined, sequence: slot, attempt: 1, flags, deadlineEpochMs: 0, givenCorrelationId: undefined };
}

/** Lets all microtasks run, and one round of `setImmediate`. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('ServeLoop', { timeout: 180_000 }, () => {
  it('sends the replies of quick functions in one flush', async () => {
    const { end, loop } = serve({ quick: (value: number) => value });
    loop.onTask(task(0, 'quick', [7]));
    await turn();
    assert.equal(end.take(), '0=7 |');
    for (let slot = 0; slot < 5; slot += 1) loop.onTask(task(slot, 'quick', [slot]));
    await turn();
    assert.equal(end.take(), '0=0 1=1 2=2 3=3 4=4 |');
  });

  it('sends the replies it has before it calls a function that was slow the last time', async () => {
    const { end, loop, pass } = serve({ quick: (value: number) => value, slow: () => void pass(1) });
    for (const name of ['quick', 'slow']) loop.onTask(task(0, name, [1]));
    await turn();
    end.take();
    loop.onTask(task(0, 'quick', [1]));
    loop.onTask(task(1, 'quick', [1]));
    loop.onTask(task(2, 'slow'));
    loop.onTask(task(3, 'quick', [1]));
    await turn();
    assert.equal(end.take(), '0=1 1=1 | 2=undefined | 3=1 |');
  });

  /** Runs `slow`, which takes `ms`, once, and then hands over eight of them. */
  async function eightSlowOnes(ms: number, { concurrency = 1, looked = false } = {}): Promise<string> {
    const { end, loop, pass } = serve({ slow: () => void pass(ms) }, { concurrency });
    end.showsReplies = true;
    end.looked = looked;
    loop.onTask(task(8, 'slow'));
    await turn();
    end.take();
    for (let slot = 0; slot < 8; slot += 1) loop.onTask(task(slot, 'slow'));
    for (let turns = 0; turns < 8; turns += 1) await turn();
    return end.take().replaceAll('=undefined', '');
  }

  it('shows replies, and sends them some at a time, while it has enough to do', async () => {
    assert.equal(await eightSlowOnes(0.75), '0 : 1 : 2 | 3 : 4 : 5 | 6 | 7 |');
  });

  it('shows more of them while the pool looks by itself', async () => {
    assert.equal(await eightSlowOnes(0.75, { looked: true }), '0 : 1 : 2 : 3 | 4 : 5 : 6 | 7 |');
  });

  it('sends each reply before the next function when that takes long, or not only one executes at once', async () => {
    for (const sent of await Promise.all([eightSlowOnes(2.5), eightSlowOnes(0.75, { concurrency: 2 })])) assert.equal(sent, '0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |');
  });

  it('says that a function is about to be called before it calls it', async () => {
    const seen: string[] = [];
    const { end, loop } = serve({ look: () => void seen.push(end.take()) });
    loop.onTask(task(0, 'look', [], FLAG_NOTIFY_START));
    await turn();
    assert.deepEqual([seen, end.take()], [['started |'], '0=undefined |']);
  });

  it('gathers the replies of asynchronous functions of one turn', async () => {
    const { end, loop } = serve({ later: async (value: number) => Promise.resolve(value) });
    for (let slot = 0; slot < 4; slot += 1) loop.onTask(task(slot, 'later', [slot]));
    await turn();
    end.take();
    for (let slot = 0; slot < 4; slot += 1) loop.onTask(task(slot, 'later', [slot]));
    await turn();
    assert.equal(end.take(), '0=0 1=1 2=2 3=3 |');
  });

  it('sends an object before other code can change it, where the transport reads late', async () => {
    const shared = { toString: () => 'shared' };
    const { end, loop } = serve({ share: () => shared }, { readsAtFlush: true });
    for (let slot = 0; slot < 3; slot += 1) loop.onTask(task(slot, 'share'));
    await turn();
    assert.equal(end.take(), '0=shared | 1=shared | 2=shared |');
  });

  it('gives the event loop a turn between long runs of functions', async () => {
    const order: string[] = [];
    const { end, loop, pass } = serve({
      busy: () => {
        pass(3);
        order.push('busy');
      },
    });
    for (let slot = 0; slot < 4; slot += 1) loop.onTask(task(slot, 'busy'));
    setImmediate(() => order.push('turn'));
    await turn();
    await turn();
    await turn();
    assert.deepEqual(order, ['busy', 'busy', 'turn', 'busy', 'busy']);
    assert.equal(end.take().split('|').length, 5);
  });

  it('lets a burst of progress leave at once and the rest within the turn', async () => {
    const { end, loop } = serve({
      chatty: (count: number) => {
        for (let value = 0; value < count; value += 1) context().progress(value);
      },
    });
    loop.onTask(task(0, 'chatty', [100]));
    await turn();
    const flushes = end.take().split('|').length - 1;
    assert.ok(flushes >= 16 && flushes <= 20, `${flushes} flushes`);
  });

  it('answers a cancelled task that waits without calling it', async () => {
    const gate = deferred<void>();
    const called: number[] = [];
    const { end, loop } = serve({ wait: (value: number) => (called.push(value), gate.promise) });
    for (let slot = 0; slot < 3; slot += 1) loop.onTask(task(slot, 'wait', [slot]));
    await turn();
    loop.onFrame({ type: 'cancel', slot: 1, code: CANCEL_BY_CALLER });
    await turn();
    assert.equal(end.take(), '1! |');
    gate.resolve();
    await turn();
    assert.deepEqual([called, end.take()], [[0, 2], '0=undefined 2=undefined |']);
  });

  it('does not call a task whose cancel word is raised', async () => {
    const called: number[] = [];
    const { end, loop } = serve({ note: (value: number) => void called.push(value) });
    end.codes.set(0, CANCEL_BY_CALLER);
    loop.onTask(task(0, 'note', [0]));
    loop.onTask(task(1, 'note', [1]));
    await turn();
    assert.deepEqual([called, end.take().replaceAll('| ', '')], [[1], '0! 1=undefined |']);
  });

  it('keeps the context of a running task when others are cancelled or urgent', async () => {
    const gate = deferred<void>();
    const { end, loop } = serve({
      hold: async () => {
        await gate.promise;
        return context().taskName;
      },
      urgent: () => context().taskName,
    });
    loop.onTask(task(0, 'hold'));
    loop.onTask(task(1, 'hold'));
    await turn();
    loop.onFrame({ type: 'cancel', slot: 1, code: CANCEL_BY_CALLER });
    loop.onTask(task(2, 'urgent', [], FLAG_URGENT));
    await turn();
    gate.resolve();
    await turn();
    assert.equal(end.take(), '1! 2=urgent | 0=hold |');
  });

  it('answers pings and arguments that could not be decoded', async () => {
    const { end, loop } = serve({});
    loop.onFrame({ type: 'ping' });
    assert.equal(end.take(), 'pong |');
    loop.onUndecodable(4, new MillraceError('ERR_PROTOCOL', 'nonsense'));
    await turn();
    assert.equal(end.take(), '4! |');
  });

  it('says who was executing in its last words, once', async () => {
    const gate = deferred<void>();
    const { end, loop } = serve({ wait: () => gate.promise });
    loop.onTask(task(3, 'wait'));
    await turn();
    loop.crash({ error: new Error('gone') });
    loop.crash(undefined);
    assert.deepEqual(
      end.frames.filter((frame) => frame.type === 'crash').map((frame) => frame.slot),
      [3],
    );
    assert.equal(end.sent.at(-1), '|');
  });

  it('ends once, when it is told to or when the pool is gone', async () => {
    const stopped = serve({});
    stopped.loop.onFrame({ type: 'stop' });
    await turn();
    stopped.loop.onClose();
    assert.deepEqual([stopped.ended, stopped.end.take(), stopped.end.closed], [['stopped'], 'stopped |', true]);
    const orphan = serve({});
    orphan.loop.onClose();
    assert.deepEqual(orphan.ended, ['disconnected']);
  });

  it('refuses to start when what it would tell of the module cannot cross', () => {
    const { end, loop, ended } = serve({});
    loop.onUnsentFrame(
      { type: 'ready', functions: [], hooks: { start: false, stop: false, healthCheck: false }, pid: 1, threadId: 0, osThreadId: 0 },
      new MillraceError('ERR_VALUE_NOT_CLONEABLE', 'no'),
    );
    assert.deepEqual([end.take(), ended], ['start-failed |', ['stopped']]);
  });
});
