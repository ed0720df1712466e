/**
 * What ships, made from the compiled sources. A file costs some 0.7 ms to load, in the program and again in every worker, so there are few:
 *
 *   dist/index.js, worker/door.js, cli/main.js     the doors and the bin of package.json
 *   dist/worker/entry/thread-main.js, …            every module that is started by its URL
 *   dist/chunks/…                                  what several of them share, once, so that state and classes have one instance:
 *
 *          index.js ─────────────┬──> base: errors, `defineTask`, `move`, what takes the host as it is; loaded with the import
 *          thread-main.js, … ────┘
 *
 *          createPool() ──> starter.cjs: a thread, and then
 *                           program.cjs: the pool ──┬──> threads.cjs: what else it shares with threads ──> core.cjs: what every worker needs, too
 *          thread-main.js ──> serve loop ───────────┘                                                        ^
 *          process-main.js ──> serve loop ───────────────────────────────────────────────────────────────────┘
 *
 *   dist/**\/*.d.ts                                 the declarations that the doors lead to, as the compiler wrote them
 *
 * A module no longer lies where it was written, so what it says of its place is made to mean the same from the file it ends up in:
 *   new URL('./entry/thread-main.js', import.meta.url)     leads to the file in dist
 *   'transport/join-stacks.js', a module's own path        is the path of that file below dist
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listFiles } from './files.mjs';
import { Failure, root } from './process.mjs';
import { lending } from './lent.mjs';

const COMPILED = `${root}/build/src`;
const DIST = `${root}/dist`;

const POOL = 'pool/worker-pool.js';
const CREATE_POOL = 'pool/create-pool.js';
const ASSEMBLE_POOL = 'pool/assemble-pool.js';
/**
 * What takes the host as it is at the import. By the first pool a test may have put fakes in the place of its timers, and the asynchronous context may be
 * that of a request.
 */
const AT_ONCE = ['runtime/host-timers.js', 'runtime/async-context.js'];
const PROCESS_ENTRY = 'worker/entry/process-main.js';
const THREAD_ENTRY = 'worker/entry/thread-main.js';

const OWNERS = [PROCESS_ENTRY, THREAD_ENTRY];

const MODULE_URL = /new URL\((['"])(\.{1,2}(?:\/[^'"]*)?)\1, import\.meta\.url\)/g;
const PLACE = /millrace-(url|file):([^"'`]*)/g;

/** Makes `dist` from `build/src`. `doors` are the modules that package.json names; the first is the package itself. */
export async function bundle(doors) {
  const entries = [...new Set([...doors, ...startedByUrl()])];
  // What imports nothing of ours has no part in what the others share.
  const alone = entries.filter((path) => !/(?:from|^import) ['"]\./m.test(read(path)));
  const together = entries.filter((path) => !alone.includes(path));
  const { inputs } = (await build(together, {})).metafile;
  const later = loadedLater(inputs);
  const { base, parts } = commonFiles(inputs, [...together, ...later], later);
  const { plugin, build: partBuild } = lending(parts, { compiled: COMPILED, read, shippingText: markPlaces, late: doors[0], arity });
  // What the parts load later can be found from nowhere else.
  const loadedByParts = loadedLater(Object.fromEntries(parts.flatMap(({ modules }) => [...modules].map((path) => [path, inputs[path]]))));
  const outputs = [
    await build(alone, { plugins: [shipping()] }),
    await build([...new Set([...together, ...loadedByParts])], { plugins: [plugin, shipping(base)] }),
  ];
  for (const part of parts) outputs.push(await build([], partBuild(part)));
  const files = new Map(outputs.flatMap(({ outputFiles }) => outputFiles).map(({ path, text }) => [relative(path, DIST), text]));
  for (const [path, text] of files) if (/\.c?js$/.test(path)) files.set(path, fillPlaces(path, text));
  dropEmptyFiles(files);
  for (const path of declarations(doors)) files.set(path, read(path));
  write(files);
}

/** What only held imports of a common file is empty, but for where its source map lies. The lines that import it stay, empty: maps count them. */
function dropEmptyFiles(files) {
  for (const [path, text] of files) {
    if (!/^chunks\/.*\.js$/.test(path) || !/^\/\/# sourceMappingURL=.*\s*$/.test(text)) continue;
    files.delete(path);
    files.delete(`${path}.map`);
    const imports = new RegExp(`^import "[./]*(?:chunks/)?${posix.basename(path)}";$`, 'gm');
    for (const [other, code] of files) if (other.endsWith('.js')) files.set(other, code.replace(imports, ''));
  }
}

async function build(entries, more) {
  // Not imported at the top: in a bare clone it is not installed yet.
  const esbuild = await import(pathToFileURL(`${root}/node_modules/esbuild/lib/main.js`).href);
  const options = {
    entryPoints: entries.map((path) => `${COMPILED}/${path}`),
    absWorkingDir: COMPILED,
    outbase: COMPILED,
    outdir: DIST,
    chunkNames: 'chunks/[name]-[hash]',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    sourcemap: true,
    // package.json speaks of dist: that a file is not in its list says nothing here.
    ignoreAnnotations: true,
    logLevel: 'silent',
    ...more,
  };
  try {
    return await esbuild.build(options);
  } catch (error) {
    throw new Failure(`the bundle cannot be made: ${error.message}`);
  }
}

/** Compiled modules that some module starts by its URL: threads, processes, preloads, task modules of our own. */
function startedByUrl() {
  return listFiles(COMPILED, '.js')
    .filter((path) => !/\.(?:test|contract)\.js$|(?:^|\/)fixtures\//.test(path))
    .flatMap((path) => [...read(path).matchAll(MODULE_URL)].map(([, , url]) => posix.join(posix.dirname(path), url)))
    .filter((path) => path.endsWith('.js') && isModule(path));
}

/** Modules that are loaded by an `import()`: entries, too, to the bundler. */
function loadedLater(inputs) {
  return Object.values(inputs).flatMap(({ imports }) =>
    imports.filter(({ kind, external }) => kind === 'dynamic-import' && external !== true).map(({ path }) => path),
  );
}

/**
 * What is to lie where of the package, in as few files as can be: esbuild would make a file of every set of entries that share something.
 *
 *   base      what comes with an import of the package; the parts are loaded when something of them is needed, see lent.mjs
 *   starter   what `createPool` does before it loads the pool
 *   core      what the pool shares with worker processes: their start is the longest, and none of it goes to code of others
 *   threads   what else it shares with what is loaded apart from it
 *   program   the rest of the package: doors and commands that bring the pool themselves are loaded where the package is, and so is what only these load
 *             later; were they counted as apart, every worker would load the pool
 */
function commonFiles(inputs, entries, later) {
  const [index] = entries;
  const whole = [...reachable(inputs, index)].filter((path) => path !== index);
  const apart = new Set(entries.filter((entry) => !later.includes(entry)).flatMap((entry) => modulesApart(inputs, entry)));
  const inProcesses = reachable(inputs, PROCESS_ENTRY);
  const first = [...importsOf(inputs, index).filter((path) => apart.has(path)), ...AT_ONCE];
  const base = new Set(first.flatMap((path) => [...reachable(inputs, path)]));
  const starter = reachable(inputs, CREATE_POOL, new Set([...base, ASSEMBLE_POOL]));
  for (const path of [...base, ASSEMBLE_POOL]) starter.delete(path);
  const others = whole.filter((path) => !base.has(path) && !starter.has(path));
  return {
    base: { index, modules: base, entries: entries.filter((entry) => whole.some((path) => reachable(inputs, entry).has(path))) },
    parts: [
      { name: 'starter', modules: starter },
      { name: 'core', modules: new Set(others.filter((path) => inProcesses.has(path))) },
      { name: 'threads', modules: new Set(others.filter((path) => !inProcesses.has(path) && apart.has(path))) },
      { name: 'program', modules: new Set(others.filter((path) => !inProcesses.has(path) && !apart.has(path))) },
    ],
  };
}

/** How many parameters a function of a compiled module declares. */
async function arity(path, name) {
  const { [name]: value } = await import(pathToFileURL(`${COMPILED}/${path}`).href);
  if (typeof value !== 'function' || value.prototype?.constructor !== value || /^class\b/.test(String(value)))
    throw new Failure(`${path}: what the package exports must be a function or be loaded at once, and ${name} is neither`);
  return value.length;
}

/** What comes with an entry where the pool does not. The command loads its pool later. */
function modulesApart(inputs, entry) {
  const [now, ever] = [reachable(inputs, entry), reachable(inputs, entry, new Set(), true)];
  return now.has(POOL) ? [] : [...(ever.has(POOL) ? now : ever)];
}

/** The modules that come with one; `andLater`: those that it loads in the course of time, too. */
function reachable(inputs, entry, reached = new Set(), andLater = false) {
  if (reached.has(entry)) return reached;
  reached.add(entry);
  for (const path of importsOf(inputs, entry, andLater)) reachable(inputs, path, reached, andLater);
  return reached;
}

function importsOf(inputs, module, andLater = false) {
  const counts = ({ kind, external }) => external !== true && (kind === 'import-statement' || (andLater && kind === 'dynamic-import'));
  return inputs[module].imports.filter(counts).map(({ path }) => path);
}

/**
 * Marks places in the modules, and has the entries that share anything with the package import all of its base: then it is one file. What an entry of
 * workers needs beside the base and the parts it has to itself, in its own file, even if another file holds it too: the serve loop and its transport,
 * which keep nothing in which two instances of them in one thread could differ.
 */
function shipping(base) {
  return {
    name: 'shipping',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, importer, namespace, kind, resolveDir }) => {
        const owner = OWNERS.find((entry) => namespace === entry || relative(importer, COMPILED) === entry);
        const target = posix.join(resolveDir.replaceAll('\\', '/'), path);
        const isOwn = owner !== undefined && kind === 'import-statement' && !base.modules.has(relative(target, COMPILED));
        if (isOwn) return { path: target, namespace: owner };
        return namespace === 'file' ? undefined : { path: target, namespace: 'file' };
      });
      onResolve({ filter: /^millrace-base$/ }, ({ path }) => ({ path, namespace: path }));
      onLoad({ filter: /./, namespace: 'millrace-base' }, () => {
        const all = [...[...base.modules, base.index].map((path) => `${COMPILED}/${path}`), 'millrace-lender'];
        return { contents: all.map((path) => `import ${JSON.stringify(path)};`).join('\n'), resolveDir: COMPILED };
      });
      onLoad({ filter: /\.js$/ }, ({ path: file }) => {
        const path = relative(file, COMPILED);
        const imports = base?.entries.includes(path) ? "\nimport 'millrace-base';" : '';
        return { contents: markPlaces(path, read(path)) + imports, resolveDir: posix.dirname(file) };
      });
    },
  };
}

/** The text of a module in which each place is named as seen from the root of the package. */
function markPlaces(path, text) {
  const marked = text.replace(MODULE_URL, (whole, _quote, url) => {
    const target = posix.join('dist', posix.dirname(path), url.endsWith('.') ? `${url}/` : url);
    // No module of ours: an example in a message.
    return target.endsWith('.js') && !isModule(posix.relative('dist', target)) ? whole : `new URL("millrace-url:${target}", import.meta.url)`;
  });
  return marked.replaceAll(`'${path}'`, `'millrace-file:${path}'`);
}

/** The text of a file of dist in which each place is said as seen from this file, and none as seen from this machine. */
function fillPlaces(path, text) {
  return text.replaceAll(`${COMPILED}/`, '').replace(PLACE, (_whole, kind, target) => {
    if (kind === 'file') return path;
    const way = posix.relative(posix.dirname(`dist/${path}`), target);
    return `${way.startsWith('.') ? '' : './'}${way}${target.endsWith('/') && way !== '' ? '/' : ''}`;
  });
}

/** Declarations reached from those of the doors. */
function declarations(doors) {
  const reached = new Set();
  const pending = doors.filter((path) => !path.startsWith('cli/')).map((path) => path.replace(/\.js$/, '.d.ts'));
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    // What is not there is an example in a comment.
    if (reached.has(path) || !isModule(path)) continue;
    reached.add(path);
    for (const [, specifier] of read(path).matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g))
      pending.push(posix.join(posix.dirname(path), `${specifier}.d.ts`));
  }
  return reached;
}

/** Makes dist hold these files and no others; what is the same already is left alone, for whoever is running it. Chunks come before what imports them. */
function write(files) {
  for (const [path, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = `${DIST}/${path}`;
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    mkdirSync(posix.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (const path of listFiles(DIST, '')) if (!files.has(path)) rmSync(`${DIST}/${path}`);
  chmodSync(`${DIST}/cli/main.js`, 0o755);
}

function read(path) {
  return readFileSync(`${COMPILED}/${path}`, 'utf8');
}

function isModule(path) {
  return existsSync(`${COMPILED}/${path}`);
}

function relative(file, folder) {
  return posix.relative(folder.replaceAll('\\', '/'), file.replaceAll('\\', '/'));
}
