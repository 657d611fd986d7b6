// Reads the message definitions (common/message/*.json, JSON with // comments) out of a kafka-clients jar.
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

/** All definitions of a jar by name, e.g. `FetchRequest`. */
export function readDefinitions(jar) {
  const definitions = new Map();
  for (const [path, text] of zipEntries(readFileSync(jar), /^common\/message\/.*\.json$/)) {
    const definition = JSON.parse(withoutComments(text));
    definitions.set(definition.name ?? path, definition);
  }
  return definitions;
}

function withoutComments(text) {
  return text.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*/g, (match) => (match.startsWith('"') ? match : ''));
}

/** The entries of a zip archive that match, by its central directory. */
function* zipEntries(zip, pattern) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('not a jar');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const method = zip.readUInt16LE(at + 10);
    const size = zip.readUInt32LE(at + 20);
    const nameSize = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const name = zip.toString('utf8', at + 46, at + 46 + nameSize);
    at += 46 + nameSize + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    if (!pattern.test(name)) continue;
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + size);
    yield [name, (method === 0 ? data : inflateRawSync(data)).toString('utf8')];
  }
}

/** `'0-4'`, `'3+'`, `'2'`, `'none'` as [from, to] or null. */
export function parseRange(range) {
  if (range === undefined || range === 'none') return null;
  const match = /^(\d+)(\+|-(\d+))?$/.exec(range);
  if (match === null) throw new Error(`bad version range ${range}`);
  const from = Number(match[1]);
  return [from, match[2] === undefined ? from : match[2] === '+' ? Infinity : Number(match[3])];
}

/**
 * The definition of `name` for all versions of both jars: the newer one, plus what only the older one has (versions that
 * 4.0 removed, and the fields that went with them, at their old place and with their old range).
 */
export function mergedDefinition(newer, older, name, stable) {
  const now = newer.get(name);
  const then = older.get(name);
  const versions = parseRange(now.validVersions);
  if (versions === null) throw new Error(`${name} has no versions`);
  const old = then === undefined || !stable ? null : parseRange(then.validVersions);
  const merge = old !== null && old[0] < versions[0];
  if (merge && now.flexibleVersions !== then.flexibleVersions) throw new Error(`${name}: flexible versions differ`);
  return {
    name,
    versions: merge ? [old[0], versions[1]] : versions,
    flexible: parseRange(now.flexibleVersions)?.[0] ?? Infinity,
    fields: merge ? mergeFields(now.fields, then.fields, name) : now.fields,
    commonStructs: new Map(
      (now.commonStructs ?? []).map((struct) => {
        const before = merge ? then.commonStructs?.find((s) => s.name === struct.name) : undefined;
        return [struct.name, before === undefined ? struct.fields : mergeFields(struct.fields, before.fields, name)];
      }),
    ),
  };
}

function mergeFields(now, then, where) {
  const merged = [...now];
  let place = 0;
  for (const old of then) {
    const index = merged.findIndex((field) => field.name === old.name);
    if (index < 0) {
      merged.splice(place++, 0, old);
      continue;
    }
    const field = merged[index];
    if (field.type !== old.type) throw new Error(`${where}: field ${old.name} changed its type`);
    if (index < place) throw new Error(`${where}: field ${old.name} moved`);
    const from = parseRange(old.versions);
    const [since] = parseRange(field.versions);
    if (from !== null && from[0] < since) throw new Error(`${where}: field ${old.name} lost versions`);
    if (old.fields !== undefined) merged[index] = { ...field, fields: mergeFields(field.fields, old.fields, where) };
    place = index + 1;
  }
  return merged;
}
