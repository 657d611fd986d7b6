// Random JSON for Kafka's ...JsonConverter classes, drawn from the message definitions with a fixed seed.
import { parseRange } from './definitions.mjs';

/** Small, repeatable, good enough (xorshift32). */
export function seededRandom(seed) {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x100000000;
  };
}

const camel = (name) => name[0].toLowerCase() + name.slice(1);
const within = (range, version) => {
  const parsed = parseRange(range);
  return parsed !== null && version >= parsed[0] && version <= parsed[1];
};
const edges = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  // what a number holds exactly
  int64: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};
const letters = ['a', 'k', 'Z', '9', '-', '.', '_', 'é', '£', '漢', '€', '😀'];

/**
 * One message. Style `bare`: nothing that can be left out or null is there; `rich`: values everywhere.
 * Fields that `version` lacks are left out, as the converters demand.
 */
export function randomMessage(message, version, style, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const rich = style === 'rich';

  function integer([low, high]) {
    const choice = random();
    if (choice < 0.15) return low;
    if (choice < 0.3) return high;
    if (choice < 0.5) return low < 0 ? -1 : 1;
    return Math.max(low, Math.min(high, Math.floor(low + random() * (high - low))));
  }
  function text() {
    const length = random() < 0.06 ? 130 : Math.floor(random() * 9);
    const plain = random() < 0.7;
    return Array.from({ length }, () => (plain ? letters[Math.floor(random() * 7)] : pick(letters))).join('');
  }
  function binary() {
    const length = random() < 0.04 ? 600 : Math.floor(random() * 8);
    return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  }
  function value(type, field) {
    if (type in edges) return rich ? integer(edges[type]) : 0;
    if (type === 'bool') return rich && random() < 0.7;
    if (type === 'float64') return rich ? Math.floor(random() * 1e9) / 64 - 1e6 : 0;
    if (type === 'string') return rich ? text() : '';
    if (type === 'bytes' || type === 'records') return rich ? binary().toString('base64') : '';
    if (type === 'uuid') {
      const bytes = Buffer.from(Array.from({ length: 16 }, () => Math.floor(random() * 256)));
      return (rich ? bytes : Buffer.alloc(16)).toString('base64url');
    }
    return struct(field.fields ?? message.commonStructs.get(type));
  }
  function struct(fields) {
    const json = {};
    for (const field of fields) {
      if (!within(field.versions, version)) continue;
      const tagged = within(field.taggedVersions, version);
      if (tagged && (!rich || random() < 0.25)) continue;
      const nullable = within(field.nullableVersions, version);
      if (nullable && (!rich || random() < 0.2)) {
        json[camel(field.name)] = null;
      } else if (field.type.startsWith('[]')) {
        const length = rich ? pick([0, 1, 1, 1, 2, 2]) : 0;
        json[camel(field.name)] = Array.from({ length }, () => value(field.type.slice(2), field));
      } else {
        json[camel(field.name)] = value(field.type, field);
      }
    }
    return json;
  }
  return struct(message.fields);
}
