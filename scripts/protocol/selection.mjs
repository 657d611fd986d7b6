// Which messages the tables, the interfaces and the golden bytes cover.
import { mergedDefinition, parseRange, readDefinitions } from './definitions.mjs';

const dataMessages = ['ConsumerProtocolSubscription', 'ConsumerProtocolAssignment'];

/** Client-facing APIs by key, and the data messages, merged from the two jars. */
export function selectMessages(newerJar, olderJar) {
  const newer = readDefinitions(newerJar);
  const older = readDefinitions(olderJar);
  const apis = [];
  for (const request of newer.values()) {
    if (request.type !== 'request' || !request.listeners?.includes('broker')) continue;
    const base = request.name.slice(0, -'Request'.length);
    // a version that was never stable (the share APIs' 0 of 3.9) is no version that 4.0 removed
    const stable = older.get(request.name)?.latestVersionUnstable !== true;
    const api = {
      name: base,
      key: request.apiKey,
      unstable: request.latestVersionUnstable === true,
      newer: parseRange(request.validVersions),
      request: mergedDefinition(newer, older, request.name, stable),
      response: mergedDefinition(newer, older, `${base}Response`, stable),
    };
    const { request: q, response: s } = api;
    if (String(q.versions) !== String(s.versions)) throw new Error(`${base}: versions differ`);
    if (q.flexible !== s.flexible) throw new Error(`${base}: flexible versions differ`);
    apis.push(api);
  }
  apis.sort((a, b) => a.key - b.key);
  return { apis, data: dataMessages.map((name) => mergedDefinition(newer, older, name, true)) };
}
