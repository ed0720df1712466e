/**
 * From `argv` and the environment to values by flag name.
 *
 *     run ./tasks.js resize a.jpg -j 4  :::  x y  ::::  list.txt
 *         └───────── flags and positionals ─┘  └ inputs  └ files of inputs, a line each
 */
import { parseArgs } from 'node:util';
import { nearest } from '../runtime/own-options.js';
import { CommandError } from './exit-codes.js';
import { envName, flagsOf } from './flags.js';
import type { CommandName, Flag } from './flags.js';

/** One group of inputs after `:::` (the inputs themselves) or `::::` (files that hold them). */
export interface InputGroup {
  readonly kind: 'inputs' | 'files';
  readonly values: readonly string[];
}

/** The flags a command was given. Every message about a value names where it came from. */
export class FlagValues {
  readonly #values = new Map<string, { readonly value: string | boolean | readonly string[]; readonly origin: string }>();

  set(name: string, value: string | boolean | readonly string[], origin: string): void {
    this.#values.set(name, { value, origin });
  }

  /** Whether a switch is on. */
  on(name: string): boolean {
    return this.#values.get(name)?.value === true;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.value;
    return typeof value === 'string' ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#values.get(name)?.value;
    return Array.isArray(value) ? value : [];
  }

  /** What to call the flag in a message: `--jobs`, or the environment variable that set it. */
  origin(name: string): string {
    return this.#values.get(name)?.origin ?? `--${name}`;
  }
}

export interface CommandLine {
  readonly flags: FlagValues;
  readonly positionals: readonly string[];
  readonly groups: readonly InputGroup[];
}

/**
 * Parses what follows the command's name.
 *
 * @throws CommandError for an unknown flag, a missing or superfluous value, a bad switch in the environment
 */
export function parseCommandLine(command: CommandName, argv: readonly string[], env: Readonly<Record<string, string | undefined>>): CommandLine {
  const table = flagsOf(command);
  const { head, groups } = splitGroups(argv);
  const flags = new FlagValues();
  for (const flag of table) readEnv(flag, env, flags);
  const { tokens } = parseArgs({ args: joinNegativeValues(head, table), options: parserOptions(table), strict: false, allowPositionals: true, tokens: true });
  const positionals: string[] = [];
  const lists = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind === 'option') readOption(token, table, flags, lists, command);
  }
  for (const [name, values] of lists) flags.set(name, values, `--${name}`);
  return { flags, positionals, groups };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function readOption(token: OptionToken, table: readonly Flag[], flags: FlagValues, lists: Map<string, string[]>, command: CommandName): void {
  const negated = token.name.startsWith('no-');
  const flag =
    table.find(({ name }) => name === token.name) ??
    (negated ? table.find(({ name, value }) => value === undefined && `no-${name}` === token.name) : undefined);
  if (flag === undefined) throw unknownFlag(token.rawName, table, command);
  const shown = `--${flag.name}`;
  if (flag.value === undefined) {
    if (token.value !== undefined) throw new CommandError(`${shown} takes no value, got ${JSON.stringify(token.value)}`);
    flags.set(flag.name, flag.name === token.name, shown);
    return;
  }
  if (token.value === undefined) throw new CommandError(`${shown} needs a value: ${shown} ${flag.value}`);
  if (flag.multiple === true) lists.set(flag.name, [...(lists.get(flag.name) ?? []), token.value]);
  else flags.set(flag.name, token.value, shown);
}

function readEnv(flag: Flag, env: Readonly<Record<string, string | undefined>>, flags: FlagValues): void {
  if (flag.noEnv === true) return;
  const variable = envName(flag);
  const text = env[variable];
  if (text === undefined || text === '') return;
  if (flag.value === undefined) flags.set(flag.name, parseSwitch(variable, text), variable);
  else flags.set(flag.name, flag.multiple === true ? [text] : text, variable);
}

function parseSwitch(variable: string, text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new CommandError(`${variable}: expected 1 or 0, got ${JSON.stringify(text)}`);
}

function unknownFlag(rawName: string, table: readonly Flag[], command: CommandName): CommandError {
  const near = nearest(
    rawName.replace(/^-+/, ''),
    table.map(({ name }) => name),
  );
  const hint = near === undefined ? '' : `; did you mean --${near}?`;
  return new CommandError(`unknown flag ${rawName}${hint} (millrace ${command} --help lists the flags)`);
}

/** Cuts `argv` at its first `:::` or `::::`; what follows is never taken for a flag. */
function splitGroups(argv: readonly string[]): { head: string[]; groups: InputGroup[] } {
  const head: string[] = [];
  const groups: { kind: 'inputs' | 'files'; values: string[] }[] = [];
  for (const arg of argv) {
    if (arg === ':::' || arg === '::::') groups.push({ kind: arg === ':::' ? 'inputs' : 'files', values: [] });
    else (groups.at(-1)?.values ?? head).push(arg);
  }
  return { head, groups };
}

/** `-j -1` would read as two flags: joins a negative number to the flag before it. */
function joinNegativeValues(args: readonly string[], table: readonly Flag[]): string[] {
  const joined: string[] = [];
  let open = true;
  for (const arg of args) {
    const previous = joined.at(-1);
    const flag = table.find(({ name, short, value }) => value !== undefined && (previous === `--${name}` || (short !== undefined && previous === `-${short}`)));
    if (open && flag !== undefined && /^-\d+$/.test(arg)) joined[joined.length - 1] = `--${flag.name}=${arg}`;
    else joined.push(arg);
    if (arg === '--') open = false;
  }
  return joined;
}

function parserOptions(table: readonly Flag[]): Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> {
  return Object.fromEntries(
    table.map((flag) => [
      flag.name,
      {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
        multiple: true,
      },
    ]),
  );
}
