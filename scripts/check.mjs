// npm run check: every check that needs no broker.
import { runChecks } from './steps.mjs';

const { passed, failed } = await runChecks();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
