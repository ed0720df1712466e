/** Where this package lies and which version it is. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PackageInfo {
  readonly root: string;
  readonly version: string;
}

/** Looks upwards from this file for the package's own description. */
export function packageInfo(): PackageInfo {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const found = readDescription(join(folder, 'package.json'));
    if (found?.name === 'millrace') return { root: folder, version: found.version ?? '0.0.0' };
    if (folder === dirname(folder)) return { root: folder, version: '0.0.0' };
  }
}

function readDescription(path: string): { readonly name?: string; readonly version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
  } catch {
    return undefined;
  }
}
