/** What is said on stderr when a run has ended. Pure. */
import { formatCount, formatDuration, formatRate, plural } from './format.js';
import { describeHalt } from './halt.js';
import type { HaltRule } from './halt.js';
import type { EndCause, JobReport } from './job.js';
import { commandWith } from './shell-quote.js';

export interface SummaryContext {
  /** The arguments after `millrace`. */
  readonly argv: readonly string[];
  readonly worker: string;
  readonly joblog: string | undefined;
  readonly halt: HaltRule | undefined;
  readonly deadlineMs: number | undefined;
  /** The first failures, a line each. */
  readonly failures: readonly string[];
}

/** Lines of the summary, most important first, how to go on last. */
export function renderSummary(report: JobReport, context: SummaryContext): string[] {
  const complete = report.exhausted && report.unfinished.length === 0;
  return [
    ...(report.cause === undefined ? [] : [`stopped: ${describeCause(report.cause, context)}`]),
    countsLine(report, context.worker),
    ...failureLines(report, context.failures),
    ...(complete ? [] : [`not finished: ${describeRest(report)}`]),
    ...nextStep(report, complete, context),
  ];
}

function describeCause(cause: EndCause, context: SummaryContext): string {
  switch (cause.kind) {
    case 'signal':
      return cause.signal;
    case 'halt':
      return context.halt === undefined ? '--halt' : `--halt ${describeHalt(context.halt)}`;
    case 'deadline':
      return `--deadline ${formatDuration(context.deadlineMs ?? 0)}`;
    case 'input':
      return 'an input cannot be read';
    case 'output':
      return 'the reader of stdout has left';
    case 'worker':
      return 'no worker can run the function';
  }
}

/** `9,998 ok, 2 failed, 10 skipped in 8.3s, 1,204/s, up to 8 thread workers`. */
function countsLine(report: JobReport, worker: string): string {
  const done = report.ok + report.failed;
  const skipped = report.skipped === 0 ? '' : `, ${formatCount(report.skipped)} skipped`;
  const rate = report.elapsedMs > 0 ? formatRate((done * 1_000) / report.elapsedMs) : '-';
  return `${formatCount(report.ok)} ok, ${formatCount(report.failed)} failed${skipped} in ${formatDuration(report.elapsedMs)}, ${rate}, up to ${plural(report.workersMax, `${worker} worker`)}`;
}

function failureLines(report: JobReport, failures: readonly string[]): string[] {
  const more = report.failed - failures.length;
  return [...failures.map((line) => `  ${line}`), ...(failures.length > 0 && more > 0 ? [`  and ${formatCount(more)} more`] : [])];
}

/** Which inputs have no outcome, by number: `inputs 3, 5-7 and all from 9 on (numbered from 0)`. */
export function describeRest({ unfinished, nextIndex, exhausted }: Pick<JobReport, 'unfinished' | 'nextIndex' | 'exhausted'>): string {
  const left = [...unfinished];
  let from = nextIndex;
  if (!exhausted) while (left.at(-1) === from - 1) from = left.pop() as number;
  const parts = ranges(left);
  if (!exhausted) parts.push(`all from ${formatCount(from)} on`);
  const listed = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts.join('');
  return `${left.length === 0 ? '' : 'inputs '}${listed} (numbered from 0)`;
}

function ranges(sorted: readonly number[]): string[] {
  const runs: [number, number][] = [];
  for (const value of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === value - 1) last[1] = value;
    else runs.push([value, value]);
  }
  return runs.map(([first, last]) => (first === last ? formatCount(first) : `${formatCount(first)}-${formatCount(last)}`));
}

function nextStep(report: JobReport, complete: boolean, { argv, joblog }: SummaryContext): string[] {
  if (complete && report.failed === 0) return [];
  if (joblog === undefined) return [`a run with a log can be resumed: ${commandWith(argv, ['--joblog', 'run.joblog'])}`];
  const goOn = complete ? [] : [`go on with: ${commandWith(argv, ['--resume'])}`];
  return report.failed === 0 ? goOn : [...goOn, `retry the failed: ${commandWith(argv, ['--resume-failed'])}`];
}
