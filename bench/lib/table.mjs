// The results as a markdown table: median (lowest to highest) per case and client.
import { cases, clients, goals, ways } from './cases.mjs';

/** What our ways of a case are called in the table. */
const means = {
  P1: '`produceFrom`, bytes',
  'P1 text': '`produceFrom`, strings',
  P2: '`send` per record',
  C1a: '`batches$`, bytes',
  C1b: '`records$ | acknowledge()`, bytes',
  'C1a text': '`batches$`, strings',
  'C1b text': '`records$ | acknowledge()`, strings',
  E1: '`records$ | mapValue | produce | commitOffsets`',
  P6: '`sendAndWait`',
};

const round = (value, digits = 2) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(digits);

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1) };
}

const shown = ({ median, low, high }) => `${round(median)} (${round(low)}-${round(high)})`;

/** @param runs lines of the results file @returns rows { name, client, cells } and the markdown text. */
export function table(runs) {
  const of = (name, client, figure) =>
    runs
      .filter((run) => run.ok && run.way === name && run.client === client)
      .map((run) => figure(run))
      .filter(Number.isFinite);
  const text = [];
  for (const [name, { title }] of Object.entries(cases)) {
    const lines = [];
    for (const client of clients) {
      for (const way of (client === 'rx-kafka' && ways[name]) || [name]) {
        const label = client === 'rx-kafka' ? `**rx-kafka** ${means[way] ?? ''}`.trim() : client;
        const rows = of(way, client, (run) => run.cpuSeconds);
        if (rows.length === 0) continue;
        const pick = (figure) => shown(spread(of(way, client, figure)));
        const columns =
          name === 'P6'
            ? [pick((run) => run.p50Ms), pick((run) => run.p99Ms), pick((run) => (run.cpuSeconds / run.records) * 1e6)]
            : name === 'M1'
              ? [pick((run) => run.growthMb), pick((run) => run.endGrowthMb), pick((run) => run.peakRssMb)]
              : [
                  pick((run) => (run.cpuSeconds / run.records) * 1e6),
                  pick((run) => run.records / run.seconds / 1000),
                  pick((run) => run.peakRssMb),
                ];
        lines.push(`| ${label} | ${columns.join(' | ')} | ${rows.length} |`);
      }
    }
    if (lines.length === 0) continue;
    const heads =
      name === 'P6'
        ? ['p50, ms', 'p99, ms', 'CPU s / million']
        : name === 'M1'
          ? ['most growth, MB', 'growth at the end, MB', 'peak RSS, MB']
          : ['CPU s / million', 'thousand records/s', 'peak RSS, MB'];
    text.push(`### ${name}: ${title} (goal: ${goals[name]})`, '');
    text.push(`| client | ${heads.join(' | ')} | runs |`, '|---|---|---|---|---|', ...lines, '');
  }
  return text.join('\n');
}
