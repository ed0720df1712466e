/** Who runs in which case, and how configured. */
import { cases } from '../cases/index.mjs';
import { contenders, OURS } from '../contenders/index.mjs';

/** The cases to run, each with its entries `{ contender, kind, variant, label }` in the order they take turns. Only peers are tuned. */
export function makePlan({ caseNames, contenderNames, tune }) {
  const chosen = contenders.filter(({ name }) => (contenderNames?.includes(name) ?? true) && !(tune && name === OURS));
  return cases
    .filter(({ name }) => caseNames?.includes(name) ?? true)
    .map((benchCase) => ({ benchCase, entries: chosen.flatMap((contender) => entriesOf(contender, benchCase, tune)) }))
    .filter(({ entries }) => entries.length > 0);
}

function entriesOf(contender, benchCase, tune) {
  const kind = benchCase.kind === 'any' ? contender.kinds[0] : benchCase.kind;
  if (!contender.kinds.includes(kind)) return [];
  if (tune) return variantsFor(contender, kind, benchCase).map((variant) => ({ contender, kind, variant, label: `${contender.name}: ${variant}` }));
  const best = { contender, kind, variant: bestVariant(contender, kind, benchCase.name), label: contender.name };
  const asItComes = contender.asItComes?.[kind]?.[benchCase.name];
  return asItComes === undefined ? [best] : [best, { contender, kind, ...asItComes, asItComes: true }];
}

function bestVariant(contender, kind, caseName) {
  const best = contender.best[kind];
  return best[caseName] ?? best.otherwise;
}

function variantsFor(contender, kind, benchCase) {
  return Object.entries(contender.variants[kind])
    .filter(([, config]) => benchCase.buffers || !config.copyThenMove)
    .map(([name]) => name);
}
