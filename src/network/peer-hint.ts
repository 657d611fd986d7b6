import { AuthenticationError } from '../errors/client-errors.js';
import { ConnectionError } from '../errors/connection-error.js';
import { KafkaError } from '../errors/kafka-error.js';
import { type Bytes } from '../model/topic-partition.js';

/** What the first bytes of a peer say that does not speak Kafka; null when they could be a Kafka answer. */
export function foreignPeer(first: Bytes): string | null {
  const text = String.fromCharCode(...first.subarray(0, 4));
  if (text === 'HTTP' || text === '<htm' || text === '<!DO') return 'it answers in HTTP';
  if (text === 'SSH-') return 'it answers in SSH';
  // a TLS record: alert (21) or handshake (22), major version 3; as a length it would be beyond every limit
  if ((first[0] === 0x15 || first[0] === 0x16) && first[1] === 0x03) return 'it speaks TLS, use tls: true';
  return null;
}

/** Verification of the broker's certificate failed here, or the broker sent an alert about ours: another try ends the same. */
const certificateCodes =
  /^(ERR_TLS_CERT|ERR_SSL_.*(ALERT|CERTIFICATE)|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA)/u;

/**
 * Why a connection ended before it was of any use. Nothing was sent on it that a broker could have acted on.
 * @param cause - from the transport, null when the peer closed it
 */
export function dialFailure(name: string, tls: boolean, answered: boolean, cause: unknown): KafkaError {
  const init = { broker: name, cause: cause ?? undefined };
  if (KafkaError.is(cause)) return cause;
  const code = codeOf(cause);
  if (tls && certificateCodes.test(code)) {
    return new AuthenticationError(`TLS handshake with ${name} failed: ${textOf(cause)}`, init);
  }
  if (cause !== null && cause !== undefined) {
    const hint = tls && !answered && /EPROTO|ECONNRESET|ERR_SSL/u.test(code) ? ', the listener may not speak TLS' : '';
    return new ConnectionError(`Cannot connect to ${name}: ${textOf(cause)}${hint}`, init);
  }
  const hint = answered ? '' : ' without an answer, its listener may want TLS or SASL';
  return new ConnectionError(`${name} closed the connection${hint}`, init);
}

/** Text of an error that Node gives, which may have a code only. */
export function textOf(cause: unknown): string {
  const { message, errors } = facts(cause);
  // several addresses were tried: the first error stands for all
  if (Array.isArray(errors) && errors.length > 0) return textOf(errors[0]);
  return typeof message === 'string' && message !== '' ? message : codeOf(cause);
}

function codeOf(cause: unknown): string {
  const { code } = facts(cause);
  return typeof code === 'string' ? code : 'unknown error';
}

/** Not by class: the transport may come from elsewhere, a test's realm for one. */
function facts(cause: unknown): { readonly code?: unknown; readonly message?: unknown; readonly errors?: unknown } {
  return typeof cause === 'object' && cause !== null ? cause : {};
}
