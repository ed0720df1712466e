/** A job with all that surrounds it on a terminal: signals, progress, what workers log. */
import type { Pool } from '../pool/pool.js';
import { formatDuration, plural } from './format.js';
import type { Host } from './host.js';
import type { AnyTasks, Job, JobReport } from './job.js';
import { ProgressReporter } from './progress-reporter.js';
import type { ProgressMode } from './progress-reporter.js';
import type { Screen } from './screen.js';
import { listenForEnd } from './signals.js';

export interface WatchOptions {
  readonly progress: ProgressMode;
  readonly quiet: boolean;
  /** How long running inputs may take to finish after the first signal. */
  readonly shutdownMs: number;
}

/** Runs the job to its end; signals end it as they should. */
export async function watchJob(job: Job, screen: Screen, host: Host, options: WatchOptions): Promise<JobReport> {
  const reporter = new ProgressReporter(options.progress, screen, host.clock, () => job.progress());
  const stopListening = listenForEnd(host.signals, (signal, count) => {
    const cause = { kind: 'signal', signal } as const;
    if (count > 1) return job.terminate(cause);
    if (!options.quiet)
      screen.print(`${signal}: finishing ${plural(job.running, 'running input')} within ${formatDuration(options.shutdownMs)}; once more to end now`);
    return job.drain(cause, options.shutdownMs);
  });
  reporter.start();
  try {
    return await job.run();
  } finally {
    reporter.stop();
    stopListening();
  }
}

/** Shows what tasks write with `context().log`, above the progress. */
export function showLogs(pool: Pool<AnyTasks>, screen: Screen, quiet: boolean): void {
  pool.on('log', ({ level, message, fields, workerId }) => {
    if (quiet && level !== 'error') return;
    screen.print(`${level} ${workerId}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
  });
}
