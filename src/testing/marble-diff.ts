import { deepEqual } from './deep-equal.js';
import { drawingOf } from './mark.js';
import { show } from './show.js';

interface Message {
  readonly frame: number;
  readonly notification: { readonly kind: 'N' | 'E' | 'C'; readonly value?: unknown; readonly error?: unknown };
}

interface Subscribed {
  readonly subscribedFrame: number;
  readonly unsubscribedFrame: number;
}

/** What happens in one frame, as marbles. */
type Line = ReadonlyMap<number, string>;

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const longestDashes = 6;

/** Text of a failed expectation: both sides as marbles, one above the other, with a legend of their values. */
export function marbleDiff(actual: unknown, expected: unknown): string {
  if (isMessages(actual) && isMessages(expected)) return messagesDiff(actual, expected);
  if (isSubscriptions(actual) && isSubscriptions(expected)) return subscriptionsDiff(actual, expected);
  return `Marbles differ\nexpected ${show(expected)}\nactual   ${show(actual)}`;
}

function messagesDiff(actual: readonly Message[], expected: readonly Message[]): string {
  const legend: unknown[] = [];
  const [above, below] = draw(lineOf(expected, legend), lineOf(actual, legend));
  const title = [...expected, ...actual].map(({ notification }) => drawingOf(notification.value)?.title).find(Boolean);
  const lines = [
    title === undefined ? 'Marbles differ' : `Marbles of ${title} differ`,
    `expected  ${above}`,
    `actual    ${below}`,
  ];
  legend.forEach((value, index) => {
    const text = drawingOf(value)?.text ?? show(value);
    lines.push(`${index === 0 ? 'with' : '    '}      ${letterOf(index)} = ${text}`);
  });
  for (const [side, messages] of [['expected', expected] as const, ['actual', actual] as const]) {
    const failed = messages.find((message) => message.notification.kind === 'E');
    if (failed !== undefined) lines.push(`${side.padEnd(8)}  # = ${show(failed.notification.error)}`);
  }
  return lines.join('\n');
}

function subscriptionsDiff(actual: readonly Subscribed[], expected: readonly Subscribed[]): string {
  const lines = ['Subscriptions differ'];
  for (let index = 0; index < Math.max(actual.length, expected.length); index++) {
    const [above, below] = draw(subscriptionLine(expected[index]), subscriptionLine(actual[index]));
    lines.push(`expected  ${above}`, `actual    ${below}`);
  }
  return lines.join('\n');
}

function isMessages(side: unknown): side is readonly Message[] {
  return Array.isArray(side) && side.every((message) => typeof (message as Partial<Message>).notification === 'object');
}

function isSubscriptions(side: unknown): side is readonly Subscribed[] {
  return (
    Array.isArray(side) && side.every((entry) => typeof (entry as Partial<Subscribed>).subscribedFrame === 'number')
  );
}

function lineOf(messages: readonly Message[], legend: unknown[]): Line {
  const frames = new Map<number, string>();
  for (const message of messages) {
    frames.set(message.frame, (frames.get(message.frame) ?? '') + marble(message, legend));
  }
  return new Map([...frames].map(([frame, marbles]) => [frame, marbles.length > 1 ? `(${marbles})` : marbles]));
}

function subscriptionLine(subscribed: Subscribed | undefined): Line {
  const line = new Map<number, string>();
  if (subscribed === undefined) return line;
  const { subscribedFrame, unsubscribedFrame } = subscribed;
  if (subscribedFrame === unsubscribedFrame) return line.set(subscribedFrame, '(^!)');
  line.set(subscribedFrame, '^');
  if (Number.isFinite(unsubscribedFrame)) line.set(unsubscribedFrame, '!');
  return line;
}

/** In common columns where that is possible: a group takes several frames, and what follows at once cannot stand below it. */
function draw(above: Line, below: Line): readonly [string, string] {
  return together(above, below) ?? [alone(above), alone(below)];
}

function together(above: Line, below: Line): readonly [string, string] | null {
  const frames = [...new Set([...above.keys(), ...below.keys()])].sort((left, right) => left - right);
  const ends = [above, below].map((line) => Math.max(-1, ...line.keys()));
  const texts: [string, string] = ['', ''];
  let cursor = 0;
  for (const frame of frames) {
    if (frame < cursor) return null;
    const gap = gapOf(frame - cursor);
    const marbles = [above, below].map((line) => line.get(frame) ?? '');
    const width = Math.max(...marbles.map(({ length }) => length));
    for (const side of [0, 1] as const) {
      if (frame > ends[side]!) continue;
      const here = marbles[side]!;
      texts[side] += gap + (frame === ends[side] ? here : here.padEnd(width, '-'));
    }
    cursor = frame + width;
  }
  return [orNothing(texts[0]), orNothing(texts[1])];
}

function alone(line: Line): string {
  let text = '';
  let cursor = 0;
  for (const [frame, marbles] of line) {
    text += (frame < cursor ? ` @${frame} ` : gapOf(frame - cursor)) + marbles;
    cursor = frame + marbles.length;
  }
  return orNothing(text);
}

function gapOf(frames: number): string {
  return frames > longestDashes ? ` ${frames}ms ` : '-'.repeat(frames);
}

function orNothing(text: string): string {
  return text === '' ? '- (nothing)' : text.trim();
}

function marble(message: Message, legend: unknown[]): string {
  const { kind, value } = message.notification;
  if (kind === 'C') return '|';
  if (kind === 'E') return '#';
  const own = drawingOf(value)?.letter ?? null;
  if (own !== null) return own;
  let index = legend.findIndex((known) => deepEqual(known, value));
  if (index < 0) index = legend.push(value) - 1;
  return letterOf(index);
}

function letterOf(index: number): string {
  return letters[index] ?? '?';
}
