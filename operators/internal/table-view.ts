import { mapKey } from './map-key.js';

interface Entry<K, V> {
  readonly key: K;
  readonly value: V;
}
type Base<K, V> = Map<unknown, Entry<K, V>>;

/** A view remembers at most so many changes, or twice its size; then the next one gets a copy of its own. */
const leastChanges = 1024;

/**
 * One version of a table, never changing. The newest version holds the map; an older one holds what has to be changed in its
 * successor to come back to it (Baker's trick). So a version costs one small object, reading the newest one costs what a Map
 * costs, and reading an old one moves the map there and back. Versions that nobody keeps are collected, because references
 * go from old to new. The chain is cut now and then by a copy, so that a version that is kept for ever does not hold every
 * change since.
 */
export class TableView<K, V> implements ReadonlyMap<K, V> {
  readonly size: number;
  /** Changes since the last copy. */
  readonly #changes: number;
  /** Set in one version of each chain. */
  #base: Base<K, V> | null;
  #newer: TableView<K, V> | null = null;
  #key: unknown = undefined;
  #entry: Entry<K, V> | undefined = undefined;

  private constructor(base: Base<K, V>, changes: number) {
    this.#base = base;
    this.#changes = changes;
    this.size = base.size;
  }

  static empty<K, V>(): TableView<K, V> {
    return new TableView<K, V>(new Map(), 0);
  }

  /** The version after a record: null and undefined delete. */
  with(key: K, value: V | null | undefined): TableView<K, V> {
    let base = this.#own();
    const at = mapKey(key);
    const changes = this.#changes < Math.max(leastChanges, 2 * this.size) ? this.#changes + 1 : 0;
    if (changes === 0) base = new Map(base);
    const before = base.get(at);
    if (value === null || value === undefined) base.delete(at);
    // the key of the first record stays, as in a Map
    else base.set(at, { key: before === undefined ? key : before.key, value });
    const next = new TableView(base, changes);
    if (changes > 0) this.#follow(next, at, before);
    return next;
  }

  get(key: K): V | undefined {
    return this.#own().get(mapKey(key))?.value;
  }
  has(key: K): boolean {
    return this.#own().has(mapKey(key));
  }
  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void, thisArg?: unknown): void {
    for (const { key, value } of this.#list()) callback.call(thisArg, value, key, this);
  }
  entries(): MapIterator<[K, V]> {
    return this.#list()
      .map(({ key, value }): [K, V] => [key, value])
      .values();
  }
  keys(): MapIterator<K> {
    return this.#list()
      .map(({ key }) => key)
      .values();
  }
  values(): MapIterator<V> {
    return this.#list()
      .map(({ value }) => value)
      .values();
  }
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return 'Map';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return new Map(this.entries());
  }

  /** A copy: another version may be read, and move the map, while this one is iterated. */
  #list(): Entry<K, V>[] {
    return [...this.#own().values()];
  }

  #follow(next: TableView<K, V>, key: unknown, entry: Entry<K, V> | undefined): void {
    this.#base = null;
    this.#newer = next;
    this.#key = key;
    this.#entry = entry;
  }

  /** Moves the map to this version: the versions on the way turn round and remember the way back. */
  #own(): Base<K, V> {
    if (this.#base !== null) return this.#base;
    const way: TableView<K, V>[] = [this];
    let holder = this.#newer!;
    for (; holder.#base === null; holder = holder.#newer!) way.push(holder);
    const base = holder.#base;
    for (const version of way.reverse()) {
      const key = version.#key;
      holder.#follow(version, key, base.get(key));
      if (version.#entry === undefined) base.delete(key);
      else base.set(key, version.#entry);
      version.#base = base;
      version.#newer = null;
      version.#entry = undefined;
      holder = version;
    }
    return base;
  }
}
