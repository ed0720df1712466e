/**
 * Traffic from a file: CSV with a header or without, in one of two forms.
 *
 *     instants of arrivals        2023-11-16 18:15:46.680        or plain numbers of ms
 *     counts an interval          1998-06-24 00:00:00,13835      the interval is that between the first two lines
 */
import { OptionError } from '../errors.js';
import type { ArrivalModel } from './arrivals.js';

/** A trace as arrivals, from its first line on. */
export type TraceModel = Extract<ArrivalModel, { readonly kind: 'counts' | 'stamps' }>;

/**
 * @param option name for errors
 * @throws OptionError when a line is neither an instant nor an instant and a count, or instants go back in time
 */
export function parseTrace(text: string, option = 'trace'): TraceModel {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const rows = (/[a-z]{2}/i.test(lines[0] ?? '') ? lines.slice(1) : lines).map((line) => line.split(','));
  const stampsMs = rows.map(([cell], index) => instant(option, cell, index));
  const first = stampsMs[0];
  if (first === undefined) throw new OptionError(option, 'at least one line', text.slice(0, 40));
  for (const [index, stamp] of stampsMs.entries())
    if (stamp < (stampsMs[index - 1] ?? first)) throw new OptionError(`${option} row ${index + 1}`, 'an instant not before the one above', rows[index]?.[0]);
  if (rows.every((row) => row.length === 1)) return { kind: 'stamps', stampsMs: stampsMs.map((stamp) => stamp - first) };
  const intervalMs = (stampsMs[1] ?? first) - first;
  if (intervalMs <= 0) throw new OptionError(option, 'counts over intervals of equal length, two lines at least', rows.length);
  return { kind: 'counts', intervalMs, counts: rows.map((row, index) => count(option, row[1], index)) };
}

/** How long a trace lasts, in ms, at its speed. */
export function traceDurationMs(trace: TraceModel): number {
  const lengthMs = trace.kind === 'counts' ? trace.counts.length * trace.intervalMs : (trace.stampsMs.at(-1) ?? 0);
  return lengthMs / (trace.speed ?? 1);
}

function instant(option: string, cell: string | undefined, index: number): number {
  const text = cell?.trim() ?? '';
  const ms = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(ms) || text === '') throw new OptionError(`${option} row ${index + 1}`, 'a date and time, or a number of ms', cell);
  return ms;
}

function count(option: string, cell: string | undefined, index: number): number {
  const value = Number(cell);
  if (cell === undefined || cell.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new OptionError(`${option} row ${index + 1}`, 'a count >= 0', cell);
  return value;
}
