import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { distribution } from '../kafka/distribution.js';

/** One record as a reader that is not ours prints it. */
export type KeyReader = (partition: number, offset: number, key: string) => void;
/** The same with its value. */
export type RecordReader = (partition: number, offset: number, key: string, value: string) => void;

/** Runs a command and hands its lines on as they come: a log of millions of records does not fit a string. */
async function readLines(command: string, args: readonly string[], onLine: (line: string) => void): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  exited.catch(() => undefined);
  try {
    for await (const line of createInterface({ input: child.stdout })) onLine(line);
    const code = await exited;
    if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${stderr.slice(-2000)}`);
  } finally {
    child.kill('SIGKILL');
  }
}

/** kcat: keys of a topic from its beginning to its present end, aborted transactions included. */
export function kcatReadKeys(bootstrapServers: string, topic: string, onKey: KeyReader): Promise<void> {
  const target = ['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q'];
  const args = [...target, '-X', 'isolation.level=read_uncommitted', '-f', '%p %o %k\n'];
  return readLines('kcat', args, (line) => {
    const [partition, offset, key = ''] = line.split(' ');
    onKey(Number(partition), Number(offset), key);
  });
}

/** kcat under `read_committed`: the first `count` records of a topic, or all to its present end. */
export function kcatReadRecords(
  bootstrapServers: string,
  topic: string,
  count: number,
  onRecord: RecordReader,
): Promise<void> {
  const target = ['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q', '-c', String(count)];
  const args = [...target, '-X', 'isolation.level=read_committed', '-f', '%p\\t%o\\t%k\\t%s\\n'];
  return readLines('kcat', args, (line) => {
    const [partition, offset, key = '', value = ''] = line.split('\t');
    onRecord(Number(partition), Number(offset), key, value);
  });
}

/**
 * Kafka's console consumer under `read_committed`: keys of a topic from its beginning on. It ends when it has read `count` of
 * them, or when nothing more comes for a while, which is no error: the caller knows what it has to find.
 */
export function javaReadKeys(bootstrapServers: string, topic: string, count: number, onKey: KeyReader): Promise<void> {
  return consoleConsumer(bootstrapServers, topic, count, 'false', onKey);
}

/** The same with values, which may not contain a tabulator. */
export function javaReadRecords(
  bootstrapServers: string,
  topic: string,
  count: number,
  onRecord: RecordReader,
): Promise<void> {
  return consoleConsumer(bootstrapServers, topic, count, 'true', onRecord);
}

async function consoleConsumer(
  bootstrapServers: string,
  topic: string,
  count: number,
  printValue: 'true' | 'false',
  onRecord: RecordReader,
): Promise<void> {
  const { classPath, archive, flags } = await distribution();
  const shared = archive === null ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'];
  const formatter = ['print.partition=true', 'print.offset=true', 'print.key=true', `print.value=${printValue}`];
  const args = [
    ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...shared, ...flags, '-cp', classPath],
    ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', bootstrapServers],
    ...['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
    ...['--max-messages', String(count), '--timeout-ms', '15000'],
    ...formatter.flatMap((property) => ['--formatter-property', property]),
  ];
  await readLines('java', args, (line) => {
    const [partition = '', offset = '', key, value = ''] = line.split('\t');
    if (key === undefined) throw new Error(`The console consumer printed an unexpected line: ${line}`);
    onRecord(Number(partition.slice('Partition:'.length)), Number(offset.slice('Offset:'.length)), key, value);
  });
}
