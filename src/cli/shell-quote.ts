/** Words as a POSIX shell reads them back. */
export function shellQuote(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

const RESUME_FLAGS: ReadonlySet<string> = new Set(['--resume', '--resume-failed', '--no-resume', '--no-resume-failed']);

/** The command that was given, with `flags` in place of its own resume flags; before the first `:::`, after which nothing is a flag. */
export function commandWith(argv: readonly string[], flags: readonly string[]): string {
  const groups = argv.findIndex((arg) => arg === ':::' || arg === '::::');
  const head = (groups === -1 ? argv : argv.slice(0, groups)).filter((arg) => !RESUME_FLAGS.has(arg));
  const end = head.indexOf('--');
  const at = end === -1 ? head.length : end;
  return shellQuote(['millrace', ...head.slice(0, at), ...flags, ...head.slice(at), ...(groups === -1 ? [] : argv.slice(groups))]);
}
