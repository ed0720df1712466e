/**
 * Values as bytes: `new Encoder().encode(value)` and `decodeValue(bytes, offset, length)`, for media that carry nothing else.
 *
 * What comes out equals what `structuredClone` would have given for what went in. Two things do not cross: shared memory, and the host's own
 * objects (ports, keys, blobs). A view that is not part of a shared graph brings its own bytes only, not the rest of the buffer it looks at.
 * The format: `codec-tags.ts`.
 */
export { decodeValue } from './decoder.js';
export { Encoder, keepCopy, PROCESS } from './encoder.js';
