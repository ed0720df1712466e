/** What compiles and what does not: options of a pool, definitions in task modules, events. */
import { createPool, defineTask, defineWorker, MillraceError, OptionError, TaskCancelledError } from 'millrace';
import type { ErrorCode, Pool, PoolOptions, PoolStats, ScalingPolicy } from 'millrace';
import type { Equal, Holds } from './equal.js';
import { value } from './equal.js';

type Tasks = typeof import('./fixtures/tasks.js');
const url = new URL('./fixtures/tasks.js', import.meta.url);

export function poolOptions(policy: ScalingPolicy): void {
  const pool = createPool<Tasks>(url, {
    name: 'images',
    worker: 'process',
    size: { min: 1, max: 8 },
    concurrency: 4,
    queue: { max: Infinity, maxBytes: '512mb', whenFull: 'shed-lowest', levels: { urgent: 0, normal: { headStart: '1s', max: 100 } } },
    placement: 'two-choices',
    policy,
    retry: { attempts: 3, backoff: 'decorrelated', maxDelay: '10s' },
    breaker: { errorRate: 0.2, minimum: 5, window: '1m', openFor: '10s' },
    bulkheads: { resize: 2, pdf: { max: 1, queue: 10 } },
    slowWorkers: 'isolate',
    healthTimeout: '1s',
    recycle: { afterTasks: 1000, afterAge: '1h', afterHeap: '256mb' },
    deadLetters: false,
    submitStack: 'auto',
    errors: [RangeError],
  });
  value<Holds<[Equal<typeof pool, Pool<Tasks>>]>>();
  createPool<Tasks>(url, { size: 4 });
  createPool<Tasks>('file:///tasks.js');

  // @ts-expect-error -- the module is needed
  createPool<Tasks>();
  // @ts-expect-error -- no such option
  createPool<Tasks>(url, { workers: 4 });
  // @ts-expect-error -- a breaker has no such option
  createPool<Tasks>(url, { breaker: { errors: 3 } });
  // @ts-expect-error -- a bulkhead needs its size
  createPool<Tasks>(url, { bulkheads: { pdf: { queue: 10 } } });
  // @ts-expect-error -- no such kind of worker
  createPool<Tasks>(url, { worker: 'fiber' });
  // @ts-expect-error -- a size is a number
  createPool<Tasks>(url, { size: '4' });
  // @ts-expect-error -- no such limit
  createPool<Tasks>(url, { size: { maximum: 4 } });
  // @ts-expect-error -- no such policy of a full queue
  createPool<Tasks>(url, { queue: { whenFull: 'block' } });
  // @ts-expect-error -- no such placement
  createPool<Tasks>(url, { placement: 'sticky' });
  // @ts-expect-error -- no such sizing policy
  createPool<Tasks>(url, { policy: 'magic' });
  // @ts-expect-error -- no such unit of time
  createPool<Tasks>(url, { timeout: '30 sec' });
  // @ts-expect-error -- no such unit of size
  createPool<Tasks>(url, { queue: { maxBytes: '1tb' } });
  // @ts-expect-error -- true keeps how many?
  createPool<Tasks>(url, { deadLetters: true });
  // @ts-expect-error -- classes, not instances
  createPool<Tasks>(url, { errors: [new RangeError()] });

  const options: PoolOptions = { size: 1 };
  // @ts-expect-error -- options are read, not written
  options.size = 2;
}

export function definitions(): void {
  const double = defineTask({ timeout: '1s', retry: 3, priority: 'low', breaker: true, bulkhead: { group: 'maths', max: 2 } }, (a: number) => 2 * a);
  value<Holds<[Equal<typeof double, (a: number) => number>]>>();
  defineWorker({ start: ({ workerId, workerData }) => [workerId, workerData], stop: async () => undefined, healthCheck: () => true });

  // @ts-expect-error -- a delay belongs to a call, not to a function
  defineTask({ delay: 5 }, (a: number) => a);
  // @ts-expect-error -- not a function
  defineTask({ timeout: 5 }, 'a');
  // @ts-expect-error -- no such hook
  defineWorker({ setup: () => undefined });
}

export async function poolMethods(pool: Pool<Tasks>): Promise<void> {
  pool.resize({ max: 8 });
  const report = await pool.close({ timeout: '10s' });
  const stats = pool.stats();
  const letters = pool.deadLetters.list({ name: 'add', reason: 'poison' });
  value<Holds<[Equal<typeof stats, PoolStats>, Equal<typeof report.terminated, number>, Equal<(typeof letters)[0]['args'], readonly unknown[]>]>>();

  // @ts-expect-error -- no such reason
  pool.deadLetters.purge({ reason: 'bored' });
  // @ts-expect-error -- workers are looked at, not changed
  pool.workers.length = 0;
  // @ts-expect-error -- no such option
  await pool.close({ grace: 5 });
}

export function events(pool: Pool<Tasks>): void {
  pool
    .on('completed', (event) => value<Holds<[Equal<typeof event.runMs, number>, Equal<typeof event.workerId, string>]>>())
    .once('scaled', (event) => value<Holds<[Equal<typeof event.cause, 'policy' | 'manual' | 'resize'>]>>())
    .on('degraded', ({ on, error }) => value<Holds<[Equal<typeof on, boolean>, Equal<typeof error, Error | undefined>]>>())
    .off('idle', () => undefined);

  // @ts-expect-error -- no such event
  pool.on('finished', () => undefined);
  // @ts-expect-error -- a submission has not run
  pool.on('submitted', ({ runMs }) => runMs);
  // @ts-expect-error -- an event is read, not written
  pool.on('scaled', (event) => (event.to = 1));
}

export function errors(error: unknown): void {
  if (error instanceof MillraceError) value<Holds<[Equal<typeof error.code, ErrorCode>]>>();
  if (error instanceof OptionError) value<Holds<[Equal<typeof error.option, string>]>>();
  if (error instanceof TaskCancelledError) value<Holds<[Equal<typeof error.args, readonly unknown[] | undefined>]>>();
  // @ts-expect-error -- no such code
  if (error instanceof MillraceError && error.code === 'ERR_OOPS') return;
}
