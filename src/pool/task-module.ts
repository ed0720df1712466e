/** Finds the task module: turns what `createPool` was given into the URL that workers import. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { fileURLToPath, pathToFileURL, URL } from 'node:url';
import { ModuleLoadError, OptionError } from '../errors.js';
import { messageOf } from '../runtime/permission.js';
import { nearest } from '../runtime/own-options.js';

/** Extensions that stand for each other: a project that is compiled names `./tasks.js` where only `tasks.ts` lies, or the other way round. */
const TWINS: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
  '.ts': ['.js'],
  '.mts': ['.mjs'],
  '.cts': ['.cjs'],
};

/**
 * @returns a `file:` or `data:` URL
 * @throws OptionError when it is neither a URL nor an absolute path
 * @throws ModuleLoadError when there is no such file
 */
export function resolveTaskModule(module: unknown): string {
  const url = toUrl(module);
  if (url.protocol === 'data:') return url.href;
  if (url.protocol !== 'file:') throw new OptionError('module', 'a file: or data: URL', url.href);
  return pathToFileURL(existingFile(fileURLToPath(url))).href + url.search;
}

function toUrl(module: unknown): URL {
  // By what it has: that of a test environment (jsdom) is of another class.
  const { href, protocol } = Object(module) as Partial<URL>;
  if (typeof href === 'string' && typeof protocol === 'string' && URL.canParse(href)) return new URL(href);
  if (typeof module === 'string') {
    if (/^(file|data):/.test(module) && URL.canParse(module)) return new URL(module);
    if (isAbsolute(module)) return pathToFileURL(module);
  }
  throw new OptionError('module', 'the URL or absolute path of a task module', module, "Write createPool(new URL('./tasks.js', import.meta.url))");
}

function existingFile(path: string): string {
  if (isFile(path)) return path;
  const extension = extname(path);
  for (const twin of TWINS[extension] ?? []) {
    const candidate = path.slice(0, -extension.length) + twin;
    if (isFile(candidate)) return candidate;
  }
  throw new ModuleLoadError(
    existsSync(path) ? `the task module ${path} is not a file: name the module itself` : `there is no task module at ${path}${hint(path)}`,
  );
}

function isFile(path: string): boolean {
  try {
    return existsSync(path) && statSync(path).isFile();
  } catch (cause) {
    throw new ModuleLoadError(`the task module ${path} may not be read: ${messageOf(cause as Error)}`, { cause });
  }
}

function hint(path: string): string {
  const folder = dirname(path);
  if (!existsSync(folder)) return `: the folder ${folder} does not exist`;
  const near = nearest(basename(path), readdirSync(folder));
  return near === undefined ? '' : `; did you mean ${join(folder, near)}?`;
}
