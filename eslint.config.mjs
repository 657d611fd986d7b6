import tseslint from 'typescript-eslint';
import rxjsX from 'eslint-plugin-rxjs-x';

const timeAndChance = [
  { name: 'setTimeout', message: 'Time comes from Runtime.scheduler' },
  { name: 'setInterval', message: 'Time comes from Runtime.scheduler' },
  { name: 'setImmediate', message: 'Hops come from Runtime.scheduler' },
  { name: 'queueMicrotask', message: 'Hops come from Runtime.scheduler' },
  { name: 'Promise', message: 'The core uses callbacks: promises cannot be virtualised' },
];
const clocks = [
  ...timeAndChance.flatMap(({ name: property, message }) => [
    { object: 'globalThis', property, message },
    { object: 'global', property, message },
  ]),
  { object: 'Date', property: 'now', message: 'Use Runtime.now() or Runtime.wallClock()' },
  { object: 'performance', property: 'now', message: 'Use Runtime.now()' },
  { object: 'Math', property: 'random', message: 'Use Runtime.random()' },
  { object: 'process', property: 'nextTick', message: 'Hops come from Runtime.scheduler' },
  { object: 'process', property: 'hrtime', message: 'Use Runtime.now()' },
  { object: 'crypto', property: 'randomUUID', message: 'Use Runtime.random()' },
  { object: 'crypto', property: 'getRandomValues', message: 'Use Runtime.random()' },
];
const everywhere = [
  { selector: 'TSEnumDeclaration', message: 'Use an `as const` object' },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only' },
];
const presentTime = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Use Runtime.wallClock()' },
  { selector: "CallExpression[callee.name='Date']", message: 'Use Runtime.wallClock()' },
];
const promises = [
  {
    selector: ':matches(FunctionDeclaration, FunctionExpression, ArrowFunctionExpression)[async=true]',
    message: 'The core uses callbacks: promises cannot be virtualised',
  },
  { selector: 'AwaitExpression', message: 'The core uses callbacks: promises cannot be virtualised' },
];
const settling = {
  selector: 'CallExpression > MemberExpression.callee[property.name=/^(then|catch|finally)$/]',
  message: 'The core uses callbacks: only a codec may settle the promise of an optional package',
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      'etc/',
      'temp/',
      'node_modules/',
      'bench/',
      'src/protocol/messages/',
      'spec/types/usage/',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.mjs', '*.cjs', 'scripts/*.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  {
    rules: {
      // noUncheckedIndexedAccess makes every typed-array read `| undefined`; byte code asserts what its bounds checks prove
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      'no-restricted-syntax': ['error', ...everywhere],
      eqeqeq: 'error',
      // an error class widens the protected constructor of its base
      '@typescript-eslint/no-useless-constructor': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      // misfires on pipes whose element type is an instance of a generic class
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // the deterministic core: a pure function of events, time and seed
    files: ['src/**/*.ts'],
    ignores: ['src/runtime/node/**', 'src/observables/**', 'src/kafka.ts', 'src/testing/**', 'src/model/**'],
    rules: {
      'no-restricted-globals': ['error', ...timeAndChance],
      'no-restricted-properties': ['error', ...clocks],
      'no-restricted-syntax': ['error', ...everywhere, ...presentTime, ...promises, settling],
    },
  },
  {
    files: ['src/codecs/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...everywhere, ...presentTime, ...promises] },
  },
  {
    files: ['src/observables/**/*.ts', 'src/kafka.ts', 'src/model/**/*.ts', 'operators/**/*.ts', 'src/testing/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...timeAndChance.filter((rule) => rule.name !== 'Promise')],
      'no-restricted-properties': ['error', ...clocks.filter((rule) => rule.property !== 'Promise')],
      'no-restricted-syntax': ['error', ...everywhere, ...presentTime],
    },
  },
  {
    // the embedded cluster is as deterministic as the client; what waits for real sockets is the exception
    files: ['src/testing/broker/**/*.ts'],
    ignores: [
      'src/testing/broker/embedded-cluster.ts',
      'src/testing/broker/command-line.ts',
      'src/testing/broker/wire/tcp-listener.ts',
    ],
    rules: {
      'no-restricted-globals': ['error', ...timeAndChance],
      'no-restricted-properties': ['error', ...clocks],
      'no-restricted-syntax': ['error', ...everywhere, ...presentTime, ...promises, settling],
    },
  },
  {
    files: ['src/observables/**/*.ts', 'operators/**/*.ts', 'src/kafka.ts', 'examples/**/*.ts'],
    ...rxjsX.configs.strict,
  },
  {
    files: ['spec/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'],
    rules: { 'max-lines': 'off', '@typescript-eslint/no-floating-promises': 'error' },
  },
  // a rule that hurts is changed here, in the open: comments that switch rules off have no effect
  { linterOptions: { noInlineConfig: true } },
  // `new Subscriber` is the only public way to have the subscription in hand before the source runs
  { files: ['operators/internal/link.ts'], rules: { '@typescript-eslint/no-deprecated': 'off' } },
  // a spec knows the fields of the request it asked for
  {
    files: ['spec/consumer/group/support/scripted-cluster.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  // the jitter of an operator that has no leased element to take a Runtime from
  { files: ['operators/internal/chance.ts'], rules: { 'no-restricted-properties': 'off' } },
  // examples show what users write: the first value of a source that has one
  { files: ['examples/**/*.ts'], rules: { 'rxjs-x/no-ignored-default-value': 'off' } },
  { files: ['src/errors/broker-error-codes.ts'], rules: { 'max-lines': 'off' } },
  { files: ['**/*.mjs', '**/*.cjs', '**/*.js'], ...tseslint.configs.disableTypeChecked },
  // what jest and eslint load by its default export
  { files: ['**/*.config.mjs', 'spec/support/kafka/global-*.mjs'], rules: { 'no-restricted-syntax': 'off' } },
);
