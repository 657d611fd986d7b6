import { range } from '../../../src/consumer/group/assignors/range.js';
import { roundRobin } from '../../../src/consumer/group/assignors/round-robin.js';
import { encodeClaim, decodeClaim } from '../../../src/consumer/group/assignors/sticky-user-data.js';
import { ProtocolDecodeError } from '../../../src/errors/protocol-error.js';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../src/consumer/group/subscription-codec.js';
import { list, member, names, partitions } from './assignors/support.js';

// the vectors are aiokafka's (contract B33): another client's bytes
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const plain = { topics: ['t0', 't1'], userData: null, owned: [], generation: -1, rackId: null };
const members = [member('C0', ['t0', 't1']), member('C1', ['t0', 't1'])];

describe('subscription of a classic member', () => {
  it('[B33] has the bytes of other clients in version 0', () => {
    expect(hex(encodeSubscription({ ...plain, userData: new Uint8Array(0) }, 0))).toBe(
      '000000000002000274300002743100000000',
    );
  });

  it('comes back with everything it carries in version 3', () => {
    const full = {
      topics: ['t0', 't1'],
      userData: bytes('cafe'),
      owned: list('t0p0 t0p2 t1p1'),
      generation: 12,
      rackId: 'r1',
    };
    expect(decodeSubscription(encodeSubscription(full))).toEqual(full);
  });

  it('is read in version 0 as owning nothing, in no generation', () => {
    expect(decodeSubscription(bytes('000000000002000274300002743100000000'))).toEqual({
      ...plain,
      userData: new Uint8Array(0),
    });
  });

  it('is read in a version above ours as our highest', () => {
    const encoded = encodeSubscription({ ...plain, generation: 4 });
    encoded[1] = 9;
    expect(decodeSubscription(Uint8Array.from([...encoded, 1, 2, 3]))).toMatchObject({
      topics: ['t0', 't1'],
      generation: 4,
    });
  });
});

describe('assignment of a classic member', () => {
  it('[B33] has the bytes of other clients for round robin', () => {
    const result = roundRobin.assign(members, partitions({ t0: 3, t1: 3 }));
    // aiokafka writes user data of length 0, as we do
    expect(hex(encodeAssignment(result.get('C0')!))).toBe(
      '00000000000200027430000000020000000000000002000274310000000100000001' + '00000000',
    );
    expect(hex(encodeAssignment(result.get('C1')!))).toBe(
      '00000000000200027430000000010000000100027431000000020000000000000002' + '00000000',
    );
  });

  it('carries the ranges of the range assignor', () => {
    const result = range.assign(members, partitions({ t0: 3, t1: 3 }));
    expect(names(decodeAssignment(encodeAssignment(result.get('C0')!)))).toEqual(['t0p0', 't0p1', 't1p0', 't1p1']);
  });

  it('is empty for no bytes at all, and names each partition once', () => {
    expect(decodeAssignment(new Uint8Array(0))).toEqual([]);
    expect(names(decodeAssignment(bytes('000000000001000274300000000200000001000000010000' + '0000')))).toEqual([
      't0p1',
    ]);
  });

  it('refuses bytes that end too early', () => {
    expect(() => decodeAssignment(bytes('00000000000200027430'))).toThrow(ProtocolDecodeError);
  });
});

describe('user data of the sticky assignor', () => {
  it('has the bytes of other clients', () => {
    const encoded = encodeClaim({ owned: list('t0p0 t1p1'), generation: 3 });
    expect(hex(encoded)).toBe('0000000200027430000000010000000000027431000000010000000100000003');
    expect(decodeClaim(encoded)).toEqual({ owned: list('t0p0 t1p1'), generation: 3 });
  });

  it('is read without a generation from older members, and not at all when it is something else', () => {
    expect(decodeClaim(bytes('00000001000274300000000100000000'))).toEqual({ owned: list('t0p0'), generation: -1 });
    expect(decodeClaim(bytes('ffff'))).toBeNull();
    expect(decodeClaim(bytes('7fffffff'))).toBeNull();
  });
});
