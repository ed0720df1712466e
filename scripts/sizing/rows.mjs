/** The rows of the table: what is simulated, what must come out, and what is reported when it does not. */
import { BASELINES, LAW, LAW_SETTINGS } from './policies.mjs';
import * as scenarios from './scenarios.mjs';
import { erlangWaitMs, mean, short, withInterval } from './statistics.mjs';

/** The pool has a fixed size: the policy has nothing to decide. */
const FIXED = LAW;
/** Levels of service at which costs are compared. */
const BURST_P99_MS = [100, 300, 500, 1_000, 2_000];
const over = (reports, read) => reports.map(read);
const violations = (reports) => reports.flatMap(({ checks }) => checks.violations);

/** `run(scenario, policy)` resolves to one report a seed. */
export const ROWS = [
  {
    id: 'step',
    title: 'step ×10 up (20 ms tasks, 0.1 s boots)',
    target: 'peak wait ≤ 0.5 s; 95 % of the capacity in ≤ 2 boots + 0.1 s; overshoot ≤ 25 %',
    async measure(run) {
      const reports = await run(scenarios.step, LAW);
      const peakMs = over(reports, ({ wait }) => wait.max);
      const readyMs = over(reports, (report) => timeTo(report, 19, 20_000) + 100);
      const overshoot = over(reports, ({ cost }) => cost.workersMax / (20 + Math.sqrt(20)) - 1);
      const rivals = [];
      for (const name of Object.keys(BASELINES)) {
        const all = await Promise.all(BASELINES[name].map((policy) => run(scenarios.step, policy)));
        rivals.push(`${name} ${short(Math.min(...all.map((reports) => mean(over(reports, ({ wait }) => wait.max)))) / 1_000)} s`);
      }
      return {
        reports,
        text: `peak wait ${withInterval(peakMs)} ms (best setting of ${rivals.join(', ')}); 95 % of the workers wanted and started after ${withInterval(readyMs)} ms; overshoot ${withInterval(over(overshoot, (x) => 100 * x))} %`,
        met: mean(peakMs) <= 500 && mean(readyMs) <= 300 && mean(overshoot) <= 0.25,
      };
    },
  },
  {
    id: 'steady',
    title: 'steady Poisson load 2, 5, 8, 9.5 for an hour',
    target: '0 reversals/h, ≤ 6 changes/h, p99 wait within 10 % of Erlang C for the workers chosen',
    async measure(run) {
      const texts = [];
      let met = true;
      const all = [];
      for (const load of [2, 5, 8, 9.5]) {
        const reports = await run(scenarios.steady(load), LAW);
        all.push(...reports);
        const reversals = mean(over(reports, ({ stability }) => stability.reversals));
        const actions = mean(over(reports, ({ stability }) => stability.actions));
        const workers = mean(over(reports, ({ cost }) => cost.workersMean));
        const p99 = mean(over(reports, ({ wait }) => wait.p99));
        // Between two whole numbers of workers the wait is between theirs.
        const theory = [Math.floor(workers), Math.ceil(workers)].map((n) => (n > load ? erlangWaitMs(n, load, 200, 0.99) : Infinity));
        met &&= reversals === 0 && actions <= 6 && p99 <= 1.1 * Math.max(...theory);
        texts.push(
          `load ${load}: ${short(reversals)} reversals, ${short(actions)} changes, ${short(workers)} workers, p99 ${short(p99)} ms (Erlang ${theory.map((x) => short(x)).join(' to ')})`,
        );
      }
      return { reports: all, text: texts.join('; '), met };
    },
  },
  smooth('day', 'a day of sine, compressed', () => scenarios.diurnal),
  smooth('worldcup', 'WorldCup98 24 June, a minute in a second', () => scenarios.worldCup('24')),
  smooth('azure', 'Azure LLM conversations', () => scenarios.azure(), 0.5),
  burst(10),
  burst(100),
  {
    id: 'square-wave',
    title: 'square wave ×10, period 0.5, 1, 2, 4 idle timeouts',
    target: 'at most 2 changes a period, falling to none; cost ≤ 1.3 × best fixed size',
    async measure(run) {
      const texts = [];
      let met = true;
      const all = [];
      for (const periodMs of [5_000, 10_000, 20_000, 40_000]) {
        const reports = await run(scenarios.squareWave(periodMs), LAW);
        all.push(...reports);
        const first = mean(over(reports, (report) => changesBetween(report, 0, 8 * periodMs) / 8));
        const last = mean(over(reports, (report) => changesBetween(report, 12 * periodMs, 16 * periodMs) / 4));
        const fixed = await bestFixed(run, scenarios.squareWave(periodMs), [20, 22, 24, 26, 28]);
        const ratio = mean(over(reports, costOf)) / fixed.cost;
        met &&= first <= 2 && last <= 0.5 && ratio <= 1.3;
        texts.push(
          `${periodMs / 1_000} s: ${short(first)} changes a period in the first 8, ${short(last)} in the last 4; cost ${short(ratio)} of ${fixed.size} fixed workers`,
        );
      }
      return { reports: all, text: texts.join('; '), met };
    },
  },
  {
    id: 'overload',
    title: 'overload 2× and 5×, callers that try again',
    target: 'goodput ≥ 95 % of capacity; p99 of the top level ≤ 1.5 × unloaded',
    async measure(run) {
      const unloaded = await run(scenarios.overload(0.5), FIXED);
      const texts = [];
      let met = true;
      const all = [...unloaded];
      for (const factor of [2, 5]) {
        const reports = await run(scenarios.overload(factor), FIXED);
        all.push(...reports);
        const goodput = mean(over(reports, ({ tasks }) => tasks.throughputPerS / (8 / 0.02003)));
        const top = (list) => mean(over(list, ({ waitByLevel }) => waitByLevel.high.p99));
        const service = 20 * Math.log(100);
        const ratio = (top(reports) + service) / (top(unloaded) + service);
        met &&= goodput >= 0.95 && ratio <= 1.5;
        texts.push(`${factor}×: goodput ${short(100 * goodput)} %, p99 of the top level ${short(ratio)} × unloaded (wait ${short(top(reports))} ms)`);
      }
      return { reports: all, text: texts.join('; '), met };
    },
  },
  {
    id: 'metastability',
    title: 'spike ×5 for 10 s at load 0.7, callers try again three times',
    target: 'throughput recovered ≤ 5 s after it; ≤ 1.2 executions a task',
    async measure(run) {
      const reports = await run(scenarios.metastable, FIXED);
      const recoveryS = over(reports, (report) => recovery(report, 30_000, 280));
      const amplification = over(reports, ({ tasks }) => tasks.executions / tasks.completed);
      return {
        reports,
        text: `back to the offered rate after ${withInterval(recoveryS)} s; ${withInterval(amplification)} executions a completed task`,
        met: mean(recoveryS) <= 5 && mean(amplification) <= 1.2,
      };
    },
  },
  {
    id: 'downstream',
    title: 'the service behind the tasks is 5 times slower for 30 s',
    target: 'workers do not grow with it; throughput ≥ 95 % of the best fixed size',
    async measure(run) {
      const reports = await run(scenarios.downstream, LAW);
      const before = over(reports, ({ workersOverTime }) => Math.max(...workersOverTime.slice(150, 200)));
      const during = over(reports, ({ workersOverTime }) => Math.max(...workersOverTime.slice(200, 300)));
      const served = over(reports, ({ completionsOverTime }) => mean(completionsOverTime.slice(210, 300)));
      const sizes = [8, 10, 12, 16];
      const fixed = [];
      for (const size of sizes)
        fixed.push(
          mean(over(await run(scenarios.downstream, { name: 'fixed', size }), ({ completionsOverTime }) => mean(completionsOverTime.slice(210, 300)))),
        );
      const best = Math.max(...fixed);
      const growth = mean(during) / mean(before);
      return {
        reports,
        text: `${withInterval(before)} workers before, at most ${withInterval(during)} during; ${withInterval(served)} tasks/s, best fixed ${short(best)} with ${sizes[fixed.indexOf(best)]}`,
        met: growth <= 1.5 && mean(served) >= 0.95 * best,
      };
    },
  },
  {
    id: 'isolation',
    title: '1 of 8 workers fails 30 % of its tasks',
    target: 'isolated after ≤ 60 of its tasks (2 s here); errors of the pool < 1 %',
    async measure(run) {
      const reports = await run(scenarios.faulty, FIXED);
      const failures = over(reports, ({ tasks }) => tasks.failed);
      const share = over(reports, ({ tasks }) => (100 * tasks.failed) / tasks.submitted);
      return {
        reports,
        text: `${withInterval(failures)} tasks failed (0.3 of those it executed): ${withInterval(share)} % of all`,
        met: mean(failures) <= 0.3 * 60 && mean(share) < 1,
      };
    },
  },
  {
    id: 'false-isolation',
    title: '1 % of all tasks fail, 8 healthy workers',
    target: '≤ 1 false isolation in 10⁷ tasks',
    async measure(run) {
      const reports = await run(scenarios.healthy, FIXED);
      const boots = over(reports, ({ cost }) => cost.boots);
      const tasks = over(reports, ({ tasks: { submitted } }) => submitted).reduce((a, b) => a + b, 0);
      const replaced = boots.reduce((a, b) => a + b, 0);
      return { reports, text: `${replaced} workers replaced in ${short(tasks)} tasks`, met: replaced === 0 };
    },
  },
  {
    id: 'poison',
    title: '1 % of the tasks kill their worker (3 attempts)',
    target: 'given up after ≤ 2 kills; healthy throughput ≥ 95 %',
    async measure(run) {
      const reports = await run(scenarios.poison, FIXED);
      const kills = over(reports, ({ tasks, cost }) => cost.boots / Math.max(1, tasks.failed));
      const healthy = over(reports, ({ tasks }) => tasks.completed / (0.99 * tasks.submitted));
      return {
        reports,
        text: `${withInterval(kills)} workers started a task given up; ${withInterval(over(healthy, (x) => 100 * x))} % of the healthy tasks completed; p99 wait ${withInterval(over(reports, ({ wait }) => wait.p99))} ms`,
        met: mean(kills) <= 2.2 && mean(healthy) >= 0.95,
      };
    },
  },
  {
    id: 'slow-worker',
    title: '1 of 8 workers is 10 times slower',
    target: 'p99 latency ≤ 1.3 × without the fault',
    async measure(run) {
      const [without, reports] = [await run(scenarios.slowWorker(false), FIXED), await run(scenarios.slowWorker(true), FIXED)];
      const ratio = mean(over(reports, ({ latency }) => latency.p99)) / mean(over(without, ({ latency }) => latency.p99));
      return { reports, text: `p99 latency ${short(ratio)} × (${withInterval(over(reports, ({ latency }) => latency.p99))} ms)`, met: ratio <= 1.3 };
    },
  },
  {
    id: 'starvation',
    title: 'three levels at load 0.95',
    target: 'longest wait of the lowest level ≤ head start (10 s) + 2 × drain',
    async measure(run) {
      const reports = await run(scenarios.starvation, FIXED);
      const longest = over(reports, ({ waitByLevel }) => waitByLevel.low.max);
      const overtaken = Math.max(...over(reports, ({ checks }) => checks.overtakenMsMax));
      return {
        reports,
        text: `longest wait of a low task ${withInterval(longest)} ms; no task left the queue more than ${short(overtaken)} ms before its turn`,
        met: Math.max(...longest) <= 12_000 && overtaken <= 2,
      };
    },
  },
];

/** Costs and regrets of a traffic that changes slowly. */
function smooth(id, title, scenario, target = 0.2) {
  return {
    id,
    title,
    target: `regret ≤ ${target}; worker-s ≤ 1.15 × optimum; p99 wait below the target`,
    async measure(run) {
      const reports = await run(scenario(), LAW);
      const regret = over(reports, ({ optimum }) => optimum.regret);
      const ratio = over(reports, ({ cost, optimum }) => cost.workerS / optimum.workerS);
      const misses = over(reports, ({ target }) => 100 * target.missShare);
      const fixed = mean(over(reports, ({ optimum }) => optimum.fixedRegret));
      const p99 = over(reports, ({ wait }) => wait.p99);
      return {
        reports,
        text: `regret ${withInterval(regret)} (best fixed size ${short(fixed)}); worker-s ${withInterval(ratio)} × optimum; p99 wait ${withInterval(p99)} ms (target ${short(reports[0].target.waitMs)}); ${withInterval(misses)} % waited beyond the target`,
        met: mean(regret) <= target && mean(ratio) <= 1.15 && mean(p99) < reports[0].target.waitMs,
      };
    },
  };
}

/** Worker-seconds of the law in its cheapest setting against those of the best threshold setting, at no longer p99 wait. */
function burst(scv) {
  return {
    id: `bursty-${scv}`,
    title: `synthetic bursts, SCV ${scv}`,
    target: '≥ 30 % fewer worker-s than the best threshold setting at equal p99 wait',
    async measure(run) {
      const scenario = scenarios.bursty(scv);
      const reports = await run(scenario, LAW);
      const law = [pointOf(LAW, reports), ...(await pointsOf(run, scenario, LAW_SETTINGS))];
      const rivals = await pointsOf(run, scenario, BASELINES.threshold);
      const compared = BURST_P99_MS.map((p99) => ({ p99, law: cheapest(law, p99), rival: cheapest(rivals, p99) }));
      // Where thresholds reach a level of service the law must reach it too, for less.
      const cheaper = compared.every(({ rival, law }) => rival === undefined || (law !== undefined && law.workerS <= 0.7 * rival.workerS));
      const parts = compared.map(
        ({ p99, law, rival }) =>
          `p99 ≤ ${p99} ms: ${law === undefined ? 'none' : `${short(law.workerS)} ${JSON.stringify(law.policy.options)}`}, threshold ${rival === undefined ? 'none' : short(rival.workerS)}`,
      );
      return {
        reports,
        text: `worker-s ${parts.join('; ')}. Default: ${short(law[0].workerS)} at p99 ${short(law[0].p99)} ms, regret ${withInterval(over(reports, ({ optimum }) => optimum.regret))}`,
        met: compared.some(({ law }) => law !== undefined) && cheaper,
      };
    },
  };
}

async function pointsOf(run, scenario, policies) {
  const points = [];
  for (const policy of policies) points.push(pointOf(policy, await run(scenario, policy)));
  return points;
}

function pointOf(policy, reports) {
  return { policy, p99: mean(over(reports, ({ wait }) => wait.p99)), workerS: mean(over(reports, ({ cost }) => cost.workerS)) };
}

/** The cheapest of the settings whose wait is not longer. */
function cheapest(points, p99) {
  return points.filter((point) => point.p99 <= p99).reduce((best, point) => (best === undefined || point.workerS < best.workerS ? point : best), undefined);
}

async function bestFixed(run, scenario, sizes) {
  const all = [];
  for (const size of sizes) all.push({ size, cost: mean(over(await run(scenario, { name: 'fixed', size }), costOf)) });
  return all.reduce((a, b) => (b.cost < a.cost ? b : a));
}

function costOf({ cost, target }) {
  return cost.workerS + target.missS + 0.1 * cost.boots;
}

function timeTo({ decisions }, workers, fromMs) {
  return (decisions.find(({ atMs, to }) => atMs >= fromMs && to >= workers)?.atMs ?? Infinity) - fromMs;
}

function changesBetween({ decisions }, fromMs, untilMs) {
  return decisions.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs).length;
}

/** Seconds after `fromMs` until completions are at 90 % of the offered rate, and at most 120 %: the backlog is gone. */
function recovery({ completionsOverTime, durationMs }, fromMs, ratePerS) {
  const intervalMs = durationMs / completionsOverTime.length;
  const first = Math.ceil(fromMs / intervalMs);
  const settled = completionsOverTime.findIndex(
    (rate, index) => index >= first && mean(completionsOverTime.slice(index, index + 5)) <= 1.2 * ratePerS && rate >= 0.7 * ratePerS,
  );
  return settled === -1 ? Infinity : Math.max(0, (settled * intervalMs - fromMs) / 1_000);
}

export function violationsOf(reports) {
  return violations(reports);
}
