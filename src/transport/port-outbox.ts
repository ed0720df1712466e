/**
 * What both ends of a message port have in common: frames are gathered into one flat list per message and posted at `flush`.
 *
 *     batch   [ TASK, slot, name, args, sequence,   TASK, slot, …,   FRAME, {…} ]        one postMessage, no object per frame
 *
 * Three things break a batch in two: a frame that shares an object with one before it (`sharing-guard.ts`), a frame too large to look
 * through, and a transfer list. A batch that cannot be cloned is posted again frame by frame; only the guilty frames stay behind.
 */
import type { MessagePort, TransferListItem } from 'node:worker_threads';
import { assertAttached } from './move.js';
import { ALONE, CONFLICTS, SharingGuard } from './sharing-guard.js';

/** A frame that could not be posted. */
export interface UnsentFrame {
  /** The frame's part of the batch: its opcode, then its fields. */
  readonly frame: readonly unknown[];
  readonly transfer: readonly object[];
  readonly cause: unknown;
}

const NO_TRANSFER: readonly TransferListItem[] = [];

export class PortOutbox {
  readonly #port: MessagePort;
  /** Fields of each opcode, itself included. */
  readonly #lengths: readonly number[];
  readonly #onUnsent: (unsent: UnsentFrame) => void;
  readonly #guard: SharingGuard = new SharingGuard();
  readonly #single: unknown[] = [undefined];
  #batch: unknown[] = [];
  #transfer: readonly object[] = NO_TRANSFER;
  /** Nothing may join the batch that is being gathered. */
  #isSealed = false;
  #unsent: UnsentFrame[] = [];

  constructor(port: MessagePort, lengths: readonly number[], onUnsent: (unsent: UnsentFrame) => void) {
    this.#port = port;
    this.#lengths = lengths;
    this.#onUnsent = onUnsent;
  }

  /** Where to push a frame that carries the user's `values`. */
  batchFor(values: readonly unknown[], transfer: readonly object[] | undefined): unknown[] {
    if (transfer !== undefined && transfer.length > 0) return this.#sealedBatch(transfer);
    if (this.#isSealed) this.#post();
    const verdict = this.#guard.check(values);
    if (verdict === ALONE) return this.#sealedBatch(NO_TRANSFER);
    if (verdict === CONFLICTS) {
      this.#post();
      this.#isSealed = this.#guard.check(values) === ALONE;
    }
    return this.#batch;
  }

  /** As {@link batchFor}, for a frame with one value. */
  batchForValue(value: unknown, transfer?: readonly object[]): unknown[] {
    this.#single[0] = value;
    const batch = this.batchFor(this.#single, transfer);
    this.#single[0] = undefined;
    return batch;
  }

  /** Posts what was gathered; reports what cannot cross and posts what the report's reader sent in answer. */
  flush(): void {
    this.#post();
    while (this.#unsent.length > 0) {
      const unsent = this.#unsent;
      this.#unsent = [];
      for (const frame of unsent) this.#onUnsent(frame);
      this.#post();
    }
  }

  /** Drops what was gathered. */
  clear(): void {
    this.#batch = [];
    this.#unsent = [];
  }

  /** A new batch that nothing else may join. */
  #sealedBatch(transfer: readonly object[]): unknown[] {
    this.#post();
    this.#transfer = transfer;
    this.#isSealed = true;
    return this.#batch;
  }

  #post(): void {
    const batch = this.#batch;
    const transfer = this.#transfer;
    this.#transfer = NO_TRANSFER;
    this.#isSealed = false;
    this.#guard.clear();
    if (batch.length === 0) return;
    this.#batch = [];
    try {
      assertAttached(transfer);
      this.#port.postMessage(batch, transfer as readonly TransferListItem[]);
    } catch (cause) {
      this.#postOneByOne(batch, transfer, cause);
    }
  }

  #postOneByOne(batch: readonly unknown[], transfer: readonly object[], cause: unknown): void {
    if (batch.length === this.#lengthAt(batch, 0)) {
      this.#unsent.push({ frame: batch, transfer, cause });
      return;
    }
    for (let start = 0; start < batch.length; start += this.#lengthAt(batch, start)) {
      const frame = batch.slice(start, start + this.#lengthAt(batch, start));
      try {
        this.#port.postMessage(frame, NO_TRANSFER);
      } catch (reason) {
        this.#unsent.push({ frame, transfer: NO_TRANSFER, cause: reason });
      }
    }
  }

  #lengthAt(batch: readonly unknown[], start: number): number {
    return this.#lengths[batch[start] as number] as number;
  }
}
