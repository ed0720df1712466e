/** A function that hangs on the wrong input, and one that never does. */

export function parseName(text: string): string | undefined {
  return /^(\w+\s?)+$/.test(text) ? text.trim() : undefined; // backtracks for ever on a long text that does not match
}

export function greet(name: string): string {
  return `hello ${name}`;
}
