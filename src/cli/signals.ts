/** Signals of the terminal and of the system that end a run. The command line is the only part of millrace that listens to them. */
import type { EndSignal } from './exit-codes.js';

const END_SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The part of `process` that is needed here. */
export interface SignalSource {
  on(signal: EndSignal, listener: () => void): unknown;
  off(signal: EndSignal, listener: () => void): unknown;
}

/** Calls `onSignal` for each signal with how many have come, from 1. Returns the function that stops listening. */
export function listenForEnd(source: SignalSource, onSignal: (signal: EndSignal, count: number) => void): () => void {
  let count = 0;
  const listeners = END_SIGNALS.map((signal) => ({ signal, listener: () => onSignal(signal, (count += 1)) }));
  for (const { signal, listener } of listeners) source.on(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) source.off(signal, listener);
  };
}
