/** What goes wrong, and when. Times are ms from the start; a fault with `untilMs` ends by itself. */
export type Fault =
  /** `count` workers end by themselves (default 1), the busiest first. */
  | { readonly kind: 'kill'; readonly atMs: number; readonly count?: number }
  /** The `index`-th living worker fails a share of its tasks. */
  | { readonly kind: 'errors'; readonly atMs: number; readonly untilMs?: number; readonly index: number; readonly share: number }
  /** The `index`-th living worker is so many times slower. */
  | { readonly kind: 'slow-worker'; readonly atMs: number; readonly untilMs?: number; readonly index: number; readonly factor: number }
  /** All I/O is so many times slower. */
  | { readonly kind: 'slow-io'; readonly atMs: number; readonly untilMs?: number; readonly factor: number }
  /** The machine has so many cores. */
  | { readonly kind: 'cores'; readonly atMs: number; readonly untilMs?: number; readonly cores: number }
  /** A share of the starts of workers fails. */
  | { readonly kind: 'start-failures'; readonly atMs: number; readonly untilMs?: number; readonly share: number };
