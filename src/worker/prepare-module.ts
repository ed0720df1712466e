/**
 * Makes a TypeScript task module importable by the workers.
 *
 *   .js .mjs .cjs data:          as they are
 *   .ts where the runtime strips types: as they are; `bundleTaskModule` is the second try when that fails (enums, `.js` specifiers for `.ts` files)
 *   .ts elsewhere (Node 20):     bundled once by esbuild into the project's node_modules/.cache/millrace, then loaded by every worker
 */
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModuleLoadError } from '../errors.js';
import { storeModule } from './module-store.js';

/** What is used of esbuild. */
interface Bundler {
  build(options: Record<string, unknown>): Promise<{ readonly outputFiles: readonly { readonly contents: Uint8Array }[] }>;
}

/** The URL for workers to import: at once, or when the module has been bundled. */
export function prepareTaskModule(url: string): string | Promise<string> {
  if (!isTypeScript(url) || runtimeStripsTypes()) return url;
  return bundleTaskModule(url);
}

/** Whether a module that did not load may load when bundled. */
export function mayBundle(url: string, error: Error | undefined): boolean {
  if (!isTypeScript(url)) return false;
  const code: unknown = (error?.cause as { code?: unknown } | undefined)?.code;
  return code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_UNKNOWN_FILE_EXTENSION' || code === 'ERR_MODULE_NOT_FOUND';
}

/**
 * Bundles the module and its relative imports; packages stay imports. Cost: some 60 ms, once a pool.
 *
 * @throws ModuleLoadError when esbuild is not installed or cannot compile it
 */
export async function bundleTaskModule(url: string): Promise<string> {
  const path = fileURLToPath(url);
  const esbuild = await loadBundler(path);
  let contents: Uint8Array;
  try {
    const result = await esbuild.build({
      entryPoints: [path],
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      sourcemap: 'inline',
      logLevel: 'silent',
    });
    contents = (result.outputFiles[0] as { contents: Uint8Array }).contents;
  } catch (error) {
    throw new ModuleLoadError(`the TypeScript task module ${path} does not compile: ${(error as Error).message}`, { cause: error, code: 'ERR_TYPESCRIPT' });
  }
  return pathToFileURL(storeModule(path, contents)).href;
}

function isTypeScript(url: string): boolean {
  return /\.[mc]?ts(?:$|\?)/.test(url);
}

function runtimeStripsTypes(): boolean {
  const features = process.features as unknown as Readonly<Record<string, unknown>>;
  return features['typescript'] === 'strip' || features['typescript'] === 'transform' || 'Bun' in globalThis || 'Deno' in globalThis;
}

async function loadBundler(modulePath: string): Promise<Bundler> {
  try {
    return createRequire(modulePath)('esbuild') as Bundler;
  } catch {
    try {
      return (await import('esbuild')) as unknown as Bundler;
    } catch (error) {
      throw new ModuleLoadError(
        `the task module ${modulePath} is TypeScript, which Node ${process.versions.node} cannot load by itself: install esbuild (npm i -D esbuild), or compile the module and name its .js file`,
        {
          cause: error,
          code: 'ERR_TYPESCRIPT',
        },
      );
    }
  }
}
