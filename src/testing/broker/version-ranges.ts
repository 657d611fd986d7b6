/** Lowest and highest version of one API. @internal */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/**
 * What each release changed against the one before, for the APIs that the embedded cluster has: key:lowest-highest, as
 * brokers of that release list them in ApiVersions.
 */
const changes: readonly (readonly [release: string, changed: string])[] = [
  [
    '0.11',
    '0:0-3 1:0-5 2:0-2 3:0-4 8:0-3 9:0-3 10:0-1 11:0-2 12:0-1 13:0-1 14:0-1 15:0-1 16:0-1 17:0-0 18:0-1 19:0-2 20:0-1 21:0-0 22:0-0 23:0-0 24:0-0 25:0-0 26:0-0 28:0-0 32:0-0',
  ],
  ['1.0', '0:0-5 1:0-6 3:0-5 17:0-1 36:0-0 37:0-0'],
  ['1.1', '1:0-7 32:0-1 42:0-0'],
  [
    '2.0',
    '0:0-6 1:0-8 2:0-3 3:0-6 8:0-4 9:0-4 10:0-2 11:0-3 12:0-2 13:0-2 14:0-2 15:0-2 16:0-2 18:0-2 19:0-3 20:0-2 21:0-1 22:0-1 23:0-1 24:0-1 25:0-1 26:0-1 28:0-1 32:0-2 37:0-1 42:0-1',
  ],
  ['2.1', '0:0-7 1:0-10 2:0-4 3:0-7 8:0-6 9:0-5 20:0-3 23:0-2 28:0-2'],
  ['2.2', '2:0-5 11:0-4 36:0-1'],
  ['2.3', '1:0-11 3:0-8 8:0-7 11:0-5 12:0-3 14:0-3 15:0-3 23:0-3 44:0-0'],
  [
    '2.4',
    '0:0-8 3:0-9 8:0-8 9:0-6 10:0-3 11:0-6 12:0-4 13:0-4 14:0-4 15:0-5 16:0-3 18:0-3 19:0-5 20:0-4 22:0-2 42:0-2 44:0-1 47:0-0',
  ],
  ['2.5', '9:0-7 11:0-7 14:0-5 22:0-3 28:0-3 36:0-2 37:0-2'],
  ['2.6', '16:0-4 21:0-2 32:0-3'],
  ['2.7', '1:0-12 19:0-6 20:0-5 22:0-4 24:0-2 25:0-2 26:0-2 37:0-3'],
  ['2.8', '0:0-9 2:0-6 3:0-11 19:0-7 20:0-6 23:0-4 24:0-3 25:0-3 26:0-3 32:0-4 60:0-0 61:0-0'],
  ['3.0', '2:0-7 9:0-8 10:0-4 65:0-0 66:0-0'],
  ['3.1', '1:0-13 3:0-12'],
  ['3.2', '11:0-9 13:0-5'],
  ['3.3', ''],
  ['3.4', ''],
  ['3.5', '1:0-15 2:0-8'],
  ['3.6', '24:0-4'],
  ['3.7', '0:0-10 1:0-16 8:0-9 9:0-9 60:0-1'],
  ['3.8', '0:0-11 10:0-5 16:0-5 22:0-5 24:0-5 25:0-4 26:0-4 28:0-4 66:0-1'],
  ['3.9', '1:0-17 2:0-9 10:0-6 18:0-4'],
  [
    '4.0',
    '0:0-12 1:4-17 2:1-10 3:0-13 8:2-9 9:1-9 11:2-9 15:0-6 19:2-7 20:1-6 23:2-4 26:0-5 28:0-5 32:1-4 60:0-2 68:0-1 69:0-1 75:0-0',
  ],
  ['4.1', '0:0-13 1:4-18 2:1-11 8:2-10 9:1-10 11:0-9 66:0-2'],
  ['4.2', ''],
  ['4.3', ''],
];

/** Releases that `brokerVersion` may name, oldest first. @internal */
export const releases: readonly string[] = changes.map(([release]) => release);

/** What a broker of that release lists, by API key. @throws TypeError for a release that is not in the table @internal */
export function versionRanges(release: string): ReadonlyMap<number, VersionRange> {
  const last = releases.indexOf(release);
  if (last < 0) throw new TypeError(`${release} is no release of Kafka that is known here`);
  const ranges = new Map<number, VersionRange>();
  for (const [, changed] of changes.slice(0, last + 1)) {
    for (const entry of changed.split(' ')) {
      const parts = /^(\d+):(\d+)-(\d+)$/.exec(entry);
      if (parts !== null) ranges.set(Number(parts[1]), { min: Number(parts[2]), max: Number(parts[3]) });
    }
  }
  return ranges;
}

/** Feature levels that are finalized in a new cluster of that release; none before feature versions were told (2.7). @internal */
export function finalizedFeatures(release: string): Readonly<Record<string, number>> {
  const index = releases.indexOf(release);
  if (index >= releases.indexOf('4.0')) return { 'group.version': 1, 'transaction.version': 2 };
  return {};
}
