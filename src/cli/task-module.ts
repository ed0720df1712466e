/** Which module and which of its functions a run is about. */
import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { resolveTaskModule } from '../pool/task-module.js';
import { unknownFunctionError } from '../task/unknown-function.js';
import { bundleTaskModule, mayBundle, prepareTaskModule } from '../worker/prepare-module.js';
import { CommandError, EXIT } from './exit-codes.js';

export interface TaskModule {
  readonly url: string;
  /** Relative to the working directory: how messages and logs name it, however the user wrote it. */
  readonly name: string;
}

/** @throws CommandError (exit 3) when there is no such file */
export function locateModule(specifier: string, cwd: string): TaskModule {
  const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(cwd, specifier);
  if (existsSync(path) && statSync(path).isDirectory())
    throw new CommandError(`${specifier}: expected the file of a module, got a folder`, { exitCode: EXIT.load });
  try {
    const url = resolveTaskModule(pathToFileURL(path));
    return { url, name: relative(cwd, fileURLToPath(url)) };
  } catch (error) {
    throw new CommandError((error as Error).message, { exitCode: EXIT.load, cause: error });
  }
}

/**
 * Whether the first word after the module names a function: one that could be a name and is no file. Anything else is an input.
 */
export function namesFunction(word: string | undefined, cwd: string): word is string {
  return word !== undefined && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(word) && !existsSync(resolve(cwd, word));
}

/**
 * The function to run: `wanted`, else the default export, else the only one.
 *
 * @throws CommandError when there is no such function, none at all, or several to choose from
 */
export function chooseFunction(module: string, exported: readonly string[], wanted: string | undefined): string {
  if (wanted !== undefined) {
    if (exported.includes(wanted)) return wanted;
    throw new CommandError(`${module}: ${unknownFunctionError(wanted, exported).message}. An input that looks like a name goes after :::`);
  }
  if (exported.includes('default')) return 'default';
  const [only, ...others] = exported;
  if (only === undefined) throw new CommandError(`${module}: exports no functions; export the one to run`);
  if (others.length > 0) throw new CommandError(`${module}: exports several functions; name one of ${exported.join(', ')}: millrace run ${module} ${only} ...`);
  return only;
}

/**
 * The names of the functions that a module exports, found in a thread of its own so that nothing the module does stays behind.
 *
 * @throws CommandError (exit 3) when the module does not load
 */
export async function listFunctions(module: TaskModule): Promise<readonly string[]> {
  try {
    return await loadAndList(module.url);
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError(message.includes(module.name) ? message : `${module.name}: does not load: ${message}`, { exitCode: EXIT.load, cause: error });
  }
}

async function loadAndList(url: string): Promise<readonly string[]> {
  try {
    return await listInThread(await prepareTaskModule(url));
  } catch (error) {
    if (!mayBundle(url, new Error('does not load', { cause: error }))) throw error;
    return listInThread(await bundleTaskModule(url));
  }
}

async function listInThread(url: string): Promise<readonly string[]> {
  const entry = new URL('./entry/list-functions.js', import.meta.url);
  const worker = new Worker(entry, { workerData: url, stdout: true });
  try {
    return await new Promise((resolvePromise, reject) => {
      worker.once('message', resolvePromise);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`it ends the process (exit code ${code}) while it is loaded`)));
    });
  } finally {
    void worker.terminate();
  }
}
