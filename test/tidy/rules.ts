/** The rules of the source tree, each a function from the files to the sentences that say what is wrong and what to do. */
import { posix } from 'node:path';
import type { TextFile } from '../repository.js';
import type { SourceFile } from './source.js';

/** Tests and what only tests use: bound by fewer rules, and never imported by what ships. */
export function isTestCode(path: string): boolean {
  return /\.(?:test|contract)\.ts$|(?:^|\/)fixtures\//.test(path);
}

/** Imports go to the same layer or down; `layers[0]` is the lowest. A unit is a folder of `src`, or a file directly in it. */
export function layering(files: readonly SourceFile[], layers: readonly (readonly string[])[]): string[] {
  const layerOf = new Map(layers.flatMap((units, layer) => units.map((unit) => [unit, layer] as const)));
  return files.flatMap((file) => {
    const layer = layerOf.get(unitOf(file.path));
    if (layer === undefined) return [`src/${file.path}: ${unitOf(file.path)} stands in no layer; add it to the table in test/tidy.test.ts`];
    return targets(file).flatMap(({ path, line }) => {
      const targetLayer = layerOf.get(unitOf(path)) ?? 0;
      return targetLayer > layer
        ? [`src/${file.path}:${line} (layer ${layer}) imports ${path} (layer ${targetLayer}); move what both need down, or pass it in`]
        : [];
    });
  });
}

/** No two units of one layer import each other, not even through a third. */
export function unitCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map<string, Set<string>>();
  for (const file of files.filter(({ path }) => !isTestCode(path))) {
    const unit = unitOf(file.path);
    const edges = graph.get(unit) ?? new Set();
    for (const { path } of targets(file)) if (unitOf(path) !== unit) edges.add(unitOf(path));
    graph.set(unit, edges);
  }
  return findCycles(graph).map((cycle) => `folders of src import each other: ${cycle.join(' -> ')}; move what both need to a lower layer`);
}

/** No file imports itself through others; imports of types count. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, new Set(targets(file).map(({ path }) => path))]));
  return findCycles(graph).map((cycle) => `files of src import each other: ${cycle.join(' -> ')}; put the contract in a file of its own`);
}

/** Every relative import names a file that is there. */
export function danglingImports(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  return files.flatMap((file) =>
    targets(file).flatMap(({ path, line }) => (known.has(path) ? [] : [`src/${file.path}:${line} imports src/${path}, which does not exist`])),
  );
}

/** The folders `units` take time and chance as arguments: they know nothing of the platform. */
export function purity(files: readonly SourceFile[], units: readonly string[], bannedNames: readonly string[]): string[] {
  const banned = new Set(bannedNames);
  return files
    .filter(({ path }) => units.includes(unitOf(path)) && !isTestCode(path))
    .flatMap((file) => [
      ...file.imports
        .filter(({ name }) => name.startsWith('node:'))
        .map(({ name, line }) => `src/${file.path}:${line} imports ${name}; take what it needs as an argument`),
      ...file.names.filter(({ name }) => banned.has(name)).map(({ name, line }) => `src/${file.path}:${line} uses ${name}; take time and chance as arguments`),
    ]);
}

/** Packages that only one file is to import. */
export function importedOnlyIn(files: readonly SourceFile[], name: string, home: string): string[] {
  return files
    .filter(({ path }) => path !== home)
    .flatMap(({ path, imports }) => imports.filter((each) => each.name === name).map(({ line }) => `src/${path}:${line} imports ${name}; import src/${home}`));
}

/** What ships imports the platform, itself and the optional peers, and each peer in one file only. */
export function packagesImported(files: readonly SourceFile[], peers: readonly string[]): string[] {
  const shipped = files.filter(({ path }) => !isTestCode(path));
  const external = shipped.flatMap((file) =>
    file.imports.filter(({ name }) => !/^(?:\.|node:)/.test(name)).map(({ name, line }) => ({ name, at: `src/${file.path}:${line}`, path: file.path })),
  );
  const strangers = external
    .filter(({ name }) => !peers.includes(packageName(name)))
    .map(({ name, at }) => `${at} imports ${name}; millrace has no dependencies: use the platform, or declare an optional peer`);
  const crowded = peers.flatMap((peer) => {
    const importers = [...new Set(external.filter(({ name }) => packageName(name) === peer).map(({ path }) => path))];
    return importers.length > 1 ? [`${peer} is imported by ${importers.join(' and ')}; keep all contact with it in one file`] : [];
  });
  return [...strangers, ...crowded];
}

/** What ships imports no test code. */
export function testCodeImported(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !isTestCode(path))
    .flatMap((file) =>
      targets(file).flatMap(({ path, line }) =>
        isTestCode(path) ? [`src/${file.path}:${line} imports ${path}, which is not published; move what it needs out of there`] : [],
      ),
    );
}

/** A global that only one file may touch, so that tests can put a double in its place. */
export function onlyIn(files: readonly SourceFile[], name: string, home: string): string[] {
  return files
    .filter(({ path }) => path !== home && !isTestCode(path))
    .flatMap((file) =>
      file.names
        .filter((used) => used.name === name)
        .map(({ line }) => `src/${file.path}:${line} uses ${name}; import it from ${home}, which tests can replace`),
    );
}

/** `any` needs a line before it that gives the reason to the linter. */
export function looseTypes(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const excused = new Set(
      file.comments.filter(({ name }) => /oxlint-disable-next-line typescript\/no-explicit-any -- \S/.test(name)).map(({ line }) => line + 1),
    );
    const lines = file.anyTypes.map(({ line }) => line).filter((line) => !excused.has(line));
    const silenced = file.comments.filter(({ name }) => /@ts-(?:ignore|nocheck|expect-error)/.test(name)).map(({ line }) => line);
    return [
      ...lines.map((line) => `src/${file.path}:${line} uses any; say unknown and narrow it, or give the reason in an oxlint comment on the line before`),
      ...silenced.map((line) => `src/${file.path}:${line} silences the compiler; mend the type`),
    ];
  });
}

/** What users see is a MillraceError with a code. */
export function plainErrors(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !isTestCode(path))
    .flatMap((file) => file.plainThrows.map(({ name, line }) => `src/${file.path}:${line} throws a plain ${name}; use a class of src/errors.ts with a code`));
}

/** A test lies beside what it tests, under the same name. */
export function strayTests(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  return files
    .filter(({ path }) => path.endsWith('.test.ts'))
    .flatMap(({ path }) =>
      known.has(path.replace(/\.test\.ts$/, '.ts')) ? [] : [`src/${path} tests no file of that name; name it after the file it tests, or move it to test/`],
    );
}

/** No file is longer than `linesMax`, but for those in `allowed`, which may only shrink. */
export function fileLengths(files: readonly SourceFile[], linesMax: number, allowed: Readonly<Record<string, number>>): string[] {
  const tooLong = files.flatMap(({ path, lines }) => {
    const limit = allowed[path] ?? linesMax;
    if (lines > limit) return [`src/${path} has ${lines} lines, ${limit} are allowed; split it along its concepts`];
    return path in allowed && lines < limit ? [`src/${path} has shrunk to ${lines} lines; lower its entry from ${limit} (remove it at ${linesMax})`] : [];
  });
  const gone = Object.keys(allowed).filter((path) => !files.some((file) => file.path === path));
  return [...tooLong, ...gone.map((path) => `the list of long files names src/${path}, which does not exist; remove the entry`)];
}

/** Every file is reached from `entries` or from a test, by an import or as a module started by its URL. */
export function unreachable(files: readonly SourceFile[], entries: readonly string[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const missing = entries.filter((path) => !byPath.has(path)).map((path) => `package.json names an entry whose source src/${path} does not exist`);
  const reached = new Set<string>();
  const pending = [...entries, ...files.map(({ path }) => path).filter((path) => path.endsWith('.test.ts'))];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    pending.push(...targets(file).map((target) => target.path), ...file.moduleUrls.map((url) => resolve(file.path, url)));
  }
  const dead = files.filter(({ path }) => !reached.has(path) && !path.includes('fixtures/'));
  return [...missing, ...dead.map(({ path }) => `src/${path} is reached from no door, bin, entry or test; use it or remove it`)];
}

/** No notes to self: what is open is an issue, not a comment. */
export function openMarks(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    file.comments
      .filter(({ name }) => /\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/.test(name))
      .map(({ line }) => `${file.path}:${line} leaves a mark; do it now or file an issue`),
  );
}

/** All tests run, always. */
export function disabledTests(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => isTestCode(path))
    .flatMap((file) => file.testMarks.map(({ name, line }) => `${file.path}:${line} has ${name}; let the test run, or remove it`));
}

/** Nothing names a folder of one machine. */
export function machinePaths(files: readonly TextFile[], ownFolder: string): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = line.includes(ownFolder) ? ownFolder : /(?<![\w.:/-])\/(?:home|Users|root|work)\/[\w.-]+/.exec(line)?.[0];
      return found === undefined ? [] : [`${path}:${index + 1} names ${found}; use a relative path`];
    }),
  );
}

function unitOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function targets(file: SourceFile): { path: string; line: number }[] {
  return file.imports.filter(({ name }) => name.startsWith('.')).map(({ name, line }) => ({ path: resolve(file.path, name), line }));
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

/** One cycle for every edge that closes one on a depth-first walk. */
function findCycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (node: string): void => {
    const at = path.indexOf(node);
    if (at !== -1) cycles.push([...path.slice(at), node]);
    if (at !== -1 || done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) walk(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) walk(node);
  return cycles;
}
