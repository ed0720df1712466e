/** Background jobs: priorities, retries with backoff, delayed tasks, progress, dead letters and replay, graceful close. */
import { createPool } from 'millrace';

const pool = createPool<typeof import('./background-jobs.tasks.js')>(new URL('./background-jobs.tasks.js', import.meta.url), {
  name: 'jobs',
  size: 1,
  deadLetters: 100,
});

console.log('priorities: a level is a head start, so what is urgent goes first');
pool.pause();
const order = ['idle', 'normal', 'critical'].map((priority) => pool.submit('remind', [priority], { priority }));
const finished: string[] = [];
for (const task of order) void task.result.then((text) => finished.push(text));
pool.resume();
await pool.idle();
for (const text of finished) console.log(`  ${text}`);

console.log('retries: a failed attempt is followed by another');
pool.on('retrying', ({ error, delayMs }) => console.log(`  ${(error as Error).message}, again in ${delayMs} ms`));
const mail = pool.submit('sendMail', ['alice']);
console.log(`  ${await mail.result} after ${mail.attempts} attempts`);

console.log('delays: a task may wait for its time');
const later = pool.submit('remind', ['tea is ready'], { delay: 50 });
console.log(`  ${later.state}`);
console.log(`  ${await later.result}`);

console.log('progress: a task may tell how far it is');
const report = pool.submit('report', [3]);
for await (const page of report.progress) console.log(`  ${page}`);
console.log(`  ${await report.result}`);

// #region dead-letters
console.log('dead letters: what failed for good is kept, and can be tried again');
await pool.run('charge', 'carol', 25).catch((error: Error) => console.log(`  ${error.message}`));
for (const { name, args, reason } of pool.deadLetters.list()) console.log(`  ${name}(${args.join(', ')}): ${reason}`);
await pool.broadcast('openAccount', 'carol'); // somebody acts
for (const task of pool.deadLetters.replay({ name: 'charge' })) console.log(`  ${await task.result}`);
console.log(`  letters left: ${pool.deadLetters.size}`);
// #endregion

// #region close
console.log('close: what runs may finish, what cannot be run in time comes back');
const running = pool.submit('report', [5]);
pool.submit('remind', ['water the plants'], { delay: '1h' });
const { returned, terminated } = await pool.close({ timeout: '5s' });
console.log(`  ${await running.result}`);
for (const { name, args } of returned) console.log(`  returned: ${name}(${args.join(', ')})`);
console.log(`  terminated: ${terminated}`);
// #endregion

// prints:
// priorities: a level is a head start, so what is urgent goes first
//   reminder: critical
//   reminder: normal
//   reminder: idle
// retries: a failed attempt is followed by another
//   mail server is down (attempt 1), again in 20 ms
//   mail server is down (attempt 2), again in 20 ms
//   mail to alice sent after 3 attempts
// delays: a task may wait for its time
//   DELAYED
//   reminder: tea is ready
// progress: a task may tell how far it is
//   page 1 of 3
//   page 2 of 3
//   page 3 of 3
//   report of 3 pages
// dead letters: what failed for good is kept, and can be tried again
//   account carol is closed
//   charge(carol, 25): not-retryable
//   carol paid 25
//   letters left: 0
// close: what runs may finish, what cannot be run in time comes back
//   report of 5 pages
//   returned: remind(water the plants)
//   terminated: 0
