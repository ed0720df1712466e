/** Runs the built command as a process of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { root } from '../../repository.js';

export const CLI: string = join(root, 'dist/cli/main.js');
/** No command of these tests takes longer; one that does is killed and its exit code is `null`. */
const LIMIT_MS = 120_000;

export interface CommandOptions {
  /** Default none; `'open'` leaves it to the test. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly nodeFlags?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stderr = '';
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], { stdin, env = {}, cwd, nodeFlags = [] }: CommandOptions = {}) {
    const child = spawn(process.execPath, [...nodeFlags, CLI, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...withoutOwn(process.env), ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.child = child;
    child.stdin.on('error', () => {});
    if (stdin !== 'open') child.stdin.end(stdin ?? '');
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      this.#stderr += part;
      for (const watcher of this.#watchers) watcher();
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const closed = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => child.once('close', (code, signal) => resolve([code, signal])));
    this.ended = Promise.all([closed, text(child.stdout).catch(() => '')]).then(([[code, signal], stdout]) => {
      clearTimeout(limit);
      return { code, signal, stdout, stderr: this.#stderr };
    });
  }

  /** Resolves when stderr matches; rejects when the command ends before. */
  async stderr(pattern: RegExp): Promise<void> {
    const matched = new Promise<'matched'>((resolve) => {
      const look = (): void => {
        if (!pattern.test(this.#stderr)) return;
        this.#watchers.delete(look);
        resolve('matched');
      };
      this.#watchers.add(look);
      look();
    });
    const first = await Promise.race([matched, this.ended]);
    if (first !== 'matched' && !pattern.test(this.#stderr))
      throw new Error(`ended (${first.code ?? first.signal}) without ${pattern} on stderr:\n${first.stderr}`);
  }
}

/** Runs a command to its end. */
export function command(args: readonly string[], options?: CommandOptions): Promise<Ended> {
  return new Command(args, options).ended;
}

/** Path of a task module of these tests. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** A folder of its own, gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Lines of JSON. */
export function records(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The environment without settings that would reach the command. */
function withoutOwn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(MILLRACE_|NODE_|CI$|COLUMNS$|NO_COLOR$|FORCE_COLOR$)/.test(name)));
}
