/**
 * Holds the documentation in step with the code: `node scripts/docs-check.mjs`, and `test/docs.test.ts`.
 *
 * 1. Reference pages name exactly what the code has: one entry for each error code, event, option, flag and exit code. An entry is a code span in
 *    a heading or in the first cell of a table row; a check with a `section` looks only below the heading that contains that text.
 * 2. Links between pages lead somewhere, anchors included.
 * 3. A code block opened with ```ts file=examples/hello.ts is that file; with region=name it is the lines between `// #region name`
 *    and `// #endregion`.
 * 4. Commands that a page tells the reader to type (`npm run x`) exist.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

const OPTION = /^[a-z][A-Za-z]*(?:\.[a-z][A-Za-z]*)*$/;

/** What the code has (`names`, from `source`) against what the page has (`pattern`, in `section`). */
const IN_STEP = [
  { what: 'error code', source: 'src/errors.ts', names: objectKeys('ERROR_CODES'), page: 'docs/reference/errors.md', pattern: /^ERR_[A-Z_]+$/ },
  {
    what: 'event',
    source: 'src/pool/events.ts',
    names: members('PoolEvents'),
    page: 'docs/reference/events.md',
    section: 'PoolEvents',
    pattern: /^[a-z][A-Za-z]*$/,
  },
  {
    what: 'option',
    source: 'src/pool/options.ts',
    names: nestedMembers('PoolOptions', 'src/task/types.ts'),
    page: 'docs/reference/options.md',
    section: 'PoolOptions',
    pattern: OPTION,
  },
  { what: 'option', source: 'src/task/types.ts', names: members('TaskOptions'), page: 'docs/reference/options.md', section: 'TaskOptions', pattern: OPTION },
  { what: 'flag', source: 'src/cli/flags.ts', names: flagNames('FLAGS'), page: 'docs/reference/cli.md', pattern: /--[a-z][a-z-]*/ },
  { what: 'exit code', source: 'src/cli/exit-codes.ts', names: numericValues('EXIT'), page: 'docs/reference/cli.md', section: 'Exit codes', pattern: /^\d+$/ },
];

const GENERATED = new Set(['.git', 'node_modules', 'dist', 'build', 'coverage', '.cache']);

/** All findings, as sentences; none when the documentation of the repository in `root` is in step. */
export function checkDocs(root) {
  const pages = markdownFiles(root).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  return [
    ...IN_STEP.flatMap((check) => checkInStep(root, check)),
    ...checkErrorTexts(root),
    ...pages.flatMap((page) => [...checkLinks(root, page), ...checkCodeBlocks(root, page), ...checkCommands(root, page)]),
  ];
}

/** Findings of one row of the table. */
export function checkInStep(root, { what, source, names, page, section, pattern }) {
  if (!existsSync(join(root, source))) return [`${source} is missing: ${page} is held in step with it (scripts/docs-check.mjs)`];
  if (!existsSync(join(root, page))) return [`${page} is missing: it needs an entry for every ${what} of ${source}`];
  const inCode = new Set(names(root, source));
  if (inCode.size === 0) return [`${source} names no ${what}: scripts/docs-check.mjs looks in the wrong place`];
  const entries = entriesOf(readFileSync(join(root, page), 'utf8'), section);
  if (entries === undefined) return [`${page} has no heading that contains "${section}": every ${what} of ${source} has its entry below it`];
  const onPage = new Set(entries.flatMap((entry) => entry.match(pattern)?.[0] ?? []));
  return [
    ...[...inCode].filter((name) => !onPage.has(name)).map((name) => `${page} has no entry for the ${what} \`${name}\` of ${source}`),
    ...[...onPage].filter((name) => !inCode.has(name)).map((name) => `${page} has an entry for the ${what} \`${name}\`, which ${source} does not have`),
  ];
}

/** Every error code says what happened, then what it means or what to do. */
function checkErrorTexts(root) {
  const table = existsSync(join(root, 'src/errors.ts')) ? declaration(root, 'src/errors.ts', 'ERROR_CODES') : undefined;
  return (unwrap(table?.init)?.properties ?? [])
    .filter(({ value }) => !/[.;] \S/.test(String(value.value)))
    .map(({ key, value }) => `src/errors.ts: ${nameOf(key)} says what happened, but not what to do: "${value.value}"`);
}

/** Links of one page to files and headings that are not there. */
export function checkLinks(root, { path, text }) {
  const prose = withoutCode(text);
  const targets = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)|(?:src|srcset|href)="([^"]+)"/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3],
  );
  return targets.flatMap((target) => {
    if (/^[a-z][a-z+.-]*:|^\/\//i.test(target)) return [];
    const [file, anchor] = target.split('#');
    const resolved = file === '' ? path : join(dirname(path), decodeURI(file)).split(sep).join('/');
    if (!existsSync(join(root, resolved))) return [`${path} links to ${target}, which does not exist`];
    if (anchor === undefined || anchor === '' || !resolved.endsWith('.md')) return [];
    return anchorsOf(readFileSync(join(root, resolved), 'utf8')).has(anchor) ? [] : [`${path} links to ${target}, but ${resolved} has no such heading`];
  });
}

/** Code blocks of one page that are not what the file they name says. */
export function checkCodeBlocks(root, { path, text }) {
  return [...text.matchAll(/^(```+)(\w+)[^\S\n]+([^\n]*\bfile=[^\n]*)\n([\s\S]*?)^\1[^\S\n]*$/gm)].flatMap(([, , , info, block]) => {
    const file = /\bfile=(\S+)/.exec(info)?.[1] ?? '';
    const region = /\bregion=(\S+)/.exec(info)?.[1];
    if (!existsSync(join(root, file))) return [`${path} shows ${file}, which does not exist`];
    const whole = readFileSync(join(root, file), 'utf8');
    const wanted = region === undefined ? whole : regionOf(whole, region);
    if (wanted === undefined) return [`${path} shows the region ${region} of ${file}, which has no such region`];
    return wanted.trim() === block.trim()
      ? []
      : [`${path} shows ${file}${region === undefined ? '' : ` (region ${region})`} as it no longer is; copy it again`];
  });
}

/** `npm run x` on a page, where package.json has no script x. */
export function checkCommands(root, { path, text }) {
  const manifest = join(root, dirname(path), 'package.json');
  const { scripts = {} } = JSON.parse(readFileSync(existsSync(manifest) ? manifest : join(root, 'package.json'), 'utf8'));
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts ?? {};
  return [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].flatMap(([, name]) =>
    name in scripts || name in own ? [] : [`${path} says npm run ${name}, which package.json does not have`],
  );
}

/** Code spans in headings and in first cells of tables; of the whole page or below the heading that contains `section`. */
function entriesOf(text, section) {
  const entries = [];
  let depth = section === undefined ? 0 : undefined;
  let found = section === undefined;
  for (const line of withoutFences(text).split('\n')) {
    const heading = /^(#+) /.exec(line);
    if (heading !== null && section !== undefined && (depth === undefined || heading[1].length <= depth)) {
      depth = line.includes(section) ? heading[1].length : undefined;
      found ||= depth !== undefined;
      continue;
    }
    if (depth === undefined) continue;
    const cell = heading === null ? /^\s*\|((?:[^|\\]|\\.)*)\|/.exec(line)?.[1] : line;
    entries.push(...[...(cell ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1]));
  }
  return found ? entries : undefined;
}

/** Keys of `export const NAME = { … }`. */
function objectKeys(constant) {
  return (root, source) => (unwrap(declaration(root, source, constant)?.init)?.properties ?? []).map(({ key }) => nameOf(key));
}

/** Numbers of `export const NAME = { key: 1, … }`. */
function numericValues(constant) {
  return (root, source) => (unwrap(declaration(root, source, constant)?.init)?.properties ?? []).map(({ value }) => String(value.value));
}

/** `--name` of each `{ name: 'name', … }` in `export const NAME = [ … ]`. */
function flagNames(constant) {
  return (root, source) =>
    (unwrap(declaration(root, source, constant)?.init)?.elements ?? []).map(
      ({ properties }) => `--${properties.find(({ key }) => nameOf(key) === 'name')?.value.value}`,
    );
}

/** Members of an interface. */
function members(name) {
  return (root, source) => (new Map(interfacesOf(root, source)).get(name) ?? []).map(({ key }) => nameOf(key));
}

/** Members of an interface and `queue.max` for their members, where the type is written out or is an interface of the file or of `otherSource`. */
function nestedMembers(name, otherSource) {
  return (root, source) => {
    const interfaces = new Map([source, otherSource].flatMap((path) => interfacesOf(root, path)));
    return (interfaces.get(name) ?? []).flatMap((member) => {
      const key = nameOf(member.key);
      return [key, ...membersOfType(member.typeAnnotation?.typeAnnotation, interfaces).map((nested) => `${key}.${nested}`)];
    });
  };
}

function membersOfType(type, interfaces) {
  switch (type?.type) {
    case 'TSTypeLiteral':
      return type.members.filter(({ key }) => key !== undefined).map(({ key }) => nameOf(key));
    case 'TSUnionType':
      return type.types.flatMap((part) => membersOfType(part, interfaces));
    case 'TSTypeReference':
      return (interfaces.get(type.typeName.name) ?? []).map(({ key }) => nameOf(key));
    default:
      return [];
  }
}

/** Interfaces, and aliases of object types, of one file: name -> members. */
function interfacesOf(root, source) {
  return statements(root, source).flatMap((statement) => {
    if (statement.type === 'TSInterfaceDeclaration') return [[statement.id.name, statement.body.body.filter(({ key }) => key !== undefined)]];
    if (statement.type !== 'TSTypeAliasDeclaration') return [];
    const parts = statement.typeAnnotation.type === 'TSUnionType' ? statement.typeAnnotation.types : [statement.typeAnnotation];
    const literal = parts.find(({ type }) => type === 'TSTypeLiteral');
    return literal === undefined ? [] : [[statement.id.name, literal.members.filter(({ key }) => key !== undefined)]];
  });
}

function declaration(root, source, name) {
  return statements(root, source)
    .flatMap((statement) => (statement.type === 'VariableDeclaration' ? statement.declarations : []))
    .find(({ id }) => id.name === name);
}

function statements(root, source) {
  return parseSync(source, readFileSync(join(root, source), 'utf8')).program.body.map((statement) => statement.declaration ?? statement);
}

/** The expression within `as const`, `satisfies T` and `Object.freeze(…)`. */
function unwrap(expression) {
  if (expression?.type === 'TSAsExpression' || expression?.type === 'TSSatisfiesExpression') return unwrap(expression.expression);
  return expression?.type === 'CallExpression' ? unwrap(expression.arguments[0]) : expression;
}

function nameOf(key) {
  return key.name ?? String(key.value);
}

/** Anchors of a page, as GitHub makes them. */
function anchorsOf(text) {
  const seen = new Map();
  const slugs = [...withoutFences(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    const slug = heading
      .trim()
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set([...slugs, ...[...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map((match) => match[1])]);
}

function withoutCode(text) {
  return withoutFences(text).replace(/`[^`\n]*`/g, '');
}

function withoutFences(text) {
  return text.replace(/^([ \t]*)(```+)[\s\S]*?^\1\2[^\S\n]*$/gm, '');
}

/** Lines between `// #region name` and the next `// #endregion`, without the indentation they share. */
function regionOf(text, name) {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  const end = lines.findIndex((line, index) => index > start && line.trim().startsWith('// #endregion'));
  if (start === -1 || end === -1) return undefined;
  const region = lines.slice(start + 1, end);
  const margin = Math.min(...region.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return region.map((line) => line.slice(margin)).join('\n');
}

function markdownFiles(root, folder = root) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return GENERATED.has(entry.name) ? [] : markdownFiles(root, path);
    return entry.name.endsWith('.md') ? [relative(root, path).split(sep).join('/')] : [];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const findings = checkDocs(fileURLToPath(new URL('..', import.meta.url)));
  for (const finding of findings) console.log(finding);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
