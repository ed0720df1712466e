/** One pool under load: faults, changes between them, and an end; then its journal is judged. */
import { rmSync } from 'node:fs';
import { createPool } from 'millrace';
import type { CloseReport, Pool, PoolOptions, WorkerInfo } from 'millrace';
import { Ledger } from './ledger.js';
import type { Tasks } from './ledger.js';
import { keepLoaded } from './load.js';
import type { Change, Episode, Fault } from './plan.js';
import { Recovery } from './recovery.js';
import type { Gap } from './recovery.js';

/** Limits for a step, so that what hangs is said to hang (ms). */
const STEP_MS_MAX = 60_000;
/** Time a function has that is to be stopped by force. */
const STUCK_MS = 100;
/** Small, so that running out of it does not take long. */
const HEAP_MB = 24;

export interface EpisodeReport {
  readonly episode: Episode;
  /** For each fault of the plan what went wrong with it; `undefined` when nothing did. */
  readonly faults: readonly { readonly name: string; readonly problem: string | undefined }[];
  /** What the journal says against the pool. */
  readonly violations: readonly string[];
  readonly tasks: number;
  readonly gaps: readonly Gap[];
}

export async function playEpisode(episode: Episode, journal: string): Promise<EpisodeReport> {
  const pool = createPool<Tasks>(new URL('./tasks.js', import.meta.url), poolOptions(episode));
  const play = new Play(episode, pool, journal);
  try {
    return await play.run();
  } finally {
    await pool.terminate();
    rmSync(journal, { force: true });
  }
}

function poolOptions({ kind, size, concurrency }: Episode): PoolOptions {
  return {
    name: `chaos-${kind}`,
    worker: kind,
    size,
    concurrency,
    queue: { max: Infinity },
    cancelGrace: 250,
    deadLetters: 100,
    ...(kind === 'process' ? { execArgv: [`--max-old-space-size=${HEAP_MB}`] } : {}),
  };
}

class Play {
  readonly #episode: Episode;
  readonly #pool: Pool<Tasks>;
  readonly #ledger: Ledger;
  readonly #recovery: Recovery;

  constructor(episode: Episode, pool: Pool<Tasks>, journal: string) {
    this.#episode = episode;
    this.#pool = pool;
    this.#ledger = new Ledger(pool, journal);
    this.#recovery = new Recovery(pool, episode.size);
  }

  async run(): Promise<EpisodeReport> {
    const episode = this.#episode;
    await within(STEP_MS_MAX, 'the pool has all its workers', this.#recovery.whole());
    this.#recovery.gaps.length = this.#recovery.late.length = 0;
    const load = keepLoaded(this.#ledger, episode);
    const faults: { name: string; problem: string | undefined }[] = [];
    for (const { fault, change } of episode.steps) {
      const problem = await this.#survive(fault);
      faults.push({ name: fault.name, problem: problem ?? (await this.#live(change)) });
    }
    load.stop();
    const report = await within(STEP_MS_MAX, `the pool is closed (${episode.ending})`, this.#end());
    await within(STEP_MS_MAX, 'all tasks have settled', load.ended);
    const violations = [...this.#ledger.judge(report, episode.ending !== 'drain'), ...this.#recovery.late];
    return { episode, faults, violations, tasks: this.#ledger.size, gaps: this.#recovery.gaps };
  }

  #live(change: Change): Promise<string | undefined> {
    return problemOf(within(STEP_MS_MAX, `a change (${change.name}) is made`, this.#change(change)));
  }

  async #survive(fault: Fault): Promise<string | undefined> {
    return await problemOf(
      (async () => {
        await within(STEP_MS_MAX, `the fault ${fault.name} has come to its end`, this.#strike(fault));
        await within(STEP_MS_MAX, `the pool has its workers again after ${fault.name}`, this.#recovery.whole());
      })(),
    );
  }

  /** Resolves when the fault has done what it does. */
  async #strike(fault: Fault): Promise<void> {
    if (fault.name === 'stall') return this.#stall(fault.ms);
    if (fault.name === 'sigkill') return await this.#kill(fault);
    if (fault.name === 'sigstop') return await this.#pause(fault);
    const isStuck = fault.name === 'loop' || fault.name === 'hang' || fault.name === 'native';
    const { settled } = this.#ledger.submit({
      name: 'misbehave',
      args: fault.name === 'badArgument' ? [fault.name, 0, () => 1] : [fault.name, fault.ms],
      options: { timeout: isStuck ? STUCK_MS : STEP_MS_MAX, retry: { attempts: fault.attempts, backoff: 0 } },
      attemptsMax: fault.attempts,
      mayFail: true,
    });
    await settled;
  }

  #stall(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    this.#recovery.stalled(ms);
  }

  async #kill(fault: Fault): Promise<void> {
    const victim = this.#victim(fault);
    if (victim === undefined || !signal(victim, 'SIGKILL')) return;
    while (this.#recovery.isReady(victim.id)) await this.#recovery.change();
  }

  async #pause(fault: Fault): Promise<void> {
    const victim = this.#victim(fault);
    if (victim === undefined || !signal(victim, 'SIGSTOP')) return;
    await passed(fault.ms);
    signal(victim, 'SIGCONT');
  }

  #victim({ victim }: Fault): WorkerInfo | undefined {
    const ready = this.#pool.workers.filter(({ id }) => this.#recovery.isReady(id));
    return ready[Math.floor(victim * ready.length)];
  }

  async #change(change: Change): Promise<void> {
    const pool = this.#pool;
    if (change.name === 'resize') {
      this.#recovery.target = change.size;
      pool.resize(change.size);
    } else if (change.name === 'add') {
      this.#recovery.target += change.count;
      await pool.addWorker(change.count);
    } else if (change.name === 'remove' && this.#recovery.target > change.count) {
      this.#recovery.target -= change.count;
      await pool.removeWorker(change.count);
    } else if (change.name === 'recycle') await pool.recycleWorkers();
    else if (change.name === 'broadcast') await pool.broadcast('where').catch(() => undefined);
    else if (change.name === 'pause') {
      pool.pause();
      await passed(20);
      pool.resume();
    }
    await this.#recovery.whole();
  }

  #end(): Promise<CloseReport> {
    const { ending } = this.#episode;
    this.#recovery.target = 0;
    return ending === 'terminate' ? this.#pool.terminate() : this.#pool.close({ timeout: ending === 'drain' ? STEP_MS_MAX : 30 });
  }
}

/** Whether the process was there to get it. */
function signal({ pid }: WorkerInfo, name: NodeJS.Signals): boolean {
  try {
    return pid !== undefined && process.kill(pid, name);
  } catch {
    return false;
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function problemOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Rejects when `what` is not the case within the limit. */
async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not after ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
