/**
 * What the test runner of Node calls for every event of one test file: writes a line of JSON for each that matters, at once, so that the
 * lines before a crash are there after it. The file is named by MILLRACE_TEST_EVENTS; `test.mjs` reads it.
 */
import { appendFileSync } from 'node:fs';

const path = process.env.MILLRACE_TEST_EVENTS;

// oxlint-disable-next-line require-yield -- a reporter is a generator of what is to be printed: nothing
export default async function* report(source) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === 'test:dequeue') write({ kind: 'begun', name: data.name, nesting: data.nesting });
    else if (type === 'test:start') names.splice(data.nesting, Infinity, data.name);
    else if (type === 'test:pass' || type === 'test:fail') {
      write({
        kind: outcome(type, data),
        name: data.name,
        nesting: data.nesting,
        suite: data.details.type === 'suite',
        path: [...names.slice(0, data.nesting), data.name].join(' > '),
        error: type === 'test:fail' ? describe(data.details.error) : undefined,
      });
    }
  }
}

function outcome(type, data) {
  if (data.skip !== undefined || data.todo !== undefined) return 'skipped';
  return type === 'test:pass' ? 'passed' : 'failed';
}

/** The stack of what the test threw; nothing for a parent that failed only because of its children. */
function describe(error) {
  if (error?.failureType === 'subtestsFailed') return undefined;
  const cause = error?.cause ?? error;
  if (!(cause instanceof Error)) return String(cause);
  const details = cause.code === 'ERR_ASSERTION' ? '' : nested(cause.cause);
  return `${ownStack(cause)}${details}`;
}

function nested(cause) {
  return cause instanceof Error ? `\ncaused by: ${ownStack(cause)}` : '';
}

/** The stack without the frames of the test runner. */
function ownStack(error) {
  return (error.stack ?? error.message).replace(/\n +at .*node:internal\/test_runner\/.*|\n +at async Promise\.all .*/g, '');
}

function write(record) {
  appendFileSync(path, `${JSON.stringify(record)}\n`);
}
