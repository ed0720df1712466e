/**
 * Thrown values across a transport: `encodeError` in the worker, `reviveError` in the pool.
 *
 * An error comes back with its class, name, message, stack, and every own property; what of these cannot cross is replaced by a short
 * description in brackets, for example `[a Socket]`. Nothing that is thrown makes this throw or hang: proxies, getters, cycles and huge graphs included.
 */
export { encodeError } from './error-encoder.js';
export { reviveError } from './error-reviver.js';
export { joinStacks } from './join-stacks.js';
