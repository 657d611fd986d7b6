import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distribution } from '../kafka/distribution.js';
import { run } from '../kafka/java.js';
import { type PeerCodec, type PeerRecord } from './peer-record.js';

/** Runs one of Kafka's own command line tools by class name and returns its stdout; throws with its output if it fails. */
export async function javaTool(
  toolClass: string,
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const { classPath, archive, flags } = await distribution();
  const shared = archive === null ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'];
  const small = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dfile.encoding=UTF-8'];
  const result = await run('java', [...small, ...shared, ...flags, '-cp', classPath, toolClass, ...args], options);
  if (result.code !== 0) throw new Error(`${toolClass} ended with ${String(result.code)}: ${result.stderr}`);
  return result.stdout;
}

// What the tools put between the parts; chosen so that no record contains them; a separator is a regular expression to the producer.
const nullMark = '<null>';
const tab = '\t';
const properties = (flag: string, values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);

/** ConsoleProducer: writes the records in order with one codec. Header values may not be empty (the tool cannot say so). */
export async function javaProduce(
  bootstrapServers: string,
  topic: string,
  records: readonly PeerRecord[],
  codec: PeerCodec = 'none',
): Promise<void> {
  const reader = {
    'parse.headers': 'true',
    'headers.delimiter': tab,
    'headers.separator': ';',
    'headers.key.separator': ':',
    'parse.key': 'true',
    'key.separator': tab,
    'null.marker': nullMark,
  };
  const lines = records.map(({ key, value, headers }) => {
    const named = headers.map(([name, text]) => `${name}:${text ?? nullMark}`).join(';');
    return [headers.length === 0 ? nullMark : named, key ?? nullMark, value ?? nullMark].join(tab);
  });
  const target = ['--bootstrap-server', bootstrapServers, '--topic', topic, '--compression-codec', codec];
  const args = [...target, '--command-property', 'acks=all', ...properties('--reader-property', reader)];
  await javaTool('org.apache.kafka.tools.ConsoleProducer', args, { input: lines.map((line) => `${line}\n`).join('') });
}

/** ConsoleConsumer: reads the first `count` records of a topic, or fails when they do not arrive in time. */
export async function javaConsume(
  bootstrapServers: string,
  topic: string,
  count: number,
): Promise<readonly (PeerRecord & { readonly partition: number })[]> {
  const formatter = {
    'print.partition': 'true',
    'print.headers': 'true',
    'print.key': 'true',
    'print.value': 'true',
    'key.separator': tab,
    'headers.separator': ';',
    'null.literal': nullMark,
  };
  const target = ['--bootstrap-server', bootstrapServers, '--topic', topic, '--from-beginning'];
  const bound = ['--max-messages', String(count), '--timeout-ms', '30000'];
  const args = [...target, ...bound, ...properties('--formatter-property', formatter)];
  const output = await javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', args);
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [partition, headers, key, value, ...rest] = line.split(tab);
      if (value === undefined || key === undefined || headers === undefined || rest.length > 0) {
        throw new Error(`The console consumer printed an unexpected line: ${line}`);
      }
      return {
        partition: Number(partition?.replace('Partition:', '')),
        key: key === nullMark ? null : key,
        value: value === nullMark ? null : value,
        headers: parseHeaders(headers),
      };
    });
}

function parseHeaders(text: string): PeerRecord['headers'] {
  if (text === 'NO_HEADERS') return [];
  return text.split(';').map((header) => {
    const at = header.indexOf(':');
    const value = header.slice(at + 1);
    return [header.slice(0, at), value === nullMark ? null : value] as const;
  });
}

/** Makes a settings file for tools that take `--command-config`, and removes it after `work`. */
export async function withSettings<T>(lines: readonly string[], work: (path: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'rx-kafka-tool-'));
  try {
    const path = join(directory, 'client.properties');
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return await work(path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
