/**
 * Where a text stops being JSON. `JSON.parse` names a position only for some errors, and a user needs the line for all of them.
 *
 * Walks tokens with a stack of what each open bracket may be followed by; runs only after a parse has failed.
 */
const TOKEN =
  // oxlint-disable-next-line no-control-regex -- JSON forbids exactly these in a string
  /[ \t\n\r]*(?:([{}[\]:,])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/y;

/** What may come next: a value, the first element of a bracket, what follows a value, a key, its colon. */
type Expect = 'value' | 'first' | 'after' | 'key' | 'first-key' | 'colon';

/** Offset of the first token that cannot stand where it stands; the length of the text when it ends too early. */
export function jsonErrorOffset(text: string): number {
  const open: string[] = [];
  let expect: Expect = 'value';
  TOKEN.lastIndex = 0;
  for (;;) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) return start + (/^[ \t\n\r]*/.exec(text.slice(start))?.[0].length ?? 0);
    const next = step(expect, open, match[1] ?? (match[2] === undefined ? 'value' : 'string'));
    if (next === undefined) return TOKEN.lastIndex - match[0].trimStart().length;
    expect = next;
  }
}

/** The state after `token`, `undefined` when it cannot stand here. */
function step(expect: Expect, open: string[], token: string): Expect | undefined {
  if (expect === 'colon') return token === ':' ? 'value' : undefined;
  if (expect === 'key' || expect === 'first-key') {
    if (token === 'string') return 'colon';
    return expect === 'first-key' && token === '}' ? close(open, '{') : undefined;
  }
  if (expect === 'after') return afterValue(open, token);
  if (token === 'string' || token === 'value') return 'after';
  if (token === '[' || token === '{') {
    open.push(token);
    return token === '[' ? 'first' : 'first-key';
  }
  return expect === 'first' && token === ']' ? close(open, '[') : undefined;
}

function afterValue(open: string[], token: string): Expect | undefined {
  if (token === ',' && open.length > 0) return open.at(-1) === '[' ? 'value' : 'key';
  if (token === ']') return close(open, '[');
  return token === '}' ? close(open, '{') : undefined;
}

function close(open: string[], bracket: string): Expect | undefined {
  return open.pop() === bracket ? 'after' : undefined;
}
