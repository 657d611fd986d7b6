import { type SeenRequest } from '../../support/kafka/proxy.js';

const endTxnKey = 26;

/** Keeps the EndTxn of one client in the proxies, and says when it has one. */
export class EndTxnHold {
  readonly #wanted: Map<string, () => void> = new Map<string, () => void>();

  /** The next EndTxn of that client stays in the proxy; resolves when it is there. */
  next(clientId: string): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted.set(clientId, resolve);
    });
  }

  /** For the proxies. */
  readonly watch = ({ apiKey, clientId }: SeenRequest): boolean => {
    const held = apiKey === endTxnKey ? this.#wanted.get(clientId) : undefined;
    if (held === undefined) return false;
    this.#wanted.delete(clientId);
    held();
    return true;
  };
}
