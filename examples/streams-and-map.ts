/** Many results of one call, one result of many calls, and a call on every worker. */
import { createPool } from 'millrace';

const pool = createPool<typeof import('./streams-and-map.tasks.js')>(new URL('./streams-and-map.tasks.js', import.meta.url), { size: 2 });

// #region stream
const moves = await pool.run('hanoi', 3);
const list: string[] = [];
for await (const move of moves) list.push(move);
console.log(`${await moves.returned} moves: ${list.join(', ')}`);
// #endregion

// #region stream-leave
// A reader that leaves ends the generator in the worker; it never ran more than `streamCredit` values ahead.
for await (const move of await pool.run('hanoi', 60)) {
  console.log(`the first of 2^60 - 1 moves: ${move}`);
  break;
}
// #endregion

// #region map
async function* chapters(): AsyncGenerator<string> {
  yield 'It was a dark and stormy night';
  yield 'Nothing happened';
  yield 'The end';
}

let words = 0;
for await (const count of pool.map('wordsOf', chapters(), { concurrency: 2 })) words += count;
console.log(`${words} words`);
// #endregion

// #region settle
const inputs = ['two words', undefined as unknown as string];
for await (const outcome of pool.map('wordsOf', inputs, { onError: 'settle' })) {
  console.log(outcome.status === 'fulfilled' ? `input ${outcome.index}: ${outcome.value}` : `input ${outcome.index}: ${(outcome.reason as Error).name}`);
}
// #endregion

// #region broadcast
console.log(`set on ${(await pool.broadcast('setGreeting', 'good day')).length} workers`);
console.log(await pool.run('greet', 'Ada'));
// #endregion

// #region with
const quietly = pool.with({ priority: 'low', timeout: '2s' });
console.log(await quietly.run('greet', 'Grace'));
// #endregion

await pool.close();

// prints:
// 7 moves: A -> C, A -> B, C -> B, A -> C, B -> A, B -> C, A -> C
// the first of 2^60 - 1 moves: A -> B
// 11 words
// input 0: 2
// input 1: TypeError
// set on 2 workers
// good day, Ada
// good day, Grace
