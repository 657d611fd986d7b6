import { join } from 'node:path';
import ts from 'typescript';

/** Type checking reads the package's sources; that is what the time is for. */
const bound = 60_000;

describe('the usage of the public surface', () => {
  it(
    '[W3] compiles against the three entries of the package, and its mistakes do not',
    () => {
      const path = join(__dirname, 'tsconfig.json');
      const config = ts.readConfigFile(path, (name) => ts.sys.readFile(name));
      const parsed = ts.parseJsonConfigFileContent(config.config, ts.sys, __dirname);
      expect(parsed.errors).toEqual([]);
      expect(parsed.fileNames.length).toBeGreaterThan(10);
      const program = ts.createProgram(parsed.fileNames, { ...parsed.options, noEmit: true });
      const usage = program.getSourceFiles().filter((file) => file.fileName.includes('/spec/types/usage/'));
      const diagnostics = usage.flatMap((file) => ts.getPreEmitDiagnostics(program, file));
      const host = {
        getCanonicalFileName: (name: string) => name,
        getCurrentDirectory: () => __dirname,
        getNewLine: () => '\n',
      };
      expect(ts.formatDiagnostics(diagnostics, host)).toBe('');
    },
    bound,
  );
});
