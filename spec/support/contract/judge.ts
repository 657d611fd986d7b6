import { type Row } from './ledger.js';

/** A spec file and the rows its tests name. */
export interface SpecFile {
  readonly path: string;
  readonly rows: ReadonlySet<string>;
  /** It runs against the real cluster. */
  readonly real: boolean;
  /** It puts something between client and broker. */
  readonly proxy: boolean;
}

/** A row with the specs that name it; `lacks` is the part of its level that none of them has, empty when it is proven. */
export interface Judged {
  readonly row: Row;
  readonly specs: readonly string[];
  readonly lacks: string;
}

/** U and F stand beside the sources, B, G, T and M on the real cluster; a proxy in front of the real cluster is an F too. */
function fits(tag: string, spec: SpecFile): boolean {
  if (tag === 'U') return !spec.real;
  if (tag === 'F') return !spec.real || spec.proxy;
  return spec.real;
}

/** Judges every row, and finds row names that no row has. */
export function judge(
  rows: readonly Row[],
  specs: readonly SpecFile[],
): { readonly judged: readonly Judged[]; readonly unknown: readonly string[] } {
  const known = new Set(rows.flatMap((row) => [row.name, ...row.aliases]));
  const unknown = specs.flatMap((spec) =>
    [...spec.rows].filter((name) => !known.has(name)).map((name) => `${spec.path}: no row is called ${name}`),
  );
  const judged = rows.map((row) => {
    const naming = specs.filter((spec) => [row.name, ...row.aliases].some((name) => spec.rows.has(name)));
    const lacking = row.needs.filter((tags) => !naming.some((spec) => tags.some((tag) => fits(tag, spec))));
    const any = naming.length === 0 && row.needs.length === 0 ? 'any' : '';
    return {
      row,
      specs: naming.map(({ path }) => path),
      lacks: any || lacking.map((tags) => tags.join('/')).join(' '),
    };
  });
  return { judged, unknown };
}

/** What the last column of a row says. */
export function statusOf({ row, specs, lacks }: Judged): string {
  if (row.state === 'overridden') return lacks === '' ? 'overridden, proven' : 'overridden';
  if (lacks === '') return 'proven';
  if (row.state === 'required') return `MISSING, lacks ${lacks}`;
  return specs.length > 0 ? `${row.state}, lacks ${lacks}` : row.state;
}

/** The counts of the summary line. */
export function countOf(judged: readonly Judged[]): Record<'proven' | 'missing' | 'open' | 'overridden', number> {
  const counts = { proven: 0, missing: 0, open: 0, overridden: 0 };
  for (const { row, lacks } of judged) {
    if (row.state === 'overridden') counts.overridden++;
    else if (lacks === '') counts.proven++;
    else if (row.state === 'required') counts.missing++;
    else counts.open++;
  }
  return counts;
}
