/**
 * Reports an end that nobody asked for, from within and without preventing it: an uncaught error or rejection takes its usual course (the
 * module's own `uncaughtException` handlers included), and `exit` is emitted on every way out but a kill.
 */
export function onUnexpectedExit(report: (fatal: { readonly error: unknown } | undefined) => void): void {
  let fatal: { readonly error: unknown } | undefined;
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    fatal = { error };
  });
  process.on('exit', () => report(fatal));
}
