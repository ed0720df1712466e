/** What tests hold on to instead of time: files that end tasks, and conditions that are looked at once a turn. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Task } from 'millrace';

/** A folder of this test file alone, gone when it ends. */
export const folder: string = mkdtempSync(join(tmpdir(), 'millrace-e2e-'));
const gates: string[] = [];
let files = 0;

// A gate that a failed test left closed would keep its task, and with it this process, for ever.
after(() => gates.forEach((path) => writeFileSync(path, '')));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The path of a file that does not exist yet. */
export function freshPath(name = 'file'): string {
  files += 1;
  return join(folder, `${files}-${name}`);
}

/** A file that does not exist yet: tasks that wait for it (`untilFile`) end when the test opens the gate. */
export function gateFile(): { readonly path: string; open(): void } {
  const path = freshPath('gate');
  gates.push(path);
  return { path, open: () => writeFileSync(path, '') };
}

/** Writes a task module of that text and returns its path. */
export function moduleFile(name: string, text: string): string {
  const path = freshPath(name);
  writeFileSync(path, text);
  return path;
}

/** A file to which workers append lines. */
export function journal(): { readonly path: string; lines(): string[]; append(line: string): void } {
  const path = freshPath('journal');
  return {
    path,
    lines: () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []),
    append: (line) => appendFileSync(path, `${line}\n`),
  };
}

/** Resolves when the tasks are executing. */
export async function whileExecuting(...tasks: readonly Pick<Task, 'state'>[]): Promise<void> {
  await until(() => tasks.every((task) => task.state === 'EXECUTING'));
}

/** Looks once a turn of the event loop whether something has come true. The time limit is the test's own. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
