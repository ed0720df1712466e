/** Imports a task module and finds in it what a pool can use. */
import { fileURLToPath } from 'node:url';
import { ModuleLoadError } from '../../errors.js';
import { messageOf } from '../../runtime/permission.js';
import { isWorkerDefinition, taskDefaultsOf } from '../../task/define-task.js';
import type { WorkerDefinition } from '../../task/define-task.js';
import type { AnyFunction } from '../../task/types.js';
import type { FunctionInfo, WorkerHooks } from '../../transport/protocol.js';

/** One exported task function. */
export interface TaskFunction {
  readonly call: AnyFunction;
  /** How long its last synchronous part took, in ms; NaN while it was never called: whoever batches replies sends them before one that takes long. */
  lastMs: number;
}

/** A loaded task module. */
export interface TaskModule {
  readonly functions: ReadonlyMap<string, TaskFunction>;
  /** The hooks of its `worker` export; empty without one. */
  readonly worker: WorkerDefinition;
}

/**
 * Imports the module: its own enumerable exports that are functions, `default` among them; classes are not task functions.
 *
 * @throws ModuleLoadError that says why, with the error of the import as its `cause`
 */
export async function loadModule(url: string): Promise<TaskModule> {
  try {
    return inspectModule((await import(url)) as Record<string, unknown>);
  } catch (error) {
    throw new ModuleLoadError(`the task module ${displayPath(url)} cannot be loaded: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * What a module's exports offer. Of a CommonJS module only those can be imported by name that its source shows without being run; all of them are in
 * its default export, so what that object, or that function, holds is offered as well.
 */
export function inspectModule(exported: Readonly<Record<string, unknown>>): TaskModule {
  const functions = new Map<string, TaskFunction>();
  let worker: WorkerDefinition | undefined;
  const collect = (from: Readonly<Record<string, unknown>>): void => {
    for (const name of Object.keys(from)) {
      const value = from[name];
      if (name === 'worker' && isWorkerDefinition(value)) worker ??= value;
      // Newer versions of Node give CommonJS modules an export of this name, the same as `default`.
      else if (typeof value === 'function' && name !== 'module.exports' && !functions.has(name) && !isClass(value))
        functions.set(name, { call: value as AnyFunction, lastMs: NaN });
    }
  };
  collect(exported);
  const { default: all } = exported;
  if ((typeof all === 'object' && all !== null) || typeof all === 'function') collect(all as Readonly<Record<string, unknown>>);
  return { functions, worker: worker ?? (Object.create(null) as WorkerDefinition) };
}

/** What the pool learns of the functions. */
export function functionInfos(module: TaskModule): FunctionInfo[] {
  return Array.from(module.functions, ([name, { call }]) => ({
    name,
    options: taskDefaultsOf(call) as Record<string, unknown> | undefined,
    ...(call instanceof AsyncFunction ? { isAsync: true } : {}),
  }));
}

/** Which hooks the module defines. */
export function hooksOf({ worker }: TaskModule): WorkerHooks {
  const { start, stop, healthCheck, limits } = worker;
  return { start: start !== undefined, stop: stop !== undefined, healthCheck: healthCheck !== undefined, ...(limits === undefined ? {} : { limits }) };
}

const AsyncFunction = (async () => undefined).constructor;

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${messageOf(error)}` : `it threw ${String(error)}`;
}

function displayPath(url: string): string {
  if (url.startsWith('file:')) return fileURLToPath(url);
  return url.length > 80 ? `${url.slice(0, 80)}…` : url;
}
