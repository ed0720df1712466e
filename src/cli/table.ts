/** A table of text. Pure. */

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Columns as wide as their widest cell, two spaces apart; no trailing spaces. A row `undefined` is a rule. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[] | undefined)[]): string {
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...rows.map((row) => row?.[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => pad(cells[index] ?? '', widths[index] as number, align))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [line(columns.map(({ title }) => title)), rule, ...rows.map((row) => (row === undefined ? rule : line(row)))].join('\n');
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}
