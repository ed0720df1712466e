/** What was submitted and became of it, and what was lost with its worker. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { CloseReport, Pool, Task, TaskOptions, TaskStream } from 'millrace';
import { readJournal, violations } from './checker.js';
import type { Entry } from './checker.js';
import { answerOf } from './tasks.js';
import type { Ticket } from './tasks.js';

export type Tasks = typeof import('./tasks.js');

export interface Order {
  readonly name: keyof Tasks & string;
  readonly args: readonly unknown[];
  readonly options: TaskOptions;
  readonly attemptsMax: number;
  readonly mayFail: boolean;
}

export class Ledger {
  readonly #pool: Pool<Tasks>;
  readonly #journal: string;
  readonly #entries: Entry[] = [];
  readonly #holders = new Map<string, string>();
  readonly #lost = new Map<string, number>();

  constructor(pool: Pool<Tasks>, journal: string) {
    this.#pool = pool;
    this.#journal = journal;
    writeFileSync(journal, '');
    pool.on('dispatched', ({ taskId, workerId }) => this.#holders.set(taskId, workerId));
    pool.on('completed', ({ taskId }) => this.#holders.delete(taskId));
    pool.on('workerExit', ({ workerId, reason }) => {
      if (reason !== 'stopped') this.#noteLost(workerId);
    });
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Submits a task and follows it to its end; `settled` never rejects. */
  submit({ name, args, options, attemptsMax, mayFail }: Order): { readonly task: Task; readonly settled: Promise<void> } {
    const ticket: Ticket = { journal: this.#journal, key: this.#entries.length };
    // The names and arguments are drawn: their types are known to whoever draws.
    const task = this.#pool.submit(name as 'quick', [ticket, ...args] as unknown as [Ticket], options) as Task;
    const entry: Entry = {
      key: ticket.key,
      id: task.id,
      name: name === 'misbehave' ? `${name} ${String(args[0])}` : name,
      attemptsMax,
      mayFail,
      settled: 0,
      completed: false,
      right: false,
      code: undefined,
      message: '',
      attempts: 0,
    };
    this.#entries.push(entry);
    return { task, settled: this.#follow(task, entry) };
  }

  /** What does not hold, in words; all tasks must have settled by now. */
  judge(report: CloseReport, cutShort: boolean): string[] {
    const { starts, ends } = readJournal(readFileSync(this.#journal, 'utf8'));
    const returned = new Set(report.returned.map(({ id }) => id));
    const found = violations(this.#entries, { starts, ends, lost: this.#lost, returned, cutShort });
    const { tasks, queue } = this.#pool.stats();
    const outcomes = tasks.completed + tasks.failed + tasks.cancelled + tasks.rejected;
    if (outcomes !== tasks.submitted) found.push(`${tasks.submitted} tasks were submitted and ${outcomes} counted by their outcome`);
    if (tasks.inFlight + queue.depth + queue.delayed + queue.waiting !== 0) found.push(`a closed pool holds tasks: ${JSON.stringify({ tasks, queue })}`);
    if (!cutShort && (report.returned.length > 0 || report.terminated > 0))
      found.push(`a pool that drained returned ${report.returned.length} and terminated ${report.terminated}`);
    return found;
  }

  async #follow(task: Task, entry: Entry): Promise<void> {
    try {
      const result = await task.result;
      entry.completed = true;
      entry.right = await isRight(result, entry);
    } catch (error) {
      const { code, message } = (error ?? {}) as { code?: string; message?: string };
      entry.completed = false;
      entry.code = code;
      entry.message = message ?? String(error);
    }
    entry.settled += 1;
    entry.attempts = task.attempts;
  }

  #noteLost(workerId: string): void {
    for (const [taskId, holder] of this.#holders) if (holder === workerId) this.#lost.set(taskId, (this.#lost.get(taskId) ?? 0) + 1);
  }
}

async function isRight(result: unknown, { key, name }: Entry): Promise<boolean> {
  if (name.startsWith('misbehave')) return true;
  if (name === 'stream') return (await readAll(result as TaskStream<number>)) === answerOf(key);
  if (name !== 'carry') return result === answerOf(key);
  const { answer, payload } = result as { answer: number; payload: Uint8Array };
  return answer === answerOf(key) && payload.every((byte) => byte === (payload.length & 0xff));
}

async function readAll(stream: TaskStream<number>): Promise<unknown> {
  let next = 0;
  for await (const value of stream) if (value !== next++) return NaN;
  return await stream.returned;
}
