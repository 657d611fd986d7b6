import { grouped } from './audit.js';
import { partitions } from './brokers.js';
import { type World } from './world.js';

/** Waits for what is told by `is`, and rejects when nothing has become of it. */
export type Until = (what: string, is: () => boolean) => Promise<void>;

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** What happens to the cluster and to the billing processes while orders come in. */
export async function story(world: World, say: (line: string) => void, until: Until): Promise<void> {
  const { orders, atLeastOnce } = world.options;
  for (const member of world.members) member.start();
  const pids = world.members.map(({ pid }) => pid).join(', ');
  say(`Three billing processes start (${pids}) and join one consumer group.`);
  await until('the billing processes share the partitions', () => world.isShared);
  say(`The group has shared out the ${partitions} partitions of the orders (${world.shares}). Orders come in.`);
  // the process that is killed shall have work, however much came in at once after the broker's death
  world.allowed = Math.floor(orders * 0.6);
  world.open();
  await until('a quarter of the orders are invoiced', () => world.visible >= orders / 4);
  if (world.brokers.controls === null) {
    say('The brokers are yours. Stop one now if you like: the numbers pause and go on.');
  } else {
    await brokerDies(world, say, until);
  }
  await until(
    'half of the orders are invoiced and every process has partitions',
    () => world.visible >= orders / 2 && world.isShared,
  );
  await memberDies(world, say, until);
  await until('all orders are invoiced', () => world.written === orders && world.visible === orders);
  const seen = atLeastOnce ? 'has an invoice' : 'has an invoice that is committed';
  say(`Each of the ${grouped(orders)} orders ${seen}. The processes finish, leave the group and end.`);
}

async function brokerDies(world: World, say: (line: string) => void, until: Until): Promise<void> {
  const { brokers, options } = world;
  const cluster = brokers.controls!;
  // the one whose loss is felt most
  const dead = cluster.coordinatorOf('group', brokers.groupId);
  const topics = [brokers.orders, brokers.invoices];
  const led = (topic: string): number[] => range(partitions).filter((n) => cluster.partition(topic, n).leader === dead);
  const leads = topics.map((topic) => `partitions ${led(topic).join(' ')} of ${topic}`).join(' and ');
  cluster.killBroker(dead);
  say(`KILLED broker ${dead}. It led ${leads}, and coordinated the group.`);
  await until('other brokers lead', () => topics.every((topic) => led(topic).length === 0));
  say('The other brokers lead these partitions now. What was on its way to the dead one is sent again.');
  await until('40 % of the orders are invoiced', () => world.visible >= options.orders * 0.4);
  await cluster.restartBroker(dead);
  say(`Broker ${dead} is back.`);
}

async function memberDies(world: World, say: (line: string) => void, until: Until): Promise<void> {
  const { options, brokers } = world;
  const dead = world.members[1]!;
  const { pid, partitions: left } = dead;
  const killed = dead.killInTheMiddle();
  // now there is work for it
  world.allowed = options.orders;
  const writes = await killed;
  const half = options.atLeastOnce ? 'between two commits' : 'in the middle of a transaction';
  const open = writes === 0 ? '' : ` ${half}, with ${grouped(writes)} invoices that are written and not committed`;
  say(
    `KILLED ${dead.name} (kill -9 ${pid})${open}.\n` +
      `It could not leave the group, which waits ${brokers.sessionTimeoutMs / 1000} seconds for it: its partitions ${left.join(' ')} stand still.`,
  );
  dead.start();
  const rollback = options.atLeastOnce ? '' : ', and rolls back the transaction that its predecessor left open';
  say(`${dead.name} is started again${rollback}.`);
  await until('the group is whole again', () => world.isShared && dead.state === 'running');
  say(`The dead process is out of the group, its partitions have new owners: ${world.shares}.`);
}
