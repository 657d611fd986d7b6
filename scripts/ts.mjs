// `node --import ./scripts/ts.mjs file.ts`: runs TypeScript on every supported Node, which has no type stripping of its own at 20.
import { register } from 'node:module';

register('./ts-hooks.mjs', import.meta.url);
