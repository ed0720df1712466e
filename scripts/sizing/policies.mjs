/** What the law is compared with: every baseline in several settings, so that each is judged by its best. */

export const LAW = { name: 'adaptive', options: {} };

export const BASELINES = {
  threshold: [500, 2_000].flatMap((intervalMs) =>
    [5, 50].flatMap((depthUp) =>
      [2, 8].map((stepUp) => ({
        name: 'threshold',
        options: { intervalMs, depthUp, depthDown: Math.floor(depthUp / 2), stepUp, holdUpMs: 0, cpuUp: 1, cpuDown: 0.6, holdDownMs: 5_000 },
      })),
    ),
  ),
  'queue-depth': [1_000, 5_000, 30_000].map((idleMs) => ({ name: 'queue-depth', options: { idleMs } })),
  hpa: [0.5, 0.7].flatMap((target) => [1_000, 15_000].map((intervalMs) => ({ name: 'hpa', options: { target, intervalMs, downWindowMs: 20 * intervalMs } }))),
  'hill-climbing': [250, 500].flatMap((intervalMs) => [1, 4].map((step) => ({ name: 'hill-climbing', options: { intervalMs, step } }))),
};

/** What a user may turn: headroom, the wait that is good enough, and how long a worker is kept idle. */
export const LAW_SETTINGS = [0, 0.5, 1].flatMap((goal) =>
  [200, 600, 2_000].flatMap((waitTargetMs) => [500, 2_000, 5_000].map((idleMs) => ({ name: 'adaptive', options: { goal, waitTargetMs, idleMs } }))),
);
