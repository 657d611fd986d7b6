import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { projectRoot } from '../../support/project-root.js';

/** A piece of TypeScript out of a page. */
export interface Code {
  /** `docs/consuming.md:12` */
  readonly where: string;
  readonly text: string;
}

const root = projectRoot();

/** README and every page of docs, with their text. */
export function pages(): readonly { readonly path: string; readonly text: string }[] {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.map((name) => `docs/${name}`)].map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }));
}

/** The blocks that are fenced as `ts`. */
export function blocksOf(path: string, text: string): readonly Code[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gmsu)].map((match) => ({
    where: `${path}:${text.slice(0, match.index).split('\n').length}`,
    text: match[1] ?? '',
  }));
}

/** Where names of a block come from; the first that exports one wins. */
const sources = {
  './prelude.js': 'spec/docs/support/prelude.ts',
  'rx-kafka': 'src/index.ts',
  'rx-kafka/operators': 'operators/index.ts',
  'rx-kafka/testing': 'src/testing/index.ts',
  'rx-kafka/testing/broker': 'src/testing/broker/index.ts',
} as const;

function exportsByName(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const add = (name: string, from: string): void => {
    if (!names.has(name)) names.set(name, from);
  };
  for (const [from, path] of Object.entries(sources)) {
    const file = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, false);
    for (const name of file.statements.flatMap(exportedBy)) add(name, from);
  }
  for (const name of [...Object.keys(jest.requireActual<object>('rxjs')), 'Subscription']) add(name, 'rxjs');
  return names;
}

function exportedBy(statement: ts.Statement): readonly string[] {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    return clause !== undefined && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : [];
  }
  if (ts.isInterfaceDeclaration(statement)) return [statement.name.text];
  if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) return [statement.name.text];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
}

/** Imports for what a block uses without having declared or imported it: pages import in their first block. */
function withImports(text: string, known: ReadonlyMap<string, string>): string {
  const file = ts.createSourceFile('block.ts', text, ts.ScriptTarget.Latest, true);
  const used = new Set<string>();
  const own = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const named = ts.isPropertyAccessExpression(parent) && parent.name === node;
      const key = ts.isPropertyAssignment(parent) && parent.name === node;
      const declares =
        (ts.isVariableDeclaration(parent) ||
          ts.isBindingElement(parent) ||
          ts.isImportSpecifier(parent) ||
          ts.isInterfaceDeclaration(parent) ||
          ts.isFunctionDeclaration(parent)) &&
        parent.name === node;
      if (declares) own.add(node.text);
      else if (!named && !key) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  const imports = [...used].filter((name) => known.has(name) && !own.has(name));
  return `${imports.map((name) => `import { ${name} } from '${known.get(name)!}';`).join(' ')}export {};\n${text}`;
}

/** Type-checks every piece as a module of its own, all in one program; one line per mistake, with page and line. */
export function mistakesIn(codes: readonly Code[]): readonly string[] {
  const known = exportsByName();
  const config = ts.readConfigFile(join(root, 'spec/types/tsconfig.json'), (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, join(root, 'spec/types'));
  const folder = join(root, 'spec/docs/support');
  const files = new Map(codes.map((code, index) => [join(folder, `block-${index}.ts`), withImports(code.text, known)]));
  const host = ts.createCompilerHost(options);
  const disk = ts.createCompilerHost(options);
  host.fileExists = (name) => files.has(name) || disk.fileExists(name);
  host.readFile = (name) => files.get(name) ?? disk.readFile(name);
  host.getSourceFile = (name, version, ...rest) => {
    const text = files.get(name);
    return text === undefined ? disk.getSourceFile(name, version, ...rest) : ts.createSourceFile(name, text, version);
  };
  const loose = {
    ...options,
    noEmit: true,
    verbatimModuleSyntax: false,
    isolatedModules: false,
    noUnusedLocals: false,
  };
  const program = ts.createProgram([...files.keys()], loose, host);
  return [...files.keys()].flatMap((name, index) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((found) => {
      const line = found.start === undefined ? 0 : file.getLineAndCharacterOfPosition(found.start).line;
      return `${codes[index]!.where} +${line}: ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`;
    });
  });
}

/** The piece as a CommonJS module without types, with the imports it left out. */
export function runnable(code: Code): string {
  const { outputText } = ts.transpileModule(withImports(code.text, exportsByName()), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  return outputText;
}
