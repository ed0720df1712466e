/**
 * The parts of the package that are loaded in the middle of a synchronous call: a `createPool` in a program that has only imported the package so far.
 * On every runtime a CommonJS file can be loaded so, and nothing else can. Each part is such a file, `dist/chunks/core.cjs` and so on; it exports a
 * function that takes what the modules of the part import from other files, and gives the modules. From a part after it a module can import functions only,
 * and the part is loaded when one of them is called.
 *
 *   any other file that imports a module of a part     has the part loaded with it
 *   index.js                                           loads it when one of its functions is called
 *
 * So there is one instance of each module, whoever imports it.
 */
import { posix } from 'node:path';

const [LENT, LOADER, PART] = ['lent', 'lender', 'part'];

const IMPORT = /^(?:import|export) (?:(\w+)|\{([^}]*)\}|\* as (\w+)) from '([^']+)';$/gm;

/**
 * @param parts in the order in which they build upon each other: `{ name, modules }`
 * @param compiled the folder of the compiled modules; `read` gives the text of one of them, and `shippingText` that in which its places are marked
 * @param late the module that calls on the parts in its functions only; `arity` tells how many parameters an exported function declares
 */
export function lending(parts, { compiled, read, shippingText, late, arity }) {
  const partOf = (path) => parts.find(({ modules }) => modules.has(path));
  const wanted = new Map(parts.map((part) => [part, importsOf(part)]));
  /** Modules that are imported from outside of their part. */
  const lent = new Set([...wanted.values()].flatMap((imports) => [...imports.keys()]).filter(partOf));
  return { plugin: { name: 'lending', setup: setUpBorrowers }, build: partBuild };

  /** What a part imports from elsewhere: module or builtin -> names. */
  function importsOf({ modules }) {
    const imports = new Map();
    for (const path of modules)
      for (const [from, names] of importsIn(path)) if (!modules.has(from)) imports.set(from, new Set([...(imports.get(from) ?? []), ...names]));
    return imports;
  }

  /** What a module imports: module or builtin -> names. */
  function importsIn(path) {
    const imports = new Map();
    for (const [, byDefault, named, all, specifier] of read(path).matchAll(IMPORT)) {
      const from = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
      const names = [...(byDefault === undefined ? [] : ['default']), ...namesIn(named ?? ''), ...(all === undefined ? [] : exportsOf(read(from)))];
      imports.set(from, [...(imports.get(from) ?? []), ...names]);
    }
    return imports;
  }

  /** Has the files that are no part find the modules of the parts there. */
  function setUpBorrowers({ onLoad, onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, importer, namespace, resolveDir }) => {
      const target = below(posix.join(slashes(resolveDir), path));
      if (partOf(target) === undefined) return undefined;
      lent.add(target);
      // One for each importer, which has it in its own file then.
      return { path: target, namespace: LENT, suffix: `?${namespace}:${below(slashes(importer))}` };
    });
    onResolve({ filter: /^millrace-lender$/ }, ({ path }) => ({ path, namespace: LOADER }));
    onLoad({ filter: /./, namespace: LENT }, async ({ path, suffix }) => {
      const importer = suffix.slice(suffix.indexOf(':') + 1);
      const names = [...new Set(importsIn(importer).get(path))];
      const { name: part } = partOf(path);
      const source = `${part}()[${JSON.stringify(path)}]`;
      const lines =
        importer === late ? await Promise.all(names.map((name) => stub(path, name, source))) : [`export const { ${names.join(', ')} } = ${source};`];
      return { contents: [`import { ${part} } from 'millrace-lender';`, ...lines].join('\n'), resolveDir: compiled };
    });
    onLoad({ filter: /./, namespace: LOADER }, () => ({ contents: lender(), resolveDir: compiled }));
  }

  async function stub(path, name, source) {
    const parameters = Array.from({ length: await arity(path, name) }, (_, index) => `arg${index}`);
    return `export function ${name}(${parameters.join(', ')}) { return ${source}.${name}(...arguments); }`;
  }

  /** A module with a function for each part that gives its modules, which have been loaded by then. */
  function lender() {
    const lines = ["import { createRequire } from 'node:module';", 'const load = createRequire(import.meta.url);'];
    for (const part of parts) {
      const entries = [];
      for (const [from, names] of wanted.get(part)) {
        if (!from.endsWith('.js')) continue;
        const other = partOf(from);
        const key = JSON.stringify(from);
        if (other !== undefined) {
          const calls = [...names].map((name) => `${name}: (...args) => ${other.name}()[${key}].${name}(...args)`);
          const isLater = parts.indexOf(other) > parts.indexOf(part);
          entries.push(`${key}: ${isLater ? `{ ${calls.join(', ')} }` : `${other.name}()[${key}]`}`);
          continue;
        }
        const local = (name) => `${part.name}_${entries.length}_${name}`;
        lines.push(`import { ${[...names].map((name) => `${name} as ${local(name)}`).join(', ')} } from "./${from}";`);
        entries.push(`${key}: { ${[...names].map((name) => `${name}: ${local(name)}`).join(', ')} }`);
      }
      lines.push(`let ${part.name}Modules;`, `export function ${part.name}() {`);
      lines.push(`  return ${part.name}Modules ??= load("millrace-url:dist/${fileOf(part)}")({ ${entries.join(', ')} }, {});`, '}');
    }
    return lines.join('\n');
  }

  /** The options with which the bundler makes a part, once it has made the files that are none. */
  function partBuild(part) {
    const modules = [...lent].filter((path) => part.modules.has(path));
    const entry = modules.map((path, index) => `import * as m${index} from "./${path}";\nexport { m${index} as ${JSON.stringify(path)} };`);
    const plugin = {
      name: 'part',
      setup({ onLoad, onResolve }) {
        onResolve({ filter: /./ }, ({ path, kind, resolveDir }) => {
          if (kind === 'entry-point') return { path, namespace: PART };
          const isOurs = path.startsWith('.');
          const target = isOurs ? below(posix.join(slashes(resolveDir), path)) : path;
          if (kind === 'dynamic-import') return { path: isOurs ? posix.relative(posix.dirname(fileOf(part)), target) : path, external: true };
          if (kind === 'require-call') return { path, external: true };
          return part.modules.has(target) ? { path: `${compiled}/${target}` } : { path: target, namespace: LENT };
        });
        onLoad({ filter: /./, namespace: PART }, () => ({ contents: entry.join('\n'), resolveDir: compiled }));
        onLoad({ filter: /./, namespace: LENT }, ({ path }) => {
          const names = [...wanted.get(part).get(path)];
          const source = path.endsWith('.js') ? `given[${JSON.stringify(path)}]` : `require(${JSON.stringify(path)})`;
          const named = names.filter((name) => name !== 'default').join(', ');
          const lines = [named === '' ? '' : `export const { ${named} } = ${source};`, names.includes('default') ? `export default ${source};` : ''];
          return { contents: lines.join('\n'), resolveDir: compiled };
        });
        onLoad({ filter: /\.js$/, namespace: 'file' }, ({ path: file }) => {
          const path = below(slashes(file));
          return { contents: shippingText(path, read(path)), resolveDir: posix.dirname(file) };
        });
      },
    };
    return {
      entryPoints: [{ in: part.name, out: fileOf(part).replace(/\.cjs$/, '') }],
      outExtension: { '.js': '.cjs' },
      splitting: false,
      format: 'cjs',
      define: { 'import.meta.url': 'ownUrl' },
      // In parentheses, for which the engine compiles it at once: it would read all of it twice otherwise.
      banner: { js: '"use strict";\nconst ownUrl = require("node:url").pathToFileURL(__filename).href;\nmodule.exports = (function (given, module) {' },
      footer: { js: 'return module.exports;\n});' },
      plugins: [plugin],
    };
  }

  function below(file) {
    return posix.relative(compiled, file);
  }
}

function fileOf({ name }) {
  return `chunks/${name}.cjs`;
}

function slashes(path) {
  return path.replaceAll('\\', '/');
}

/** The names that are imported by `a, b as c`: a and b. */
function namesIn(list) {
  return list
    .split(',')
    .map((item) => item.trim().split(/\s+as\s+/)[0])
    .filter((name) => name !== '');
}

/** The names that a compiled module exports. */
function exportsOf(text) {
  return [...text.matchAll(/^export (?:async )?(?:function\*?|class|const|let) (\w+)/gm)].map(([, name]) => name);
}
