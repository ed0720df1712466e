/** A task module: plain functions, exported. */

export function countPrimes(from: number, to: number): number {
  let count = 0;
  for (let candidate = Math.max(2, from); candidate < to; candidate += 1) if (isPrime(candidate)) count += 1;
  return count;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) return false;
  return true;
}
