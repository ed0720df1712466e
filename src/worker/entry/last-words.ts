/**
 * Reports an end that nobody asked for, from within and without preventing it: an uncaught error or rejection takes its usual course (the
 * module's own `uncaughtException` handlers included), and `exit` is emitted on every way out but a kill. Where a listener of `exit` throws, the host goes on with
 * a program that has said goodbye: that one is ended in its next turn.
 */
import process from 'node:process';
import { setImmediate } from '../../runtime/host-timers.js';

export function onUnexpectedExit(report: (fatal: { readonly error: unknown } | undefined) => void): void {
  let fatal: { readonly error: unknown } | undefined;
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    fatal = { error };
  });
  process.on('exit', () => {
    report(fatal);
    setImmediate(() => process.exit());
  });
}
