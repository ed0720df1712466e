/** The documentation is in step with the code, and the checker finds what is not. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { read, root } from './repository.js';

interface Page {
  readonly path: string;
  readonly text: string;
}

interface DocsCheck {
  checkDocs(root: string): string[];
  checkInStep(root: string, check: { what: string; source: string; names: () => string[]; page: string; section?: string; pattern: RegExp }): string[];
  checkLinks(root: string, page: Page): string[];
  checkCodeBlocks(root: string, page: Page): string[];
  checkCommands(root: string, page: Page): string[];
}

const docs = (await import(pathToFileURL(join(root, 'scripts/docs-check.mjs')).href)) as DocsCheck;

test('the documentation is in step with the code', () => {
  const findings = docs.checkDocs(root);
  if (findings.length > 0) assert.fail(findings.join('\n'));
});

test('the README shows how to see it and how to test it', () => {
  const readme = read('README.md');
  for (const command of ['npm run demo', 'npm test']) assert.ok(readme.includes(command), `README.md does not show ${command}`);
});

describe('the checker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (path: string, text: string): Page => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return { path, text };
  };
  put('package.json', '{ "scripts": { "demo": "x" } }');

  test('finds entries that are missing and entries that are stale, in the section only', () => {
    put('a.ts', '');
    put('a.md', '# Page\n`outside`\n## `Table`\n| name |\n|---|\n| `kept` | `ignored` |\n| `stale` |\n### `deep`\n## Next\n| `outside` |\n');
    const check = { what: 'event', source: 'a.ts', names: () => ['kept', 'deep', 'missing'], page: 'a.md', section: 'Table', pattern: /^[a-z]+$/ };
    assert.deepEqual(docs.checkInStep(folder, check), [
      'a.md has no entry for the event `missing` of a.ts',
      'a.md has an entry for the event `stale`, which a.ts does not have',
    ]);
  });

  test('finds a source, a page, a section that is missing, and a source that names nothing', () => {
    put('b.ts', '');
    put('b.md', '# Page\n');
    const check = { what: 'event', source: 'b.ts', names: () => ['x'], page: 'b.md', section: 'Table', pattern: /x/ };
    assert.match(docs.checkInStep(folder, { ...check, source: 'gone.ts' })[0] ?? '', /^gone\.ts is missing/);
    assert.match(docs.checkInStep(folder, { ...check, page: 'gone.md' })[0] ?? '', /^gone\.md is missing/);
    assert.match(docs.checkInStep(folder, check)[0] ?? '', /no heading that contains "Table"/);
    assert.match(docs.checkInStep(folder, { ...check, names: () => [] })[0] ?? '', /names no event/);
  });

  test('finds links to nowhere, and lets code and other sites be', () => {
    put('docs/there.md', '# A heading: with `code`!\n');
    const page = put(
      'docs/links.md',
      '# Own\n[a](there.md) [b](there.md#a-heading-with-code) [c](#own) [d](https://x.y/z) `[e](gone.md)`\n```\n[f](gone.md)\n```\n[g](gone.md) [h](there.md#gone) [i](#gone)\n',
    );
    assert.deepEqual(docs.checkLinks(folder, page), [
      'docs/links.md links to gone.md, which does not exist',
      'docs/links.md links to there.md#gone, but docs/there.md has no such heading',
      'docs/links.md links to #gone, but docs/links.md has no such heading',
    ]);
  });

  test('finds a code block that is no longer its file', () => {
    put('examples/x.ts', 'before();\n{\n  // #region part\n  inside();\n    deeper();\n  // #endregion\n}\n');
    const block = (info: string, text: string): string[] => docs.checkCodeBlocks(folder, { path: 'p.md', text: `a\n\`\`\`ts ${info}\n${text}\n\`\`\`\nb\n` });
    assert.deepEqual(block('file=examples/x.ts region=part', 'inside();\n  deeper();'), []);
    assert.match(block('file=examples/x.ts region=part', 'inside();')[0] ?? '', /as it no longer is/);
    assert.match(block('file=examples/x.ts region=gone', '')[0] ?? '', /no such region/);
    assert.match(block('file=examples/gone.ts', '')[0] ?? '', /does not exist/);
    assert.match(block('file=examples/x.ts', 'before();')[0] ?? '', /as it no longer is/);
  });

  test('finds commands that do not exist', () => {
    assert.deepEqual(docs.checkCommands(folder, { path: 'a.md', text: '`npm run demo` and `npm run gone`' }), [
      'a.md says npm run gone, which package.json does not have',
    ]);
  });
});
