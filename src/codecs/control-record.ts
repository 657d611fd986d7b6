import { ProtocolDecodeError } from '../errors/protocol-error.js';
import { readInt16 } from './batch-format.js';

/** The key of a control record: what a transaction coordinator wrote into the partition. */
export interface ControlRecord {
  readonly version: number;
  /** 0 abort, 1 commit; others (leader change, snapshot marks) do not concern consumers. */
  readonly type: number;
}

export const controlType = { abort: 0, commit: 1 } as const;

/**
 * The key of a control record, `bytes[start, end)`: version and type as unsigned 16-bit numbers (KIP-98). Later versions may
 * append fields.
 * @throws ProtocolDecodeError when it is shorter than that.
 */
export function parseControlRecord(bytes: Uint8Array, start = 0, end: number = bytes.length): ControlRecord {
  if (end - start < 4) throw new ProtocolDecodeError(`A control record has a key of ${end - start} bytes`);
  return { version: readInt16(bytes, start) & 0xffff, type: readInt16(bytes, start + 2) & 0xffff };
}
