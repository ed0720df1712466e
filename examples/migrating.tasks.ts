/** Functions for `migrating.ts`. */
import { setTimeout as sleep } from 'node:timers/promises';

let running = 0;
let most = 0;

/** Answers after a while, as a server does. */
export async function page(number: number): Promise<string> {
  running += 1;
  most = Math.max(most, running);
  await sleep(20);
  running -= 1;
  return `page ${number}`;
}

/** How many ran at once, at most, since this was asked last. */
export function mostAtOnce(): number {
  const answer = most;
  most = 0;
  return answer;
}
