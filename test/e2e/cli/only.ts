/** A module with one function, so that none need be named. */
export const limit = 3;

export function shout(input: string): string {
  return input.toUpperCase();
}
