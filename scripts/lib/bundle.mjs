/**
 * What ships, made from the compiled sources. A file costs some 0.7 ms to load, in the program and again in every worker, so there are few:
 *
 *   dist/index.js, worker/door.js, cli/main.js     the doors and the bin of package.json
 *   dist/worker/entry/thread-main.js, …            every module that is started by its URL
 *   dist/chunks/…                                  what several of them share, once, so that state and classes have one instance:
 *
 *          index.js ───> pool ───────────┐         (the commands of the bin load it too)
 *          thread-main.js ─> serve loop ─┼─> shared: all that a program and a worker both need
 *          door.js ──────────────────────┘
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

const COMPILED = `${root}/build/src`;
const DIST = `${root}/dist`;

const POOL = 'pool/worker-pool.js';

const MODULE_URL = /new URL\((['"])(\.{1,2}(?:\/[^'"]*)?)\1, import\.meta\.url\)/g;
const PLACE = /millrace-(url|file):([^"'`]*)/g;

/** Makes `dist` from `build/src`. `doors` are the modules that package.json names; the first is the package itself. */
export async function bundle(doors) {
  const entries = [...new Set([...doors, ...startedByUrl()])];
  // What imports nothing of ours has no part in what the others share.
  const alone = entries.filter((path) => !/(?:from|^import) ['"]\./m.test(read(path)));
  const together = entries.filter((path) => !alone.includes(path));
  const { inputs } = (await build(together, {})).metafile;
  const all = [...together, ...loadedLater(inputs)];
  const outputs = [await build(alone, { plugins: [shipping([])] }), await build(together, { plugins: [shipping(commonFiles(inputs, all))] })];
  const files = new Map(outputs.flatMap(({ outputFiles }) => outputFiles).map(({ path, text }) => [relative(path, DIST), text]));
  for (const [path, text] of files) if (path.endsWith('.js')) files.set(path, fillPlaces(path, text));
  for (const path of declarations(doors)) files.set(path, read(path));
  write(files);
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
 * Which entries are to have which modules in common, as one file: esbuild would make a file of every set of entries that share something.
 *
 *   all entries       what the package shares with what is loaded apart from it, in workers
 *   those of a program   the rest of the package: doors and commands that bring the pool themselves are loaded where the package is; were they counted as
 *                     apart, every worker would load the pool
 */
function commonFiles(inputs, entries) {
  const [index] = entries;
  const whole = reachable(inputs, index);
  const inPrograms = entries.filter((entry) => reachable(inputs, entry).has(POOL));
  const apart = entries.filter((entry) => !inPrograms.includes(entry)).map((entry) => reachable(inputs, entry));
  const shared = [...whole].filter((path) => apart.some((modules) => modules.has(path)));
  return [
    { name: 'millrace-shared', entries, modules: shared },
    { name: 'millrace-program', entries: inPrograms, modules: [...whole].filter((path) => path !== index && !shared.includes(path)) },
  ];
}

function reachable(inputs, entry, reached = new Set()) {
  if (reached.has(entry)) return reached;
  reached.add(entry);
  for (const { path, kind, external } of inputs[entry].imports) if (kind === 'import-statement' && external !== true) reachable(inputs, path, reached);
  return reached;
}

/** Marks places in the modules, and has the entries of each common file import all of it: then it is one. */
function shipping(commons) {
  return {
    name: 'shipping',
    setup({ onLoad, onResolve }) {
      for (const { name, modules } of commons) {
        const contents = modules.map((path) => `import ${JSON.stringify(`${COMPILED}/${path}`)};`).join('\n');
        onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: name }));
        onLoad({ filter: /./, namespace: name }, () => ({ contents, resolveDir: COMPILED }));
      }
      onLoad({ filter: /\.js$/ }, ({ path: file }) => {
        const path = relative(file, COMPILED);
        const imports = commons.filter(({ entries }) => entries.includes(path)).map(({ name }) => `\nimport '${name}';`);
        return { contents: markPlaces(path, read(path)) + imports.join('') };
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

/** The text of a file of dist in which each place is said as seen from this file. */
function fillPlaces(path, text) {
  return text.replace(PLACE, (_whole, kind, target) => {
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
