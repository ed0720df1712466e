/**
 * File globs: `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}` within a path segment, `**` for any depth, `\` before a character to take it as it is.
 *
 * As in a shell: wildcards do not match a leading dot, `**` does not follow links to folders. Only files match. Paths use forward slashes and come
 * sorted by code unit, each once; memory is that of the matches.
 */
import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

/** Whether a text has wildcards. */
export function hasMagic(pattern: string): boolean {
  return /[*?]|\[[^\]]+\]|\{[^{}]*,[^{}]*\}/.test(pattern.replace(/\\./g, ''));
}

/** The files that match `pattern`, as it is written: relative to `cwd` or absolute. */
export async function expandGlob(pattern: string, cwd: string): Promise<string[]> {
  const found = new Set<string>();
  for (const plain of expandBraces(pattern)) {
    const absolute = plain.startsWith('/');
    const segments = plain.split('/').filter((segment) => segment !== '');
    await walk({ cwd, found }, absolute ? '/' : '', segments);
  }
  return [...found].sort();
}

interface Walk {
  readonly cwd: string;
  readonly found: Set<string>;
}

/** Matches `segments` below `folder`, which is `''` or ends with a slash. */
async function walk(state: Walk, folder: string, segments: readonly string[]): Promise<void> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (segment === '**') return walkAnyDepth(state, folder, rest.length === 0 ? ['*'] : rest);
  if (!hasMagic(segment)) return walkName(state, `${folder}${segment.replace(/\\(.)/g, '$1')}`, rest);
  const matches = segmentMatcher(segment);
  for (const entry of await entries(state, folder)) {
    if (matches(entry.name)) await walkEntry(state, folder, entry, rest);
  }
}

async function walkAnyDepth(state: Walk, folder: string, rest: readonly string[]): Promise<void> {
  await walk(state, folder, rest);
  for (const entry of await entries(state, folder)) {
    if (entry.isDirectory() && !entry.name.startsWith('.')) await walkAnyDepth(state, `${folder}${entry.name}/`, rest);
  }
}

async function walkName(state: Walk, path: string, rest: readonly string[]): Promise<void> {
  if (rest.length > 0) return walk(state, `${path}/`, rest);
  if (await isFile(state, path)) state.found.add(path);
}

async function walkEntry(state: Walk, folder: string, entry: Entry, rest: readonly string[]): Promise<void> {
  const path = `${folder}${entry.name}`;
  if (rest.length > 0) {
    if (!entry.isFile()) await walk(state, `${path}/`, rest);
  } else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(state, path)))) {
    state.found.add(path);
  }
}

interface Entry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** What a folder holds; nothing when it is none or may not be read. */
async function entries(state: Walk, folder: string): Promise<readonly Entry[]> {
  try {
    return await readdir(resolve(state.cwd, folder), { withFileTypes: true });
  } catch {
    return [];
  }
}

async function isFile(state: Walk, path: string): Promise<boolean> {
  try {
    return (await stat(resolve(state.cwd, path))).isFile();
  } catch {
    return false;
  }
}

/** A predicate for names of one segment. */
export function segmentMatcher(segment: string): (name: string) => boolean {
  const expression = new RegExp(`^${segmentSource(segment)}$`, 'su');
  const dotted = segment.startsWith('.') || segment.startsWith('\\.');
  return (name) => (dotted || !name.startsWith('.')) && expression.test(name);
}

const TOKEN = /\\(.)|(\*+)|(\?)|\[([!^]?)(\]?[^\]]*)\]|(.)/gsu;

function segmentSource(segment: string): string {
  return segment.replace(TOKEN, (_, escaped?: string, star?: string, question?: string, negated?: string, set?: string, plain?: string) => {
    if (star !== undefined) return '.*';
    if (question !== undefined) return '.';
    if (set !== undefined && set !== '') return `[${negated === '' ? '' : '^'}${set.replace(/[\\\][^]/g, '\\$&')}]`;
    return quote(escaped ?? plain ?? '[]');
  });
}

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** `a{b,c{d,e}}` -> `ab`, `acd`, `ace`. Braces without a comma stay as they are. */
export function expandBraces(pattern: string): string[] {
  const group = firstGroup(pattern);
  if (group === undefined) return [pattern];
  const tails = expandBraces(pattern.slice(group.end + 1));
  return group.parts.flatMap((part) => expandBraces(part)).flatMap((part) => tails.map((tail) => pattern.slice(0, group.start) + part + tail));
}

/** The first balanced group that has a comma at its own depth. */
function firstGroup(pattern: string): { start: number; end: number; parts: string[] } | undefined {
  for (let start = 0; start < pattern.length; start += 1) {
    if (pattern[start] === '\\') start += 1;
    else if (pattern[start] === '{') {
      const group = readGroup(pattern, start);
      if (group !== undefined && group.parts.length > 1) return { start, ...group };
    }
  }
  return undefined;
}

function readGroup(pattern: string, start: number): { end: number; parts: string[] } | undefined {
  const parts: string[] = [];
  let depth = 0;
  let partStart = start + 1;
  for (let at = start; at < pattern.length; at += 1) {
    const character = pattern[at];
    if (character === '\\') at += 1;
    else if (character === '{') depth += 1;
    else if (character === ',' && depth === 1) {
      parts.push(pattern.slice(partStart, at));
      partStart = at + 1;
    } else if (character === '}') {
      depth -= 1;
      if (depth === 0) return { end: at, parts: [...parts, pattern.slice(partStart, at)] };
    }
  }
  return undefined;
}
