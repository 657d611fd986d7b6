import { type FieldTable, type MessageTable } from '../../../protocol/api.js';
import { inRange, isPresent } from '../../../protocol/field-table.js';

type Fit = (value: Record<string, unknown>) => Record<string, unknown>;

const compiled = new WeakMap<MessageTable, Map<number, Fit | null>>();

/**
 * The answer without the fields that its version does not have: handlers say everything they know, and old versions tell less.
 * @internal
 */
export function fitVersion(table: MessageTable, version: number, body: object): object {
  let versions = compiled.get(table);
  if (versions === undefined) compiled.set(table, (versions = new Map<number, Fit | null>()));
  let fit = versions.get(version);
  if (fit === undefined) versions.set(version, (fit = compile(table.fields, version)));
  return fit === null ? body : fit(body as Record<string, unknown>);
}

/** Null when nothing of the struct is ever left out. */
function compile(fields: readonly FieldTable[], version: number): Fit | null {
  const dropped: string[] = [];
  const notNull: string[] = [];
  const nested: { readonly name: string; readonly fit: Fit }[] = [];
  for (const field of fields) {
    const [name, type, , options, inner] = field;
    if (!isPresent(field, version)) {
      if (options?.ignorable !== true) dropped.push(name);
      continue;
    }
    // where an old version cannot say null it says nothing
    if (type === 'string' && options?.nullable !== undefined && !inRange(options.nullable, version)) notNull.push(name);
    const fit = inner === undefined ? null : compile(inner, version);
    if (fit !== null) nested.push({ name, fit });
  }
  if (dropped.length === 0 && notNull.length === 0 && nested.length === 0) return null;
  return (value) => {
    const fitted = { ...value };
    for (const name of dropped) fitted[name] = undefined;
    for (const name of notNull) fitted[name] ??= '';
    for (const { name, fit } of nested) fitted[name] = fitField(fitted[name], fit);
    return fitted;
  };
}

function fitField(value: unknown, fit: Fit): unknown {
  if (Array.isArray(value)) return value.map((element) => fit(element as Record<string, unknown>));
  return typeof value === 'object' && value !== null ? fit(value as Record<string, unknown>) : value;
}
