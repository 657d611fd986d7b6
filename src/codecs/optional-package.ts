import { MissingCodecError } from '../errors/protocol-error.js';

/** How an answer leaves the promise of an import or of a promise-based package: a scheduler hop of the caller's Runtime. */
export type Hop = (work: () => void) => void;

/** Runs the work where it is: the promise has already left the stack of the call. */
export const directHop: Hop = (work) => {
  work();
};

/**
 * An optional dependency, imported on first use and once. While it is `undefined` it must be asked for with `load`;
 * afterwards `module` is the package, or null where it is not installed (or its binary does not load here).
 */
export class OptionalPackage<T> {
  readonly codec: string;
  readonly packageName: string;
  #import: () => PromiseLike<unknown>;
  #module: T | null | undefined = undefined;
  #cause: unknown = undefined;
  #waiting: (() => void)[] | null = null;

  constructor(codec: string, packageName: string, importer: () => PromiseLike<unknown>) {
    this.codec = codec;
    this.packageName = packageName;
    this.#import = importer;
  }

  get module(): T | null | undefined {
    return this.#module;
  }

  /** Calls back once `module` is settled, never in the stack of this call. */
  load(settled: () => void): void {
    if (this.#waiting !== null) {
      this.#waiting.push(settled);
      return;
    }
    const waiting = [settled];
    this.#waiting = waiting;
    const settle = (module: T | null): void => {
      // a loader put in by a spec meanwhile wins: this answer belongs to the one before
      if (this.#waiting !== waiting) return;
      this.#module = module;
      this.#waiting = null;
      for (const each of waiting) each();
    };
    this.#import().then(
      (loaded) => {
        settle(((loaded as { default?: T }).default ?? loaded) as T);
      },
      (error: unknown) => {
        this.#cause = error;
        settle(null);
      },
    );
  }

  missing(): MissingCodecError {
    return new MissingCodecError(this.codec, this.packageName, { cause: this.#cause });
  }

  /** For specs: another loader, nothing loaded yet. The returned function puts the old state back. @internal */
  replaceLoader(importer: () => PromiseLike<unknown>): () => void {
    const before = [this.#import, this.#module] as const;
    this.#import = importer;
    this.#module = undefined;
    this.#waiting = null;
    return () => {
      [this.#import, this.#module] = before;
      this.#waiting = null;
    };
  }
}
