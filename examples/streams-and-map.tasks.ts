/** Functions with one result, and functions with many. */

export function wordsOf(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** The moves that solve the Towers of Hanoi: 2^disks - 1 of them, far more than anyone wants to hold at once. */
export function* hanoi(disks: number, from = 'A', to = 'C', spare = 'B'): Generator<string, number> {
  if (disks === 0) return 0;
  const before = yield* hanoi(disks - 1, from, spare, to);
  yield `${from} -> ${to}`;
  const after = yield* hanoi(disks - 1, spare, to, from);
  return before + 1 + after;
}

let greeting = 'hello';

export function setGreeting(word: string): string {
  greeting = word;
  return greeting;
}

export function greet(name: string): string {
  return `${greeting}, ${name}`;
}
