import ts from 'typescript';

const rowName = /^[A-Z]{1,4}#?[A-Z]?\d+$/u;

interface TestCall {
  readonly kind: 'test' | 'block';
  readonly title: ts.Expression;
  readonly tables: readonly ts.Node[];
  readonly skipped: boolean;
}

/** Row names in brackets: `[C11]`, `[B31, B33]`, `[D#1187]`. Other brackets mean nothing. */
export function rowsIn(text: string): readonly string[] {
  return [...text.matchAll(/\[([^\][]+)\]/gu)].flatMap(([, inside = '']) => {
    const names = inside.split(/[ ,]+/u);
    return names.every((name) => rowName.test(name)) ? names : [];
  });
}

/**
 * The rows that the tests of a spec file name, in their own titles or in those of the blocks around them. Read from the syntax
 * tree, nothing is run.
 */
export function rowsOfSpec(path: string, source: string): ReadonlySet<string> {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, false);
  const constants = constantsOf(file);
  const found = new Set<string>();
  const visit = (node: ts.Node, around: readonly string[]): void => {
    const call = ts.isCallExpression(node) ? testCall(node) : null;
    if (call === null) {
      ts.forEachChild(node, (child) => {
        visit(child, around);
      });
    } else if (!call.skipped) {
      const named = [...around, ...rowsIn(titleText(call, constants))];
      if (call.kind === 'test') for (const row of named) found.add(row);
      else for (const body of (node as ts.CallExpression).arguments.slice(1)) visit(body, named);
    }
  };
  visit(file, []);
  return found;
}

/** `it('...')`, `it.each(table)('...')`, `describe.each(table)('...')`; skip and todo prove nothing. */
function testCall(node: ts.CallExpression): TestCall | null {
  let callee: ts.Expression = node.expression;
  const tables: ts.Node[] = [];
  const modifiers: string[] = [];
  while (!ts.isIdentifier(callee)) {
    if (ts.isPropertyAccessExpression(callee)) {
      modifiers.push(callee.name.text);
      callee = callee.expression;
    } else if (ts.isCallExpression(callee)) {
      tables.push(...callee.arguments);
      callee = callee.expression;
    } else return null;
  }
  const kind = { it: 'test', test: 'test', describe: 'block' }[callee.text] as TestCall['kind'] | undefined;
  const title = node.arguments[0];
  // `it.each(table)` alone is the callee of the call that counts
  if (kind === undefined || title === undefined || (modifiers[0] === 'each' && tables.length === 0)) return null;
  return { kind, title, tables, skipped: modifiers.includes('skip') || modifiers.includes('todo') };
}

/** All text that can become part of the title: the title, and the texts of the table it takes values from. */
function titleText({ title, tables }: TestCall, constants: ReadonlyMap<string, ts.Node>): string {
  const own = textsIn(title, constants).join(' ');
  if (!/[%$]/u.test(own)) return own;
  return [own, ...tables.flatMap((table) => textsIn(table, constants))].join(' ');
}

function textsIn(node: ts.Node, constants: ReadonlyMap<string, ts.Node>, depth = 0): readonly string[] {
  const texts: string[] = [];
  const visit = (each: ts.Node): void => {
    if (ts.isStringLiteralLike(each) || ts.isTemplateHead(each) || ts.isTemplateMiddleOrTemplateTail(each)) {
      texts.push(each.text);
    } else if (ts.isIdentifier(each) && depth < 2) {
      const value = constants.get(each.text);
      if (value !== undefined) texts.push(...textsIn(value, constants, depth + 1));
    }
    ts.forEachChild(each, visit);
  };
  visit(node);
  return texts;
}

function constantsOf(file: ts.SourceFile): ReadonlyMap<string, ts.Node> {
  const constants = new Map<string, ts.Node>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
      constants.set(node.name.text, node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return constants;
}
