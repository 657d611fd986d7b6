import { type FieldTable } from '../../src/protocol/api.js';
import { defaultOf } from '../../src/protocol/field-table.js';
import { allApis } from '../../src/protocol/messages/index.js';
import { type Golden, loadGoldens, read, tables, write } from './support.js';

const goldens = loadGoldens();
const byMessage = new Map<string, Golden[]>();
for (const golden of goldens) {
  const list = byMessage.get(golden.message);
  if (list === undefined) byMessage.set(golden.message, [golden]);
  else list.push(golden);
}

/**
 * Compares what we read with the JSON that the Java client was given, field by field. A field that the JSON lacks is
 * not in this version, or is a tagged one left out: then the value is the default.
 */
function differences(json: unknown, value: unknown, fields: readonly FieldTable[], path: string): string[] {
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString('base64') === json ? [] : [`${path}: bytes differ`];
  }
  if (Array.isArray(json)) {
    if (!Array.isArray(value) || value.length !== json.length) return [`${path}: not ${json.length} elements`];
    return json.flatMap((element, i) => differences(element, value[i], fields, `${path}[${i}]`));
  }
  if (typeof json !== 'object' || json === null) {
    return json === value ? [] : [`${path}: ${String(json)} was read as ${String(value)}`];
  }
  const given = json as Record<string, unknown>;
  const struct = value as Record<string, unknown>;
  const names = fields.map(([name]) => name);
  const strange = Object.keys(given).filter((name) => !names.includes(name));
  return [
    ...strange.map((name) => `${path}.${name}: not in the table`),
    ...(Object.keys(struct).join() === names.join() ? [] : [`${path}: has ${Object.keys(struct).join()}`]),
    ...fields.flatMap((field) =>
      field[0] in given
        ? differences(given[field[0]], struct[field[0]], field[4] ?? [], `${path}.${field[0]}`)
        : JSON.stringify(struct[field[0]]) === JSON.stringify(defaultOf(field))
          ? []
          : [`${path}.${field[0]}: not the default`],
    ),
  ];
}

describe('golden bytes of the Java client', () => {
  it('cover every version of every request, response and data message, six times each', () => {
    const covered = new Map<string, number>();
    for (const { message, version } of goldens) {
      covered.set(`${message} ${version}`, (covered.get(`${message} ${version}`) ?? 0) + 1);
    }
    const all: string[] = [];
    for (const table of tables.values()) {
      for (let version = table.minVersion; version <= table.maxVersion; version++) all.push(`${table.name} ${version}`);
    }
    expect([...covered.keys()].sort()).toEqual(all.sort());
    expect(new Set(covered.values())).toEqual(new Set([6]));
  });

  it('cover 77 APIs in 305 versions', () => {
    expect(allApis.length).toBe(77);
    expect(allApis.reduce((sum, api) => sum + api.request.maxVersion - api.request.minVersion + 1, 0)).toBe(305);
  });

  it.each([...byMessage.keys()])('%s is read as Java meant it and written as Java wrote it', (message) => {
    const table = tables.get(message)!;
    for (const { version, json, bytes } of byMessage.get(message)!) {
      const value = read(table, version, bytes);
      expect(differences(json, value, table.fields, `${message} v${version}`)).toEqual([]);
      const written = write(table, version, value);
      if (!Buffer.from(written).equals(bytes)) {
        expect(`${message} v${version} ${Buffer.from(written).toString('hex')}`).toBe(
          Buffer.from(bytes).toString('hex'),
        );
      }
    }
  });

  it('are written alike from input that leaves out what has its default', () => {
    for (const { message, version, json, bytes } of goldens.filter((golden) => golden.message === 'FetchRequest')) {
      expect(Buffer.from(write(tables.get(message)!, version, json)).equals(bytes)).toBe(true);
    }
  });
});
