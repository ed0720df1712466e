/** One source file as the tidy rules see it: what it refers to and what it says, read from its syntax tree. */
import { parseSync } from 'oxc-parser';
import type { TextFile } from '../repository.js';

/** Something found in a file: a name and the line it stands on. */
export interface Finding {
  readonly name: string;
  readonly line: number;
}

export interface SourceFile {
  /** Relative to `src`. */
  readonly path: string;
  readonly lines: number;
  /** Specifiers of every `import`, `export … from`, `import()`, type import and `require`. */
  readonly imports: readonly Finding[];
  /** Relative paths in string literals that name a compiled module: workers are started by URL. */
  readonly moduleUrls: readonly string[];
  /** Identifiers that are not declared as a property name: candidates for globals. `Math.random` and `Atomics.x` count as one name. */
  readonly names: readonly Finding[];
  readonly anyTypes: readonly Finding[];
  /** `new Error(…)` and its built-in subclasses after `throw`, with the class as name. */
  readonly plainThrows: readonly Finding[];
  readonly comments: readonly Finding[];
  /** `test.only`, `it.skip`, `{ skip: true }` and the like. */
  readonly testMarks: readonly Finding[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const BUILT_IN_ERRORS = new Set(['Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'URIError', 'EvalError']);
/** Where an identifier names a type: `Date` as a type tells no time. */
const TYPE_POSITIONS = new Set(['TSTypeReference', 'TSQualifiedName', 'TSInterfaceHeritage', 'TSClassImplements', 'TSTypeParameter']);
const TEST_FUNCTIONS = new Set(['test', 'it', 'describe', 'suite']);
const TEST_MARKS = new Set(['only', 'skip', 'todo']);

export function parseSource({ path, text }: TextFile): SourceFile {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const lineAt = lineIndex(text);
  const found = {
    imports: [] as Finding[],
    moduleUrls: [] as string[],
    names: [] as Finding[],
    anyTypes: [] as Finding[],
    plainThrows: [] as Finding[],
    testMarks: [] as Finding[],
  };
  const add = (list: Finding[], name: string, node: Node): void => void list.push({ name, line: lineAt(node.start) });
  visit(program as unknown as Node, (node, parent, key) => {
    const specifier = importedFrom(node);
    if (specifier !== undefined) add(found.imports, specifier, node);
    const url = stringValue(node);
    if (url !== undefined && /^\.\.?\/.*\.js$/.test(url)) found.moduleUrls.push(url);
    const name = usedName(node, parent, key);
    if (name !== undefined) add(found.names, name, node);
    if (node.type === 'TSAnyKeyword') add(found.anyTypes, 'any', node);
    const thrown = thrownBuiltIn(node);
    if (thrown !== undefined) add(found.plainThrows, thrown, node);
    const mark = testMark(node);
    if (mark !== undefined) add(found.testMarks, mark, node);
  });
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    comments: comments.map((comment) => ({ name: comment.value, line: lineAt(comment.start) })),
    ...found,
  };
}

/** Calls `see` for every node below `node`, with its parent and the key it stands under. */
export function visit(node: Node, see: (node: Node, parent: Node | undefined, key: string) => void, parent?: Node, key = ''): void {
  see(node, parent, key);
  for (const [childKey, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, see, node, childKey);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function importedFrom(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return stringValue(node['source']);
    case 'CallExpression': {
      const callee = node['callee'] as Node;
      const resolver = (callee.type === 'MemberExpression' && identifier(callee['property']) === 'resolve' ? callee['object'] : callee) as Node;
      const resolves = identifier(resolver) === 'require' || resolver.type === 'MetaProperty';
      return resolves ? stringValue((node['arguments'] as Node[])[0]) : undefined;
    }
    default:
      return undefined;
  }
}

/** The name an expression uses; `Math.random` and `Atomics.load` come whole. Names of properties and keys are not uses. */
function usedName(node: Node, parent: Node | undefined, key: string): string | undefined {
  if (node.type === 'MemberExpression' && node['computed'] !== true) {
    const object = identifier(node['object']);
    return object === 'Math' || object === 'globalThis' ? `${object}.${identifier(node['property'])}` : undefined;
  }
  const isPropertyName = (key === 'property' && parent?.['computed'] !== true) || (key === 'key' && parent?.['computed'] !== true);
  return isPropertyName || TYPE_POSITIONS.has(parent?.type ?? '') ? undefined : identifier(node);
}

function thrownBuiltIn(node: Node): string | undefined {
  if (node.type !== 'ThrowStatement') return undefined;
  const argument = node['argument'] as Node;
  const name = argument.type === 'NewExpression' ? identifier(argument['callee']) : undefined;
  return name !== undefined && BUILT_IN_ERRORS.has(name) ? name : undefined;
}

function testMark(node: Node): string | undefined {
  if (node.type === 'MemberExpression') {
    const object = identifier(node['object']);
    const property = identifier(node['property']);
    return object !== undefined && property !== undefined && TEST_FUNCTIONS.has(object) && TEST_MARKS.has(property) ? `${object}.${property}` : undefined;
  }
  if (node.type !== 'Property') return undefined;
  const key = identifier(node['key']);
  const value = node['value'] as Node;
  return key !== undefined && TEST_MARKS.has(key) && value.type === 'Literal' && value['value'] === true ? `${key}: true` : undefined;
}

function identifier(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' ? String(node['name']) : undefined;
}

function stringValue(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined;
}

function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    const after = starts.findIndex((start) => start > offset);
    return after === -1 ? starts.length : after;
  };
}
