// The results as markdown: a table per case with median (lowest-highest), the goal and what we need of the cheapest Node client.
import { cases, clients, goals, nodeClients, ways } from './cases.mjs';

/** What our ways of a case are called in the table. */
const means = {
  P1: '`produceFrom`, bytes',
  'P1 text': '`produceFrom`, strings',
  P2: '`send` per record',
  C1a: '`batches$`, bytes',
  C1b: '`records$`, `acknowledge()`, bytes',
  'C1a text': '`batches$`, strings',
  'C1b text': '`records$`, `acknowledge()`, strings',
  P5: '`produceFrom`, bytes',
  E1: '`records$`, `mapValue`, `produce`, `commitOffsets`',
  E2: '`records$`, `transaction`, `mapValue`, `produce`',
  'E2 four slots': 'the same with `slots: 4`',
  'E2 at least once': 'the pipe of E1 over the same records',
  P6: '`sendAndWait`',
};

const perMillion = (run) => (run.cpuSeconds / run.records) * 1e6;
const peak = { head: 'peak RSS, MB', of: (run) => run.peakRssMb };

/** The figures of a case, the one that counts first. */
const figures = {
  P6: [
    { head: 'p50, ms', of: (run) => run.p50Ms },
    { head: 'p99, ms', of: (run) => run.p99Ms },
    { head: 'CPU s / million', of: perMillion },
  ],
  M1: [
    { head: 'most growth, MB', of: (run) => run.growthMb },
    { head: 'growth at the end, MB', of: (run) => run.endGrowthMb },
    peak,
  ],
  S1: [
    { head: 'idle CPU, % of a core', of: (run) => (100 * run.cpuSeconds) / run.seconds },
    { head: 'process start to first acknowledgement, ms', of: (run) => run.startMs },
    { head: 'CPU of that, s', of: (run) => run.startCpuSeconds },
    peak,
  ],
};
const usual = [
  { head: 'CPU s / million', of: perMillion },
  { head: 'thousand records/s', of: (run) => run.records / run.seconds / 1000 },
  peak,
];

/** Whom we are measured against, where it is not the cheapest client in Node. */
const rivals = {
  P6: { head: 'p50, of the Java client', is: (client) => client === 'java' },
  M1: null,
  S1: null,
};

const round = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1) };
}

function shown(values) {
  const { median, low, high } = spread(values);
  return values.length === 1 ? round(median) : `${round(median)} (${round(low)}-${round(high)})`;
}

/** @param runs the lines of a results file @returns markdown */
export function table(runs) {
  return Object.keys(cases)
    .map((name) =>
      caseTable(
        name,
        runs.filter((run) => run.ok && run.case === name),
      ),
    )
    .filter((text) => text !== '')
    .join('\n\n');
}

function caseTable(name, runs) {
  const columns = figures[name] ?? usual;
  const rows = clients.flatMap((client) =>
    ((client === 'rx-kafka' && ways[name]) || [name])
      .map((way) => ({ client, way, runs: runs.filter((run) => run.client === client && run.way === way) }))
      .filter((row) => row.runs.length > 0),
  );
  if (rows.length === 0) return '';
  const [first] = columns;
  const medianOf = (row) => spread(row.runs.map(first.of)).median;
  const rival =
    name in rivals
      ? rivals[name]
      : { head: 'of the cheapest Node client', is: (client) => nodeClients.includes(client) };
  const cheapest = Math.min(...rows.filter((row) => rival?.is(row.client)).map(medianOf));
  const heads = ['client', ...columns.map(({ head }) => head), 'goal', ...(rival === null ? [] : [rival.head])];
  const lines = rows.map((row) => {
    const ours = row.client === 'rx-kafka';
    const label = ours ? `**rx-kafka** ${means[row.way] ?? ''}`.trim() : row.client;
    const share = ours && Number.isFinite(cheapest) ? `${((100 * medianOf(row)) / cheapest).toFixed(0)} %` : '';
    return [
      label,
      ...columns.map(({ of }) => shown(row.runs.map(of))),
      ours ? goals[name] : '',
      ...(rival === null ? [] : [share]),
    ];
  });
  const counts = new Set(rows.map((row) => row.runs.length));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    `### ${name}: ${cases[name].title}`,
    '',
    `${[...counts].join(' or ')} run${counts.has(1) && counts.size === 1 ? '' : 's'} each.`,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...lines.map(line),
  ].join('\n');
}
