import { type Bytes } from '../model/topic-partition.js';

/** What the first bytes of a peer say that does not speak Kafka; null when they could be a Kafka answer. */
export function foreignPeer(first: Bytes): string | null {
  const text = String.fromCharCode(...first.subarray(0, 4));
  if (text === 'HTTP' || text === '<htm' || text === '<!DO') return 'the port answers in HTTP';
  if (text.startsWith('SSH-')) return 'the port answers in SSH';
  // a TLS record: alert (21) or handshake (22), major version 3
  if ((first[0] === 0x15 || first[0] === 0x16) && first[1] === 0x03) return 'the port speaks TLS, set tls: true';
  return null;
}
