import { createPool } from 'millrace';

const pool = createPool<typeof import('./hello.tasks.js')>(new URL('./hello.tasks.js', import.meta.url));

const starts = [0, 250_000, 500_000, 750_000];
const counts = await Promise.all(starts.map((start) => pool.run('countPrimes', start, start + 250_000)));
console.log(`primes below a million: ${counts.reduce((sum, count) => sum + count)}`);

await pool.close();

// prints:
// primes below a million: 78498
