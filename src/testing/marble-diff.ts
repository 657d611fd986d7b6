import { deepEqual } from './deep-equal.js';

interface Message {
  readonly frame: number;
  readonly notification: { readonly kind: 'N' | 'E' | 'C'; readonly value?: unknown; readonly error?: unknown };
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const longestDashes = 6;
const longestValue = 300;

/** Text for a failed expectation: both sides as marbles, with a legend of their values. */
export function marbleDiff(actual: unknown, expected: unknown): string {
  if (!isMessages(actual) || !isMessages(expected)) {
    return `expected ${show(expected)}\nactual   ${show(actual)}`;
  }
  const legend: unknown[] = [];
  const lines = [`expected  ${draw(expected, legend)}`, `actual    ${draw(actual, legend)}`];
  legend.forEach((value, index) =>
    lines.push(`${index === 0 ? 'with' : '    '}      ${letterOf(index)} = ${show(value)}`),
  );
  for (const [side, messages] of [['expected', expected] as const, ['actual', actual] as const]) {
    const failed = messages.find((message) => message.notification.kind === 'E');
    if (failed !== undefined) lines.push(`${side.padEnd(8)}  # = ${show(failed.notification.error)}`);
  }
  return lines.join('\n');
}

function isMessages(side: unknown): side is readonly Message[] {
  return Array.isArray(side) && side.every((message) => typeof (message as Partial<Message>).notification === 'object');
}

function draw(messages: readonly Message[], legend: unknown[]): string {
  let text = '';
  let cursor = 0;
  for (let index = 0; index < messages.length;) {
    const { frame } = messages[index]!;
    let marbles = '';
    for (; index < messages.length && messages[index]!.frame === frame; index += 1) {
      marbles += marble(messages[index]!, legend);
    }
    const gap = frame - cursor;
    // a group is longer than one frame: what follows at once cannot be drawn as marbles, so its frame is written out
    if (gap < 0) text += ` @${frame} `;
    else if (gap > longestDashes) text += ` ${gap}ms `;
    else text += '-'.repeat(gap);
    const group = marbles.length > 1 ? `(${marbles})` : marbles;
    text += group;
    cursor = frame + group.length;
  }
  return text === '' ? '- (nothing)' : text.trim();
}

function marble(message: Message, legend: unknown[]): string {
  const { kind, value } = message.notification;
  if (kind === 'C') return '|';
  if (kind === 'E') return '#';
  let index = legend.findIndex((known) => deepEqual(known, value));
  if (index < 0) index = legend.push(value) - 1;
  return letterOf(index);
}

function letterOf(index: number): string {
  return letters[index] ?? '?';
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const seen = new Set<unknown>();
  const text = JSON.stringify(value, (name, inner: unknown) => {
    if (name === 'lease') return undefined;
    if (typeof inner === 'bigint') return `${String(inner)}n`;
    if (inner instanceof Error) return `${inner.name}: ${inner.message}`;
    if (inner instanceof Map || inner instanceof Set) return [...inner] as unknown[];
    if (inner instanceof Uint8Array)
      return `bytes ${[...inner].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
    if (typeof inner === 'object' && inner !== null) {
      if (seen.has(inner)) return '(again)';
      seen.add(inner);
    }
    return inner;
  }) as string | undefined;
  const shown = text ?? String(value);
  return shown.length > longestValue ? `${shown.slice(0, longestValue)}...` : shown;
}
