/** What compiles and what does not: fork and join. */
import { fork, join } from 'millrace/worker';
import type { Fork } from 'millrace/worker';
import type { Equal, Holds } from './equal.js';
import { value } from './equal.js';

declare function area(width: number, height?: number): number;
declare function load(path: string): Promise<{ readonly rows: string[] }>;

export async function children(): Promise<void> {
  const one = fork(area, 2, 3);
  const two = fork(load, 'a.csv');
  const three = fork<typeof area>('area', 2);
  const four = fork('anything', 1, 'two');
  value<
    Holds<
      [
        Equal<typeof one, Fork<number>>,
        Equal<typeof two, Fork<{ readonly rows: string[] }>>,
        Equal<typeof three, Fork<number>>,
        Equal<typeof four, Fork<unknown>>,
      ]
    >
  >();
  const single = await join(two);
  const list = await join([one, two, four]);
  const many = await join([1, 2].map((width) => fork(area, width)));
  value<
    Holds<[Equal<typeof single, { readonly rows: string[] }>, Equal<typeof list, [number, { readonly rows: string[] }, unknown]>, Equal<typeof many, number[]>]>
  >();

  // @ts-expect-error -- the width is missing
  fork(area);
  // @ts-expect-error -- wrong type of argument
  fork(load, 1);
  // @ts-expect-error -- the named function takes a number
  fork<typeof area>('area', 'two');
  // @ts-expect-error -- not a child
  await join(1);
}
