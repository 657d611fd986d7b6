import {
  saslHandshakeApi,
  type SaslHandshakeRequest,
  type SaslHandshakeResponse,
} from '../../../protocol/messages/sasl-handshake.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';

const illegalState = code('ILLEGAL_SASL_STATE');
const unsupportedMechanism = code('UNSUPPORTED_SASL_MECHANISM');

/** SaslHandshake (key 17): PLAIN is what there is. After v0 the token follows without a request around it. @internal */
export const saslHandshake = handler(saslHandshakeApi, handle, (_body, errorCode) => ({ errorCode, mechanisms: [] }));

function handle(call: Call<SaslHandshakeRequest>, answer: Answer<SaslHandshakeResponse>): void {
  const { body, caller, cluster, version } = call;
  if (cluster.settings.users === null || caller.principal !== null) {
    answer({ errorCode: illegalState, mechanisms: [] });
    return;
  }
  const known = body.mechanism === 'PLAIN';
  if (known && version === 0) caller.expectToken();
  if (known) caller.saslMechanism = body.mechanism;
  answer({ errorCode: known ? none : unsupportedMechanism, mechanisms: ['PLAIN'] });
}
