/** The traffic and the machines of the table. Threads start in 100 ms here, cautious for a module with some imports. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseTrace } from 'millrace/simulator';

const BOOT = { kind: 'lognormal', meanMs: 100, sigma: 0.3 };
const HOST = { cores: 64, boot: BOOT };
const POOL = { size: { min: 1, max: 64 }, queue: { max: 1_000_000 } };
const SHORT = [{ cpu: { kind: 'lognormal', meanMs: 20, sigma: 0.5 } }];
const MIDDLE = [{ cpu: { kind: 'lognormal', meanMs: 100, sigma: 0.5 } }];

const base = { host: HOST, pool: POOL, tasks: SHORT };

export const step = { ...base, name: 'step x10', durationMs: 40_000, arrivals: { kind: 'step', fromPerS: 100, toPerS: 1_000, atMs: 20_000 } };

export const steady = (load) => ({
  ...base,
  name: `steady, load ${load}`,
  durationMs: 3_720_000,
  measureFromMs: 120_000,
  tasks: [{ cpu: { kind: 'exponential', meanMs: 200 } }],
  arrivals: { kind: 'poisson', ratePerS: load / 0.2 },
});

export const squareWave = (periodMs, size) => ({
  ...base,
  name: `square wave, ${periodMs / 1_000} s`,
  durationMs: 16 * periodMs,
  tasks: MIDDLE,
  arrivals: { kind: 'square-wave', lowPerS: 20, highPerS: 200, periodMs },
  ...(size === undefined ? {} : { pool: { ...POOL, size } }),
});

export const bursty = (scv) => ({
  ...base,
  name: `bursty, SCV ${scv}`,
  durationMs: 600_000,
  measureFromMs: 30_000,
  tasks: [{ cpu: { kind: 'lognormal', meanMs: 500, sigma: 0.5 } }],
  arrivals: { kind: 'bursty', ratePerS: 20, scv },
  waitTargetMs: 500,
  pool: { ...POOL, size: { min: 1, max: 128 } },
  host: { ...HOST, cores: 128 },
});

export const diurnal = {
  ...base,
  name: 'a day in 24 minutes',
  durationMs: 1_440_000,
  measureFromMs: 30_000,
  tasks: MIDDLE,
  arrivals: { kind: 'diurnal', meanPerS: 80, peakToMean: 1.8, periodMs: 1_440_000 },
};

/** 1 minute of the trace in 1 s, scaled to a mean of some 8 busy workers. */
export const worldCup = (day) => {
  const trace = readTrace(`worldcup98-06-${day}`);
  const meanPerMinute = trace.counts.reduce((a, b) => a + b, 0) / trace.counts.length;
  return {
    ...base,
    name: `WorldCup98, ${day} June, 60 times as fast`,
    durationMs: 1_440_000,
    measureFromMs: 30_000,
    tasks: MIDDLE,
    arrivals: { ...trace, speed: 60, scale: 80 / meanPerMinute },
  };
};

/** Ten times as fast, with tasks of 200 ms. */
export const azure = () => ({
  ...base,
  name: 'Azure LLM conversations, 10 times as fast',
  durationMs: 130_000,
  measureFromMs: 5_000,
  tasks: [{ cpu: { kind: 'lognormal', meanMs: 200, sigma: 1 } }],
  waitTargetMs: 200,
  arrivals: { ...readTrace('azure-llm-2023-conversation'), speed: 10 },
});

export const overload = (factor) => ({
  name: `overload ${factor}x`,
  durationMs: 60_000,
  measureFromMs: 5_000,
  arrivals: { kind: 'poisson', ratePerS: 400 * factor },
  tasks: [
    { cpu: { kind: 'exponential', meanMs: 20 }, weight: 1, name: 'top', priority: 'high' },
    { cpu: { kind: 'exponential', meanMs: 20 }, weight: 3, name: 'bulk', priority: 'normal' },
  ],
  host: { cores: 8, boot: BOOT },
  clients: { retries: 3, patienceMs: 2_000 },
  pool: { size: 8, queue: { max: 10_000 }, overload: { memory: false } },
});

export const metastable = {
  name: 'spike x5 for 10 s with callers that try again',
  durationMs: 60_000,
  arrivals: { kind: 'step', fromPerS: 280, toPerS: 1_400, atMs: 20_000, backAtMs: 30_000 },
  tasks: [{ cpu: { kind: 'exponential', meanMs: 20 } }],
  host: { cores: 8, boot: BOOT },
  clients: { retries: 3, patienceMs: 1_000 },
  pool: { size: 8, queue: { max: 10_000 }, overload: { memory: false } },
};

export const downstream = {
  ...base,
  name: 'the service behind is 5 times slower for 30 s',
  durationMs: 120_000,
  measureFromMs: 20_000,
  tasks: [{ cpu: 1, io: { kind: 'lognormal', meanMs: 50, sigma: 0.3 } }],
  downstream: { capacity: 10, degradation: 0.01 },
  arrivals: { kind: 'poisson', ratePerS: 120 },
  faults: [{ kind: 'slow-io', atMs: 60_000, untilMs: 90_000, factor: 5 }],
};

export const faulty = {
  name: '1 of 8 workers fails 30 %',
  durationMs: 60_000,
  measureFromMs: 10_000,
  arrivals: { kind: 'poisson', ratePerS: 250 },
  tasks: [{ cpu: { kind: 'exponential', meanMs: 20 } }],
  host: { cores: 8, boot: BOOT },
  pool: { size: 8, queue: { max: 10_000 }, placement: 'random' },
  faults: [{ kind: 'errors', atMs: 10_000, index: 3, share: 0.3 }],
};

export const healthy = { ...faulty, name: '1 % of all tasks fail', durationMs: 400_000, tasks: [{ cpu: 20, errorShare: 0.01 }], faults: [] };

export const poison = {
  ...faulty,
  name: '1 % of the tasks kill their worker',
  arrivals: { kind: 'poisson', ratePerS: 50 },
  tasks: [{ cpu: 20, poisonShare: 0.01 }],
  faults: [],
  pool: { size: 8, queue: { max: 10_000 }, retry: 3 },
};

export const slowWorker = (on) => ({
  ...faulty,
  name: '1 of 8 workers is 10 times slower',
  arrivals: { kind: 'poisson', ratePerS: 200 },
  pool: { size: 8, queue: { max: 10_000 }, slowWorkers: 'isolate' },
  faults: on ? [{ kind: 'slow-worker', atMs: 10_000, index: 3, factor: 10 }] : [],
});

export const starvation = {
  name: 'load 0.95, three levels',
  durationMs: 600_000,
  measureFromMs: 5_000,
  arrivals: { kind: 'poisson', ratePerS: 380 },
  tasks: [
    { cpu: { kind: 'exponential', meanMs: 20 }, name: 'high', priority: 'high', weight: 6 },
    { cpu: { kind: 'exponential', meanMs: 20 }, name: 'normal', priority: 'normal', weight: 3 },
    { cpu: { kind: 'exponential', meanMs: 20 }, name: 'low', priority: 'low', weight: 1 },
  ],
  host: { cores: 8, boot: BOOT },
  pool: { size: 8, queue: { max: 1_000_000 } },
};

function readTrace(name) {
  return parseTrace(gunzipSync(readFileSync(new URL(`./traces/${name}.csv.gz`, import.meta.url))).toString(), name);
}
