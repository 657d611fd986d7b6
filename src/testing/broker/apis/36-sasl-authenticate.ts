import {
  saslAuthenticateApi,
  type SaslAuthenticateRequest,
  type SaslAuthenticateResponse,
} from '../../../protocol/messages/sasl-authenticate.js';
import { Timer } from '../../../runtime/timer.js';
import { type Answer, type Call, handler } from '../call.js';
import { code, none } from '../codes.js';
import { checkPlain } from '../plain-users.js';

const illegalState = code('ILLEGAL_SASL_STATE');
const failed = code('SASL_AUTHENTICATION_FAILED');

/** SaslAuthenticate (key 36): who fails is told so, late, and the connection ends. @internal */
export const saslAuthenticate = handler(saslAuthenticateApi, handle, (_body, errorCode) => ({ errorCode }));

function handle(call: Call<SaslAuthenticateRequest>, answer: Answer<SaslAuthenticateResponse>): void {
  const { body, caller, cluster } = call;
  if (caller.saslMechanism === null) {
    answer({ errorCode: illegalState, errorMessage: 'SaslAuthenticate request received without a handshake' });
    return;
  }
  const user = checkPlain(cluster.settings.users, body.authBytes);
  caller.saslMechanism = null;
  if (user !== null) {
    caller.principal = user;
    answer({ errorCode: none, sessionLifetimeMs: 0 });
    return;
  }
  // a delay makes guessing slow (KIP-306)
  new Timer(cluster.runtime, () => {
    answer({ errorCode: failed, errorMessage: 'Authentication failed: Invalid username or password' });
    caller.end();
  }).set(cluster.settings.properties['connection.failed.authentication.delay.ms']);
}
