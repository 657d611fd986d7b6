import { Subscription } from 'rxjs';
import { Kafka } from 'rx-kafka';
import { grouped } from './audit.js';
import { type Brokers, partitions } from './brokers.js';
import { visibleInvoices, writeOrders } from './feed.js';
import { Member } from './members.js';
import { type DemoOptions } from './options.js';
import { type Shown } from './screen.js';

const members = ['billing-1', 'billing-2', 'billing-3'];
const barWidth = 30;

/** Everything that runs in the demo, and how it stands. */
export class World {
  readonly brokers: Brokers;
  readonly options: DemoOptions;
  readonly kafka: Kafka;
  readonly members: readonly Member[];
  /** Orders that were written: a broker has acknowledged them, or there is an invoice. Answers are told in order, invoices as they come. */
  get written(): number {
    return Math.max(this.#acknowledged, this.visible);
  }
  /** Orders with an invoice that a read_committed reader sees. */
  get visible(): number {
    return this.#invoiced.size;
  }
  /** Orders that may come in for now: the story keeps some back for what it still has to show. */
  allowed = 0;
  #acknowledged = 0;
  readonly #flows = new Subscription();
  readonly #invoiced = new Set<string>();
  readonly #say: (line: string) => void;
  readonly #rates: { readonly at: number; readonly visible: number }[] = [];

  constructor(brokers: Brokers, options: DemoOptions, say: (line: string) => void) {
    this.brokers = brokers;
    this.options = options;
    this.#say = say;
    const { bootstrapServers, groupId, orders, invoices, sessionTimeoutMs } = brokers;
    this.kafka = new Kafka({ bootstrapServers, clientId: 'demo' });
    const { atLeastOnce } = options;
    this.members = members.map(
      (name) =>
        new Member({ name, bootstrapServers, groupId, orders, invoices, sessionTimeoutMs, atLeastOnce }, this.#say),
    );
  }

  /** Orders begin to come in, and invoices are watched. */
  open(): void {
    const writing = writeOrders(
      this.kafka,
      this.brokers.orders,
      this.options,
      () => this.visible,
      () => this.allowed,
    ).subscribe({ next: () => this.#acknowledged++, error: this.#failed('writing orders') });
    const reading = visibleInvoices(this.kafka, this.brokers.invoices).subscribe({
      next: (orderId) => this.#invoiced.add(orderId),
      error: this.#failed('reading invoices'),
    });
    this.#flows.add(writing);
    this.#flows.add(reading);
  }

  /** Every partition of the orders has one owner, and every process has some. */
  get isShared(): boolean {
    const held = this.members.flatMap((member) => member.partitions);
    return (
      held.length === partitions &&
      new Set(held).size === partitions &&
      this.members.every((member) => member.partitions.length > 0)
    );
  }

  /** `billing-1: 0 1, billing-2: 2 3` */
  get shares(): string {
    return this.members.map((member) => `${member.name}: ${held(member)}`).join(', ');
  }

  /** Members finish what they have begun and leave, then nothing is read or written any more. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop(timeoutMs)));
    this.#flows.unsubscribe();
    await this.kafka.close({ timeoutMs });
  }

  kill(): void {
    for (const member of this.members) member.kill();
  }

  shown(): Shown {
    const { orders } = this.options;
    const invoices = this.options.atLeastOnce ? 'invoiced' : 'invoiced and committed';
    const block = [
      '',
      `  orders    ${bar(this.written, orders)} ${grouped(this.written)} of ${grouped(orders)} written`,
      `  invoices  ${bar(this.visible, orders)} ${grouped(this.visible)} ${invoices}, ${grouped(this.#rate())} per second`,
      ...this.#brokerLine(),
      ...this.members.map(
        (member) =>
          `  ${member.name} ${stateOf(member).padEnd(20)} ${owned(member).padEnd(24)} ${grouped(member.invoiced)} invoices`,
      ),
    ];
    const counts = `${grouped(this.written)} orders, ${grouped(this.visible)} ${invoices}`;
    return { block, line: `   ${counts}; ${this.shares}` };
  }

  #brokerLine(): readonly string[] {
    const { controls } = this.brokers;
    if (controls === null) return [];
    const states = controls.brokerIds.map((id) => `${id} ${controls.brokerState(id) === 'running' ? 'up' : 'DOWN'}`);
    return [`  brokers   ${states.join('   ')}`];
  }

  /** Invoices per second over the last second. */
  #rate(): number {
    const at = performance.now();
    this.#rates.push({ at, visible: this.visible });
    while (at - this.#rates[0]!.at > 1000) this.#rates.shift();
    const first = this.#rates[0]!;
    return at === first.at ? 0 : Math.round(((this.visible - first.visible) * 1000) / (at - first.at));
  }

  #failed(what: string): (error: unknown) => void {
    return (error) => {
      this.#say(`${what} failed: ${String(error)}`);
    };
  }
}

function bar(done: number, of: number): string {
  return '█'.repeat(Math.floor((done / of) * barWidth)).padEnd(barWidth, '░');
}

function held(member: Member): string {
  if (member.state === 'killed') return 'killed';
  return member.partitions.length === 0 ? 'no partition' : member.partitions.join(' ');
}

function owned(member: Member): string {
  return member.partitions.length === 0 ? '' : `partitions ${held(member)}`;
}

function stateOf({ state, pid }: Member): string {
  return state === 'running' || state === 'starting' ? `${state}, pid ${pid}` : state;
}
