/** What the demo has compressed, by kind of file, and the table of it. */
import type { CompressedFile } from '../demo-tasks.js';
import { formatBytes, formatCount } from '../format.js';
import { renderTable } from '../table.js';

interface Total {
  files: number;
  bytes: number;
  gzipBytes: number;
  brotliBytes: number;
  ms: number;
}

/** Kinds with a row of their own; the rest share one. */
const KINDS_SHOWN = 8;

export class Totals {
  readonly #byKind = new Map<string, Total>();

  add(kind: string, file: CompressedFile): void {
    const total = this.#byKind.get(kind) ?? emptyTotal();
    this.#byKind.set(kind, sum([total, { files: 1, ...file }]));
  }

  get all(): Readonly<Total> {
    return sum([...this.#byKind.values()]);
  }

  /** Kinds by bytes, largest first; the smallest together; all. */
  table(): string {
    const kinds = [...this.#byKind].sort(([, a], [, b]) => b.bytes - a.bytes);
    const others = kinds.slice(KINDS_SHOWN);
    const rows: (readonly string[] | undefined)[] = kinds.slice(0, KINDS_SHOWN).map(([kind, total]) => row(kind, total));
    if (others.length > 0) rows.push(row(`${others.length} other kinds`, sum(others.map(([, total]) => total))));
    return renderTable(COLUMNS, [...rows, undefined, row('all', this.all)]);
  }
}

const COLUMNS = [
  { title: 'kind', align: 'left' },
  { title: 'files', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'gzip', align: 'right' },
  { title: 'brotli', align: 'right' },
  { title: 'ms/file', align: 'right' },
] as const;

function row(kind: string, total: Total): readonly string[] {
  const share = (part: number): string => (total.bytes === 0 ? '-' : `${((100 * part) / total.bytes).toFixed(1)}%`);
  return [
    kind,
    formatCount(total.files),
    formatBytes(total.bytes),
    share(total.gzipBytes),
    share(total.brotliBytes),
    total.files === 0 ? '-' : (total.ms / total.files).toFixed(1),
  ];
}

function emptyTotal(): Total {
  return { files: 0, bytes: 0, gzipBytes: 0, brotliBytes: 0, ms: 0 };
}

function sum(totals: readonly Total[]): Total {
  const result = emptyTotal();
  for (const total of totals) {
    result.files += total.files;
    result.bytes += total.bytes;
    result.gzipBytes += total.gzipBytes;
    result.brotliBytes += total.brotliBytes;
    result.ms += total.ms;
  }
  return result;
}
