/** A module with a default export. */
export function other(): never {
  throw new Error('not this one');
}

export default function whisper(input: string): string {
  return input.toLowerCase();
}
