import { existsSync, readdirSync } from 'node:fs';

/** Paths of the files below `folder` whose names end with `ending`, relative to it, with forward slashes. */
export function listFiles(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`.slice(folder.length + 1).replaceAll('\\', '/'))
    .sort();
}
