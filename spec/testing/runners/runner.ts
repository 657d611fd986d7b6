type Test = (name: string, body: () => void) => void;

const name = process.env['RX_KAFKA_RUNNER'] ?? 'node:test';

/** `test` of the runner under which this process runs. */
export const test = ((await import(name)) as { readonly test: Test }).test;
