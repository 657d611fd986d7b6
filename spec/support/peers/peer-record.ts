/** A record as every peer can say it: text parts, null kept apart from empty. */
export interface PeerRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

export type PeerCodec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export const peerCodecs: readonly PeerCodec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Null and empty keys and values, headers (repeated, empty, null, beyond ASCII), and bodies that compress. */
export function trickyRecords(tag: string): readonly PeerRecord[] {
  return [
    { key: `${tag}-plain`, value: 'value', headers: [] },
    { key: null, value: `${tag} without key`, headers: [] },
    { key: '', value: `${tag} with empty key`, headers: [] },
    { key: `${tag}-tombstone`, value: null, headers: [] },
    { key: `${tag}-empty`, value: '', headers: [] },
    { key: null, value: null, headers: [['tag', tag]] },
    {
      key: `${tag}-headers`,
      value: 'with headers',
      headers: [
        ['trace', 'a1'],
        ['trace', 'a2'],
        ['empty', ''],
        ['null', null],
        ['größe', '√2 ≈ 1,41'],
      ],
    },
    { key: `${tag}-ünïcode-🔑`, value: 'välue-🎈', headers: [] },
    { key: `${tag}-long`, value: `${tag} `.repeat(20_000), headers: [] },
    ...Array.from({ length: 50 }, (_, index) => ({
      key: `${tag}-${index}`,
      value: JSON.stringify({ tag, index, text: 'the same words again and again' }),
      headers: [['tag', tag]] as const,
    })),
  ];
}
