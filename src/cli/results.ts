/**
 * One line for each input, as it is printed on stdout.
 *
 *     {"index":0,"input":"a.jpg","value":{"width":320}}
 *     {"index":1,"input":"b.jpg","error":{"name":"RangeError","message":"...","code":"..."}}
 *     {"index":2,"input":"c.jpg","yield":0,"value":1}      a value of a generator, then
 *     {"index":2,"input":"c.jpg","yields":3,"value":null}  what it returned
 */
import { errorRecord, toJson } from './json.js';

/** An input and its place among all inputs of the run, from 0. */
export interface NumberedInput {
  readonly index: number;
  readonly input: unknown;
}

/** How lines are made: whole records, or with `--values` the values alone. */
export interface ResultFormat {
  value(of: NumberedInput, value: unknown): string;
  yielded(of: NumberedInput, position: number, value: unknown): string;
  returned(of: NumberedInput, yields: number, value: unknown): string;
  error(of: NumberedInput, thrown: unknown): string;
}

export const recordFormat: ResultFormat = {
  value: (of, value) => `${head(of)},"value":${toJson(value)}}\n`,
  yielded: (of, position, value) => `${head(of)},"yield":${position},"value":${toJson(value)}}\n`,
  returned: (of, yields, value) => `${head(of)},"yields":${yields},"value":${toJson(value)}}\n`,
  error: (of, thrown) => `${head(of)},"error":${toJson(errorRecord(thrown))}}\n`,
};

/** Strings as they are, everything else as JSON; what a generator returned only when it is something; nothing for errors, which stderr tells. */
export const valueFormat: ResultFormat = {
  value: (_, value) => plain(value),
  yielded: (_, __, value) => plain(value),
  returned: (_, __, value) => (value === undefined ? '' : plain(value)),
  error: () => '',
};

/** As `valueFormat`, each line after its input and a tab, as GNU parallel tags what commands print. */
export const taggedFormat: ResultFormat = {
  value: (of, value) => tagged(of, valueFormat.value(of, value)),
  yielded: (of, position, value) => tagged(of, valueFormat.yielded(of, position, value)),
  returned: (of, yields, value) => tagged(of, valueFormat.returned(of, yields, value)),
  error: () => '',
};

function tagged({ input }: NumberedInput, text: string): string {
  const tag = typeof input === 'string' ? input : toJson(input);
  return text.replaceAll(/^(?!$)|(?<=\n)(?!$)/g, `${tag.replaceAll('\n', ' ')}\t`);
}

function head({ index, input }: NumberedInput): string {
  return `{"index":${index},"input":${toJson(input)}`;
}

function plain(value: unknown): string {
  return `${typeof value === 'string' ? value : toJson(value)}\n`;
}
