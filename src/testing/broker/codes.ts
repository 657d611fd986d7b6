import { brokerErrorCodes } from '../../errors/broker-error-codes.js';

const codes = new Map<string, number>(Object.entries(brokerErrorCodes).map(([code, { name }]) => [name, Number(code)]));

/**
 * The number of an error by its Kafka name, from the one table of them.
 * @throws TypeError for a name that the table does not have
 * @internal
 */
export function code(name: string): number {
  const found = codes.get(name);
  if (found === undefined) throw new TypeError(`${name} is no broker error`);
  return found;
}

/** No error. @internal */
export const none = 0;
