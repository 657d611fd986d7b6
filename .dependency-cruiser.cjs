/** The house rule: import to the left only. See DESIGN.md, "Layers". */
const order = [
  ['model', 'errors', 'runtime'],
  ['bytes', 'serde'],
  ['codecs'],
  ['protocol'],
  ['network'],
  ['cluster'],
  ['producer', 'consumer', 'admin'],
  ['observables'],
];
const core = [
  'model',
  'errors',
  'runtime',
  'bytes',
  'serde',
  'codecs',
  'protocol',
  'network',
  'cluster',
  'producer',
  'consumer',
  'admin',
];
const forbidden = [
  {
    name: 'no-cycles',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'core-without-rxjs',
    comment:
      'only type imports of rxjs below observables, except the node runtime, whose scheduler returns a Subscription',
    severity: 'error',
    from: { path: `^src/(${core.join('|')})/`, pathNot: '^src/runtime/node/' },
    to: { path: 'node_modules/rxjs', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'src-not-operators',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/testing/' },
    to: { path: '^(operators|spec|examples)/' },
  },
  {
    name: 'operators-ports-only',
    severity: 'error',
    from: { path: '^operators/' },
    to: { pathNot: '^(operators/|src/model/|src/errors/|node_modules/rxjs)' },
  },
  {
    name: 'operators-browser-safe',
    severity: 'error',
    from: { path: '^(operators|src/model|src/errors|src/testing)/', pathNot: '^src/testing/broker/' },
    to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'testing-ports-only',
    severity: 'error',
    from: { path: '^src/testing/', pathNot: '^src/testing/broker/' },
    comment:
      "the kit runs the client's own consumer over scripted parts; the files that talk to brokers stay outside, and with them every node: import",
    to: {
      path: '^src/',
      pathNot: [
        '^src/(testing|model|errors|serde|runtime(?!/node))/',
        '^src/consumer/',
        '^src/observables/(consumer-client|consumer-options|core-call|range-request)',
        '^src/cluster/channel-pool',
        '^src/protocol/(api|messages/offset-commit)',
      ],
    },
  },
  {
    name: 'testing-without-brokers',
    severity: 'error',
    from: { path: '^src/testing/', pathNot: '^src/testing/broker/' },
    to: {
      path: '^src/consumer/(cluster-parts|fetcher|broker-source|cursor-reader|open-|offset-lookup|range-reader)',
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'broker-is-the-other-side',
    comment: 'the embedded cluster shares tables and codecs with the client, and no logic',
    severity: 'error',
    from: { path: '^src/testing/broker/' },
    to: { path: '^src/', pathNot: '^src/(testing/broker|model|errors|runtime|bytes|codecs|protocol)/' },
  },
  {
    name: 'broker-sockets-in-one-file',
    severity: 'error',
    from: { path: '^src/testing/broker/', pathNot: '^src/testing/broker/(wire/tcp-listener|command-options)\\.ts$' },
    to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'testing-imported-by-nobody',
    severity: 'error',
    from: { path: '^(src|operators)/', pathNot: '^src/testing/' },
    to: { path: '^src/testing/' },
  },
  {
    name: 'node-builtins-at-the-edge',
    comment: 'the core gets sockets, time and chance from Runtime',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/(runtime/node|codecs|model|network/sasl|testing/broker)/' },
    to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
  },
];
order.forEach((rooms, index) => {
  for (const room of rooms) {
    const right = order.slice(index + 1).flat();
    const siblings =
      room === 'producer' || room === 'consumer' || room === 'admin' ? rooms.filter((other) => other !== room) : [];
    const banned = [...right, ...siblings];
    const facade = '^src/(kafka|index)\\.ts$';
    forbidden.push({
      name: `${room}-imports-left-only`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: banned.length === 0 ? facade : `^src/(${banned.join('|')})/|${facade}` },
    });
  }
});
module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
