/**
 * Comma-separated values by RFC 4180, streaming: the first record names the fields, each later one becomes an object of strings.
 *
 *     start ──"──> quoted ──"──> quote ──"──> quoted
 *       │                         └─ , or line end ─> start
 *       └─ other ─> plain ─ , or line end ─> start
 *
 * Records end with LF or CRLF, which quoted fields may contain. Lines that are wholly empty are skipped.
 */
import { decodeUtf8 } from './decode.js';
import { LINE_LENGTH_MAX } from './lines.js';
import { InputError } from './source.js';
import type { Bytes } from './source.js';

export async function* readCsv(name: string, bytes: Bytes): AsyncGenerator<Record<string, string>, void, undefined> {
  let header: readonly string[] | undefined;
  for await (const { fields, line } of readCsvRecords(name, bytes)) {
    if (header === undefined) header = checkHeader(name, fields, line);
    else yield toObject(name, header, fields, line);
  }
}

/** A record and the line it begins on. */
export interface CsvRecord {
  readonly fields: readonly string[];
  readonly line: number;
}

export async function* readCsvRecords(name: string, bytes: Bytes): AsyncGenerator<CsvRecord, void, undefined> {
  const parser = new CsvParser(name);
  for await (const text of decodeUtf8(name, bytes)) yield* parser.push(text);
  yield* parser.end();
}

function checkHeader(name: string, fields: readonly string[], line: number): readonly string[] {
  const seen = new Set<string>();
  for (const field of fields) {
    if (seen.has(field)) throw new InputError(name, line, `the header names ${JSON.stringify(field)} twice`);
    seen.add(field);
  }
  return fields;
}

function toObject(name: string, header: readonly string[], fields: readonly string[], line: number): Record<string, string> {
  if (fields.length !== header.length) throw new InputError(name, line, `has ${fields.length} fields, the header has ${header.length}`);
  // Own properties whatever their name: a field named __proto__ is data.
  return Object.fromEntries(header.map((field, index) => [field, fields[index] as string]));
}

type State = 'start' | 'plain' | 'quoted' | 'quote';

/** Takes text in pieces and gives records out. */
class CsvParser {
  readonly #name: string;
  #state: State = 'start';
  #fields: string[] = [];
  #field = '';
  /** Line now read, and the one the current record began on. */
  #line = 1;
  #recordLine = 1;
  #pendingReturn = false;

  constructor(name: string) {
    this.#name = name;
  }

  *push(text: string): Generator<CsvRecord, void, undefined> {
    let start = 0;
    while (start < text.length) {
      const at = this.#nextSpecial(text, start);
      this.#append(text.slice(start, at));
      if (at === text.length) return;
      const record = this.#special(text[at] as string);
      if (record !== undefined) yield record;
      start = at + 1;
    }
  }

  *end(): Generator<CsvRecord, void, undefined> {
    if (this.#state === 'quoted') throw new InputError(this.#name, this.#recordLine, 'a quoted field is not closed before the end');
    this.#keepReturn();
    const record = this.#endRecord();
    if (record !== undefined) yield record;
  }

  #nextSpecial(text: string, start: number): number {
    const special = this.#state === 'quoted' ? /["\n]/g : /[",\r\n]/g;
    special.lastIndex = start;
    return special.exec(text)?.index ?? text.length;
  }

  #append(text: string): void {
    if (text === '') return;
    this.#keepReturn();
    if (this.#state === 'quote')
      throw new InputError(this.#name, this.#line, `expected a comma or the end of the line after a closing quote, got ${JSON.stringify(text[0])}`);
    if (this.#state === 'start') this.#state = 'plain';
    this.#field += text;
    if (this.#field.length > LINE_LENGTH_MAX)
      throw new InputError(this.#name, this.#recordLine, `a field is longer than ${LINE_LENGTH_MAX} characters; is a quote missing?`);
  }

  #special(character: string): CsvRecord | undefined {
    if (this.#state === 'quoted') return void this.#inQuotes(character);
    if (character === '\n') return this.#endLine();
    this.#keepReturn();
    if (character === '\r') this.#pendingReturn = true;
    else if (character === ',') this.#endField();
    else this.#openQuote();
    return undefined;
  }

  #inQuotes(character: string): void {
    if (character === '"') {
      this.#state = 'quote';
      return;
    }
    this.#line += 1;
    this.#field += character;
  }

  #openQuote(): void {
    if (this.#state === 'plain')
      throw new InputError(this.#name, this.#line, 'a quote inside a field that does not begin with one; quote the whole field and double the quotes in it');
    if (this.#state === 'quote') this.#field += '"';
    this.#state = 'quoted';
  }

  /** A carriage return that no line feed followed is a character of the field. */
  #keepReturn(): void {
    if (!this.#pendingReturn) return;
    this.#pendingReturn = false;
    this.#append('\r');
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = '';
    this.#state = 'start';
  }

  #endLine(): CsvRecord | undefined {
    this.#pendingReturn = false;
    const record = this.#endRecord();
    this.#line += 1;
    this.#recordLine = this.#line;
    return record;
  }

  #endRecord(): CsvRecord | undefined {
    const empty = this.#state === 'start' && this.#fields.length === 0;
    if (empty) return undefined;
    this.#endField();
    const record = { fields: this.#fields, line: this.#recordLine };
    this.#fields = [];
    return record;
  }
}
