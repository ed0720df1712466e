/** Where compiled task modules are kept: with the project, or in a folder that only this user may write to. */
import { existsSync, lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ModuleLoadError } from '../errors.js';

/**
 * Writes the bundle under a name made of its content: written once, shared by all workers and by later runs.
 *
 * @throws ModuleLoadError when no folder can be written to, or somebody else can write to it as well
 */
export function storeModule(modulePath: string, contents: Uint8Array, temporary: string = tmpdir()): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const name = `${createHash('sha256').update(contents).digest('hex').slice(0, 24)}.mjs`;
  const project = cacheFolder(modulePath);
  const file = storeIn(project, name, contents) ?? storeIn(temporaryFolder(temporary), name, contents);
  if (file !== undefined) return file;
  throw new ModuleLoadError(`cannot write the compiled form of ${modulePath} below node_modules/.cache or the temporary folder`, { code: 'ERR_TYPESCRIPT' });
}

/** `undefined` where that cannot be written. */
function storeIn(folder: string | undefined, name: string, contents: Uint8Array): string | undefined {
  if (folder === undefined) return undefined;
  const file = join(folder, name);
  if (existsSync(file)) return file;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, contents);
    renameSync(`${file}.${process.pid}`, file);
    return file;
  } catch {
    return undefined;
  }
}

/**
 * A folder of this user's. Anybody may write to the one it lies in: `undefined` when somebody else may have put code there, under the name that is about to
 * be loaded.
 */
function temporaryFolder(temporary: string): string | undefined {
  const folder = join(temporary, `millrace-${process.getuid?.() ?? 'user'}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** `node_modules/.cache/millrace` of the nearest project that has node_modules: packages the module imports resolve from there. */
function cacheFolder(modulePath: string): string | undefined {
  for (let folder = dirname(modulePath); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules'))) return join(folder, 'node_modules', '.cache', 'millrace');
    if (dirname(folder) === folder) return undefined;
  }
}
