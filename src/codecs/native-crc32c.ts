import { installNativeCrc32c } from '../bytes/crc32c.js';
import { OptionalPackage } from './optional-package.js';

interface Crc32Package {
  crc32c(input: Uint8Array, initialState?: number): number;
}

/** The optional accelerator; its absence is not an error. @internal */
export const crc32Package: OptionalPackage<Crc32Package> = new OptionalPackage(
  'crc32c',
  '@node-rs/crc32',
  () => import('@node-rs/crc32'),
);

let asked = false;

/**
 * Starts loading the native CRC-32C; it takes part once it is there, until then (or where the package is not installed)
 * JavaScript computes the same numbers at a quarter of the speed.
 */
export function accelerateCrc32c(): void {
  if (asked) return;
  asked = true;
  crc32Package.load(() => {
    const loaded = crc32Package.module;
    if (loaded) installNativeCrc32c((bytes, seed) => loaded.crc32c(bytes, seed));
  });
}
