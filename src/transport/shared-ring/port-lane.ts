/**
 * The way for values that only a message port can carry (transfers, SharedArrayBuffer, ports) and for those too long for the ring.
 *
 * The sender posts the value first and then writes a record that says "by port"; both ways keep order, so the reader of the n-th such record
 * takes the n-th message, which is there: either already delivered by an event or still in the port's queue, where it is taken synchronously.
 */
import { receiveMessageOnPort, type MessagePort, type Transferable } from 'node:worker_threads';
import { MillraceError } from '../../errors.js';
import { assertAttached } from '../move.js';

/** Stands for a message that the runtime could not rebuild on this side. */
class Unreadable {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

export class PortLane {
  readonly #port: MessagePort;
  /** Messages that an event delivered before their record was read. */
  readonly #arrived: unknown[] = [];

  /** `onClose`: the port is closed, by either side or because the other side is gone. */
  constructor(port: MessagePort, onClose: () => void) {
    this.#port = port;
    port.on('message', (value: unknown) => void this.#arrived.push(value));
    port.on('messageerror', (error: Error) => void this.#arrived.push(new Unreadable(error)));
    port.once('close', onClose);
  }

  /** @throws DataCloneError when the value cannot cross; nothing was sent then */
  post(value: unknown, transfer: readonly object[]): void {
    assertAttached(transfer);
    this.#port.postMessage(value, transfer as readonly Transferable[]);
  }

  /** The next value. @throws when it could not be rebuilt on this side */
  take(): unknown {
    const value = this.#arrived.length > 0 ? this.#arrived.shift() : this.#receive();
    if (value instanceof Unreadable) throw value.error;
    return value;
  }

  close(): void {
    this.#port.close();
  }

  /** The port no longer keeps the process alive. */
  unref(): void {
    this.#port.unref();
  }

  #receive(): unknown {
    const received = receiveMessageOnPort(this.#port) as { readonly message: unknown } | undefined;
    if (received === undefined) throw new MillraceError('ERR_PROTOCOL', 'a record says that its value came by port, but there is no message');
    return received.message;
  }
}
