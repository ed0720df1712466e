#!/usr/bin/env node
/** The command `millrace`: finds the command that was asked for and exits with what it says. */
import { nearest } from '../runtime/own-options.js';
import { systemClock } from '../runtime/clock.js';
import { CommandError, EXIT } from './exit-codes.js';
import { mainHelp } from './help.js';
import type { Host } from './host.js';
import { packageInfo } from './package-info.js';

/** Loaded when asked for: help and a misspelt word need none of it. */
const COMMANDS: Readonly<Record<string, () => Promise<(argv: readonly string[], host: Host) => Promise<number>>>> = {
  run: async () => (await import('./commands/run.js')).runCommand,
  demo: async () => (await import('./commands/demo.js')).demoCommand,
  simulate: async () => (await import('./commands/simulate.js')).simulateCommand,
  tune: async () => (await import('./commands/tune.js')).tuneCommand,
};

async function main(argv: readonly string[], host: Host): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--help' || name === '-h' || name === 'help') return say(mainHelp(packageInfo().version));
  if (name === '--version' || name === '-V') return say(`${packageInfo().version}\n`);
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return (await command())(rest, host);
  const near = name === undefined ? undefined : nearest(name, Object.keys(COMMANDS));
  if (name !== undefined) process.stderr.write(`millrace: unknown command ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${near}?`}\n\n`);
  process.stderr.write(mainHelp(packageInfo().version));
  return EXIT.usage;
}

function say(text: string): Promise<number> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve(EXIT.ok)));
}

/** stdout for results alone: it goes on writing there when what tasks print is sent to stderr. */
function resultStream(stream: NodeJS.WriteStream): Host['stdout'] {
  const write: Host['stdout']['write'] = stream.write.bind(stream);
  return { isTTY: stream.isTTY, write, once: (event, listener) => stream.once(event, listener), on: (event, listener) => stream.on(event, listener) };
}

/** Errors of ours are a sentence for the user; anything else is a bug and shows where it is. */
function report(error: unknown): number {
  const known = error instanceof CommandError || (error as { name?: string }).name === 'OptionError';
  process.stderr.write(`millrace: ${known ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
  return error instanceof CommandError ? error.exitCode : known ? EXIT.usage : EXIT.failed;
}

// Before anything is written: a reader that leaves early must not be an uncaught error.
process.stdout.on('error', () => {});
const host: Host = {
  cwd: process.cwd(),
  env: process.env,
  execArgv: process.execArgv,
  stdin: process.stdin,
  stdout: resultStream(process.stdout),
  stderr: process.stderr,
  signals: process,
  clock: systemClock,
};
// Waiting for a worker to start, or for a task on a timer that holds nothing, is no reason to exit.
setInterval(() => {}, 2 ** 30);
// Left-over handles (a worker in native code, an open stdin) must not hold the exit back.
process.exit(await main(process.argv.slice(2), host).catch(report));
