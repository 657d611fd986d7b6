import { gunzipSync, gzipSync } from 'node:zlib';
import { type Codec, corrupt, oversized } from './codec.js';

/** gzip by Node's zlib; reads several members in a row as one stream. Level 1 to 9, by default zlib's 6, as in Java. */
export const gzip: Codec = {
  id: 1,
  name: 'gzip',
  compress: (bytes, level) => gzipSync(bytes, level === undefined ? {} : { level }),
  decompress: (bytes, limit) => {
    try {
      return gunzipSync(bytes, { maxOutputLength: limit });
    } catch (error) {
      throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
        ? oversized('gzip', limit)
        : corrupt('gzip', 'is damaged', error);
    }
  },
};
