/** Who waits for whom, and who will wait for ever. */

/** A thread that sleeps until another gives something up. */
export interface WaitEdge {
  readonly threadId: number;
  /** Number of the shared object it waits for. */
  readonly waitsOn: number;
  /** Thread that holds it; `undefined` when none does, or it is not known. */
  readonly waitsFor: number | undefined;
}

/**
 * The circles of threads that wait for one another, each once, from its smallest id on. A thread waits for one other at a time, so following it either
 * ends, or leads into a circle: O(threads).
 *
 * Edges are read one after the other while threads run: a circle is certain only when it is there again at a later look.
 */
export function findDeadlocks(edges: readonly WaitEdge[]): readonly (readonly WaitEdge[])[] {
  const byThread = new Map(edges.map((edge) => [edge.threadId, edge]));
  const circles: WaitEdge[][] = [];
  const done = new Set<number>();
  for (const start of [...byThread.keys()].sort((a, b) => a - b)) {
    const path: WaitEdge[] = [];
    const onPath = new Set<number>();
    let edge = byThread.get(start);
    while (edge !== undefined && !done.has(edge.threadId) && !onPath.has(edge.threadId)) {
      path.push(edge);
      onPath.add(edge.threadId);
      edge = edge.waitsFor === undefined ? undefined : byThread.get(edge.waitsFor);
    }
    const first = edge === undefined || !onPath.has(edge.threadId) ? -1 : path.indexOf(edge);
    if (first !== -1) circles.push(fromSmallest(path.slice(first)));
    for (const { threadId } of path) done.add(threadId);
  }
  return circles;
}

/** Names a circle: the same threads that wait for the same objects have the same name. */
export function circleKey(circle: readonly WaitEdge[]): string {
  return circle.map(({ threadId, waitsOn }) => `${threadId}:${waitsOn}`).join(' ');
}

function fromSmallest(circle: readonly WaitEdge[]): WaitEdge[] {
  const smallest = circle.reduce((best, edge, index) => (edge.threadId < (circle[best] as WaitEdge).threadId ? index : best), 0);
  return [...circle.slice(smallest), ...circle.slice(0, smallest)];
}
