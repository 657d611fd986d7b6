// One measurement: `node child.mjs CLIENT CASE` runs it and prints one JSON line. The runner starts it, see run.mjs.
import { openContext } from './lib/context.mjs';

const [client, name] = process.argv.slice(2);
const context = openContext();
const { cases } = await import(`./clients/${client}.mjs`);
await cases[name](context);
const line = `\n@@${JSON.stringify(context.figures())}\n`;
// what a client keeps alive after close is its business; profilers need an orderly exit
process.stdout.write(line, () => process.exit(0));
