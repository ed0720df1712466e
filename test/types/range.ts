/** What compiles and what does not: ranges and shared objects. */
import type { Pool } from 'millrace';
import { Mutex, Semaphore, SharedArray } from 'millrace/shared';
import type { Channel } from 'millrace/shared';
import type { Equal, Holds } from './equal.js';
import { value } from './equal.js';
import type * as tasks from './fixtures/range-tasks.js';

type Tasks = typeof tasks;

export async function ranges(pool: Pool<Tasks>): Promise<void> {
  const array = new SharedArray(Float64Array, 4);
  const scaled = await pool.range('scale', 4, {}, array);
  const totals = await pool.range('total', 4, { chunk: 2, priority: 'high', timeout: '5s' }, array, new Mutex());
  const total = await pool.range('total', 4, { reduce: (a, b) => a + b }, array);
  const ticks = await pool.range('tick', 4);
  value<Holds<[Equal<typeof scaled, void[]>, Equal<typeof totals, bigint[]>, Equal<typeof total, bigint | undefined>, Equal<typeof ticks, string[]>]>>();

  // @ts-expect-error -- the array is missing
  await pool.range('scale', 4);
  // @ts-expect-error -- wrong type of argument
  await pool.range('scale', 4, {}, array, '2');
  // @ts-expect-error -- a semaphore is no mutex
  await pool.range('total', 4, {}, array, new Semaphore(1));
  // @ts-expect-error -- its first argument is not a bound
  await pool.range('greet', 4);
  // @ts-expect-error -- no such option
  await pool.range('tick', 4, { retry: 3 });
  // @ts-expect-error -- the results are big integers
  await pool.range('total', 4, { reduce: (a: number, b: number) => a + b }, array);
}

export async function shared(channel: Channel<string>): Promise<void> {
  const array = new SharedArray(Float64Array, 4);
  const big = SharedArray.of(BigInt64Array, 1n);
  const text = await channel.receive();
  value<Holds<[Equal<typeof array, Float64Array<SharedArrayBuffer>>, Equal<typeof big, BigInt64Array<SharedArrayBuffer>>, Equal<typeof text, string>]>>();
  using guard = await new Mutex().lock({ timeout: '1s' });
  guard.unlock();

  // @ts-expect-error -- the elements are numbers
  SharedArray.of(Float64Array, 1n);
  // @ts-expect-error -- the values are strings
  await channel.send(1);
  // @ts-expect-error -- a blocking call takes no signal
  channel.receiveSync({ signal: AbortSignal.timeout(1) });
}
