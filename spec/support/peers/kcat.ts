import { run } from '../kafka/java.js';
import { type PeerCodec, type PeerRecord } from './peer-record.js';

async function kcat(args: readonly string[], input?: string): Promise<string> {
  const result = await run('kcat', args, input === undefined ? {} : { input }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error('This spec needs kcat, a client that is not ours: install it (Debian: apt-get install kcat)');
    }
    throw error;
  });
  if (result.code !== 0) throw new Error(`kcat ended with ${String(result.code)}: ${result.stderr}`);
  return result.stdout;
}

interface KcatLine {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers?: readonly (string | null)[];
}

/** Reads a topic from its beginning to its present end. */
export async function kcatConsume(
  bootstrapServers: string,
  topic: string,
): Promise<readonly (PeerRecord & { readonly partition: number; readonly offset: number })[]> {
  const output = await kcat(['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q', '-J']);
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { partition, offset, key, payload, headers = [] } = JSON.parse(line) as KcatLine;
      const pairs = Array.from(
        { length: headers.length / 2 },
        (_, index) => [headers[2 * index] ?? '', headers[2 * index + 1] ?? null] as const,
      );
      return { partition, offset, key, value: payload, headers: pairs };
    });
}

/** Writes the records in order to one partition; records that need their own headers cost a process each. */
export async function kcatProduce(
  bootstrapServers: string,
  topic: string,
  partition: number,
  records: readonly PeerRecord[],
  codec: PeerCodec = 'none',
): Promise<void> {
  // one kcat run says one set of headers, and -Z turns every empty part into null: neighbours that agree share a run
  const style = ({ key, value, headers }: PeerRecord): string =>
    JSON.stringify([key === null || value === null, key === '' || value === '', headers]);
  for (let start = 0; start < records.length;) {
    let end = start + 1;
    while (end < records.length && style(records[end]!) === style(records[start]!)) end++;
    const group = records.slice(start, end);
    const first = group[0]!;
    const nulls = first.key === null || first.value === null;
    if (nulls && (first.key === '' || first.value === '')) throw new Error('kcat cannot mix null and empty');
    const headers = first.headers.flatMap(([name, value]) => ['-H', value === null ? name : `${name}=${value}`]);
    const target = ['-P', '-b', bootstrapServers, '-t', topic, '-p', String(partition), '-z', codec, '-K', '\t'];
    const input = group.map(({ key, value }) => `${key ?? ''}\t${value ?? ''}\n`).join('');
    await kcat([...target, ...(nulls ? ['-Z'] : []), ...headers], input);
    start = end;
  }
}
