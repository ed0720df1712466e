/**
 * Runs the compiled tests: every file in a process group of its own, as many at once as there are CPUs.
 *
 *   build/src/**\/*.test.js          lie beside the code and test it module by module
 *   build/tests/test/**\/*.test.js   import the package by its name: they test what ships
 *
 * A file fails when one of its tests fails, when it holds no test, when it ends with another exit code than 0, when it is not done within its
 * limit (the tests that had begun are named) and when it leaves processes behind. The last line printed is always
 * `N passed, N failed, N skipped`, by the count of the runner of Node itself, plus one failure for each file that failed in another way.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { listFiles } from './lib/files.mjs';
import { Failure, killGroup, root, runCaptured, seconds } from './lib/process.mjs';

const FILE_LIMIT_MS = 400_000;
const TOTAL_LIMIT_MS = 1_500_000;
const OUTPUT_LINES_MAX = 60;
const REPORTER = fileURLToPath(new URL('./lib/test-reporter.mjs', import.meta.url));
const timesPath = `${root}/build/test-times.json`;

/**
 * Runs the test files whose source path contains one of `fragments` (all, when there is none) and none of `except`; `nodeFlags` go to Node.
 * Resolves to the counts and the text of the failures; nothing is printed but a dot for each file, and that only when `dots` is set.
 */
export async function runTests({ fragments = [], except = [], nodeFlags = [], dots = false } = {}) {
  const files = select(fragments, except);
  const eventsFolder = `${root}/build/test-events-${process.pid}`;
  mkdirSync(eventsFolder, { recursive: true });
  const running = new Set();
  const killAll = () => running.forEach(killGroup);
  const end = (signal) => process.exit(128 + constants.signals[signal]);
  process.on('exit', killAll).on('SIGINT', end).on('SIGTERM', end);
  const totals = { files: files.length, passed: 0, failed: 0, skipped: 0, failures: [], times: [] };
  const giveUpAt = performance.now() + TOTAL_LIMIT_MS;
  try {
    await forEachConcurrently(availableParallelism(), files, async (file, index) => {
      const limitMs = Math.min(FILE_LIMIT_MS, giveUpAt - performance.now());
      const result = await runFile(file, `${eventsFolder}/${index}.jsonl`, { limitMs, nodeFlags, running });
      add(totals, file, result);
      if (dots) process.stdout.write(result.failures.length === 0 ? '.' : 'F');
    });
  } finally {
    process.off('exit', killAll).off('SIGINT', end).off('SIGTERM', end);
    killAll();
    rmSync(eventsFolder, { recursive: true, force: true });
  }
  if (dots) process.stdout.write('\n');
  rememberTimes(totals.times);
  return totals;
}

/** `npm test`: runs what `args` ask for and prints failures, then the closing line. Resolves to the exit code. */
export async function testCommand(args) {
  const startedAt = performance.now();
  const totals = await runTests({ fragments: args.filter((arg) => !arg.startsWith('-')), nodeFlags: args.filter((arg) => arg.startsWith('-')), dots: true });
  for (const failure of totals.failures) console.log(`\n${failure}`);
  const [slowest, slowestMs] = totals.times.reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  console.log(`\n${totals.files} test files in ${seconds(performance.now() - startedAt)}, slowest ${slowest} ${seconds(slowestMs)}`);
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return totals.failed === 0 ? 0 : 1;
}

/** Test files as `{ path, source }`, those that took longest the last time first. */
function select(fragments, except) {
  const files = [
    ...listFiles(`${root}/build/src`, '.test.js').map((path) => ({ path: `build/src/${path}`, source: `src/${path.replace(/\.js$/, '.ts')}` })),
    ...listFiles(`${root}/build/tests/test`, '.test.js').map((path) => ({ path: `build/tests/test/${path}`, source: `test/${path.replace(/\.js$/, '.ts')}` })),
  ];
  const wanted = fragments.map((fragment) => fragment.replace(/^\.\//, '').replace(/\.[jt]s$/, ''));
  const matches = ({ source }) => wanted.length === 0 || wanted.some((fragment) => source.includes(fragment));
  const selected = files.filter((file) => matches(file) && !except.some((fragment) => file.source.includes(fragment)));
  if (selected.length === 0) throw new Failure(`no test file matches ${fragments.join(', ') || '*.test.ts'}; give part of a path below src or test`);
  const times = readTimes();
  return selected.sort((a, b) => (times[b.source] ?? Infinity) - (times[a.source] ?? Infinity) || (a.source < b.source ? -1 : 1));
}

async function runFile(file, eventsPath, { limitMs, nodeFlags, running }) {
  const env = { ...process.env, MILLRACE_TEST_EVENTS: eventsPath };
  delete env.NODE_TEST_CONTEXT;
  const args = ['--enable-source-maps', `--test-reporter=${REPORTER}`, '--test-reporter-destination=stdout', ...nodeFlags, file.path];
  let child;
  const run = await runCaptured(process.execPath, args, {
    env,
    limitMs,
    onStart: (started) => {
      child = started;
      running.add(started);
    },
  });
  const leftovers = run.timedOut ? [] : await leftBehind(child.pid);
  killGroup(child);
  running.delete(child);
  return judge(run, readEvents(eventsPath), leftovers);
}

/** Counts of one file, and a text for each of its failures. */
function judge(run, events, leftovers) {
  const tests = events.filter((event) => event.kind !== 'begun' && !event.suite);
  const count = (kind) => tests.filter((event) => event.kind === kind).length;
  const failures = events.filter((event) => event.error !== undefined && event.kind === 'failed').map((event) => `${event.path}\n${indent(event.error)}`);
  const unexplained = [];
  if (run.timedOut) unexplained.push(`not done after ${seconds(run.ms)}; ${unfinished(events)}`);
  else if (run.code !== 0 && count('failed') === 0) unexplained.push(`ended with exit code ${run.code}; ${unfinished(events)}`);
  else if (tests.length === 0) unexplained.push('holds no test');
  if (leftovers.length > 0) unexplained.push(`left processes behind: ${leftovers.join(', ')}`);
  failures.push(...unexplained);
  if (failures.length > 0 && run.output.trim() !== '') failures.push(`its output:\n${indent(lastLines(run.output))}`);
  return { passed: count('passed'), failed: count('failed') + unexplained.length, skipped: count('skipped'), failures, ms: run.ms };
}

function unfinished(events) {
  const open = new Map();
  for (const event of events) {
    const key = `${event.nesting} ${event.name}`;
    if (event.kind === 'begun') open.set(key, event.name);
    else open.delete(key);
  }
  return open.size === 0 ? 'no test was open' : `begun and not ended: ${[...open.values()].join(' > ')}`;
}

function add(totals, file, result) {
  totals.passed += result.passed;
  totals.failed += result.failed;
  totals.skipped += result.skipped;
  totals.times.push([file.source, result.ms]);
  if (result.failures.length > 0) totals.failures.push(`FAILED ${file.source}\n${indent(result.failures.join('\n'))}`);
}

/** Processes of the group `groupId` that live on after its leader has ended. Those being killed get a moment to go. */
async function leftBehind(groupId) {
  if (process.platform !== 'linux') return [];
  for (let attempt = 0; ; attempt += 1) {
    const left = groupMembers(groupId);
    if (left.length === 0 || attempt === 20) return left;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function groupMembers(groupId) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(group) !== groupId || state === 'Z' || state === 'X') return [];
        return [`${pid} (${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 120)})`];
      } catch {
        return [];
      }
    });
}

async function forEachConcurrently(limit, items, action) {
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) await action(item, index);
  };
  await Promise.all(Array.from({ length: limit }, lane));
}

function readEvents(path) {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}

function readTimes() {
  try {
    return JSON.parse(readFileSync(timesPath, 'utf8'));
  } catch {
    return {};
  }
}

function rememberTimes(times) {
  const rounded = times.map(([source, ms]) => [source, Math.round(ms)]);
  writeFileSync(timesPath, JSON.stringify({ ...readTimes(), ...Object.fromEntries(rounded) }));
}

function lastLines(text) {
  const lines = text.trimEnd().split('\n');
  return lines.length <= OUTPUT_LINES_MAX
    ? lines.join('\n')
    : `… ${lines.length - OUTPUT_LINES_MAX} lines before\n${lines.slice(-OUTPUT_LINES_MAX).join('\n')}`;
}

function indent(text) {
  return text.replace(/^/gm, '  ');
}
