/** What compiles and what does not: calls of a pool. */
import type { MapOutcome, Pool, Submitter, Task, TaskStream } from 'millrace';
import type { Equal, Holds } from './equal.js';
import { value } from './equal.js';
import type { Shape } from './fixtures/tasks.js';

type Tasks = typeof import('./fixtures/tasks.js');

export async function runCalls(pool: Pool<Tasks>, shape: Shape): Promise<void> {
  const sum = await pool.run('add', 1, 2);
  const text = await pool.run('describe', shape);
  const stream = await pool.run('count', 3);
  const date = await pool.run('now');
  value<
    Holds<
      [Equal<typeof sum, number>, Equal<typeof text, { readonly text: string }>, Equal<typeof stream, TaskStream<number, string>>, Equal<typeof date, Date>]
    >
  >();
  for await (const each of stream) value<Holds<[Equal<typeof each, number>]>>();
  await pool.run('describe', shape, 'sides');
  await pool.run('pad', 'a');
  await pool.run('pad', 'a', 8);
  await pool.run('sum', 1, 2, 3);
  await pool.run('default', 'a');

  // @ts-expect-error -- no such function
  await pool.run('subtract', 1, 2);
  // @ts-expect-error -- the worker definition is not a task function
  await pool.run('worker');
  // @ts-expect-error -- a constant is not a task function
  await pool.run('version');
  // @ts-expect-error -- a class is not a task function
  await pool.run('Shape');
  // @ts-expect-error -- wrong type of argument
  await pool.run('add', 1, '2');
  // @ts-expect-error -- too few arguments
  await pool.run('add', 1);
  // @ts-expect-error -- too many arguments
  await pool.run('add', 1, 2, 3);
  // @ts-expect-error -- too many arguments for a function without any
  await pool.run('now', 1);
  // @ts-expect-error -- one wrong among the rest arguments
  await pool.run('sum', 1, '2');
  // @ts-expect-error -- the result is a number
  (await pool.run('add', 1, 2)).toUpperCase();
  // @ts-expect-error -- a promise is not yet its result
  pool.run('add', 1, 2).toFixed();
  // @ts-expect-error -- a stream is no array
  (await pool.run('count', 3)).map((each: number) => each);
}

export async function submitCalls(pool: Pool<Tasks>, signal: AbortSignal): Promise<void> {
  const task = pool.submit('add', [1, 2], { priority: 'high', signal, timeout: '5s', deadline: 100, delay: '1m', retry: 3 });
  value<Holds<[Equal<typeof task, Task<number>>]>>();
  pool.submit('now', []);
  pool.submit('add', [1, 2], {
    retry: { attempts: 3, backoff: (attempt, error) => (error instanceof Error ? attempt : 0), retryIf: (_error, attempt) => attempt < 2 },
  });

  // @ts-expect-error -- arguments are a list
  pool.submit('add', 1, 2);
  // @ts-expect-error -- too few arguments
  pool.submit('add', [1]);
  // @ts-expect-error -- too many arguments
  pool.submit('now', [1]);
  // @ts-expect-error -- no such option
  pool.submit('add', [1, 2], { prioritty: 'high' });
  // @ts-expect-error -- no such unit of time
  pool.submit('add', [1, 2], { timeout: '5 weeks' });
  // @ts-expect-error -- not an AbortSignal
  pool.submit('add', [1, 2], { signal: new AbortController() });
  // @ts-expect-error -- no such backoff
  pool.submit('add', [1, 2], { retry: { backoff: 'linear' } });
  // @ts-expect-error -- the state is read, not written
  task.state = 'CANCELLED';
  // @ts-expect-error -- no such state
  if (task.state === 'DONE') task.cancel();
}

export async function mapCalls(pool: Pool<Tasks>, texts: AsyncIterable<string>): Promise<void> {
  for await (const each of pool.map('length', ['a', 'b'])) value<Holds<[Equal<typeof each, number>]>>();
  for await (const each of pool.map('length', texts, { ordered: false, concurrency: 8 })) value<Holds<[Equal<typeof each, number>]>>();
  for await (const each of pool.map('pad', new Set(['a']))) value<Holds<[Equal<typeof each, string>]>>();
  for await (const each of pool.map('sum', [1, 2])) value<Holds<[Equal<typeof each, number>]>>();
  for await (const each of pool.map('length', texts, { onError: 'settle' })) {
    value<Holds<[Equal<typeof each, MapOutcome<number, string>>]>>();
    if (each.status === 'fulfilled') value<Holds<[Equal<typeof each.value, number>, Equal<typeof each.input, string>]>>();
    else value<Holds<[Equal<typeof each.reason, unknown>, Equal<typeof each.index, number>]>>();
  }

  // @ts-expect-error -- wrong type of input
  pool.map('length', [1, 2]);
  // @ts-expect-error -- not an iterable
  pool.map('length', 42);
  // @ts-expect-error -- no such function
  pool.map('lengths', ['a']);
  // @ts-expect-error -- a function that needs two arguments has nothing to do with one input
  pool.map('add', [1, 2]);
  // @ts-expect-error -- no such way
  pool.map('length', ['a'], { onError: 'ignore' });
  // @ts-expect-error -- no such option
  pool.map('length', ['a'], { order: true });
}

export async function broadcastCalls(pool: Pool<Tasks>): Promise<void> {
  const dates = await pool.broadcast('now');
  value<Holds<[Equal<typeof dates, Date[]>]>>();

  // @ts-expect-error -- no such function
  await pool.broadcast('reload');
  // @ts-expect-error -- too few arguments
  await pool.broadcast('add', 1);
}

export async function viewCalls(pool: Pool<Tasks>): Promise<void> {
  const view = pool.with({ priority: 'low' }).with({ timeout: '1s' });
  const sum = await view.run('add', 1, 2);
  value<Holds<[Equal<typeof view, Submitter<Tasks>>, Equal<typeof sum, number>]>>();

  // @ts-expect-error -- no such function
  await view.run('subtract', 1, 2);
  // @ts-expect-error -- no such option
  pool.with({ ordered: false });
  // @ts-expect-error -- a view submits; closing is the pool's
  await view.close();
}
