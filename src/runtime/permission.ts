/** What the runtime's permission model (`--permission`, on Node 20 `--experimental-permission`) has refused, in words that say what to do. */
import { dirname, join } from 'node:path';

/** The error's message; for a refusal of the permission model also what was refused and the flag that allows it. */
export function messageOf(error: Error): string {
  const { code, permission, resource } = error as { code?: unknown; permission?: unknown; resource?: unknown };
  if (code !== 'ERR_ACCESS_DENIED' || typeof permission !== 'string') return error.message;
  const flag = flagFor(permission, typeof resource === 'string' && resource !== '' ? resource : undefined);
  return flag === undefined ? error.message : `the permission model refused ${permission}: start the program with ${flag}`;
}

function flagFor(permission: string, path: string | undefined): string | undefined {
  switch (permission) {
    case 'FileSystemRead':
      return `--allow-fs-read=${path ?? '…'}`;
    // Files are made under names of their own, so that it takes their folder.
    case 'FileSystemWrite':
      return `--allow-fs-write=${path === undefined ? '…' : join(dirname(path), '*')}`;
    case 'ChildProcess':
      return '--allow-child-process';
    case 'WorkerThreads':
      return '--allow-worker';
    default:
      return undefined;
  }
}
