import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';

it('[PL#371, CF#397] nothing but rxjs and Node is imported when the package is loaded', () => {
  const root = projectRoot();
  const files = ['src', 'operators'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
  expect(files.length).toBeGreaterThan(200);
  const foreign = files.flatMap((file) =>
    // `import type` is gone when it runs, and `import()` comes on first use
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )(?:[^'";]*? from )?'([^']+)'/gmu)]
      .map(([, from = '']) => from)
      .filter((from) => !from.startsWith('.') && !from.startsWith('node:') && !['rxjs', 'rxjs/testing'].includes(from)),
  );
  expect(foreign).toEqual([]);
});
