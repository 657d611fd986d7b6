import { demoOptions } from '../../../examples/demo/options.js';

it('has defaults', () => {
  expect(demoOptions([])).toEqual({ bootstrapServers: null, orders: 10_000, perSecond: 2000, atLeastOnce: false });
});

it('takes a cluster, counts and the guarantee', () => {
  const args = [
    '--bootstrap-servers',
    'a.example:9092,[::1]:9093',
    '--orders',
    '5000',
    '--rate=100',
    '--at-least-once',
  ];
  const bootstrapServers = 'a.example:9092,[::1]:9093';
  expect(demoOptions(args)).toEqual({ bootstrapServers, orders: 5000, perSecond: 100, atLeastOnce: true });
});

it.each(['--help', '-h'])('%s asks for help, whatever else is there', (help) => {
  expect(demoOptions(['--rate', '0', help])).toBeNull();
});

it.each([
  [['--fast'], "Unknown option '--fast'"],
  [['fast'], "Unexpected argument 'fast'"],
  [['--orders'], "Option '--orders <value>' argument missing"],
  [['--orders', 'many'], "--orders takes a number from 1000 to 1000000, not 'many'"],
  [['--rate', '0.5'], "--rate takes a number from 100 to 20000, not '0.5'"],
  [['--bootstrap-servers', 'localhost'], "--bootstrap-servers takes host:port,host:port, not 'localhost'"],
  [['--bootstrap-servers', 'a:1,'], "--bootstrap-servers takes host:port,host:port, not 'a:1,'"],
])('refuses %j', (args, message) => {
  expect(() => demoOptions(args)).toThrow(message);
});
