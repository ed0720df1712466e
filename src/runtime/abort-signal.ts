/**
 * Whether this is an `AbortSignal`, by what it can do: those of test environments (jsdom), of polyfills and of other contexts are not instances of this
 * realm's class, and the global may have been replaced by theirs.
 */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function';
}
