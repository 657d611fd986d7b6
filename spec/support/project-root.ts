import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout this process runs in, also when it was started in a folder below (bench). */
export function projectRoot(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'spec', 'support', 'kafka', 'pom.xml'))) return folder;
    if (folder === dirname(folder)) throw new Error(`${process.cwd()} is not inside a checkout of this project`);
  }
}
