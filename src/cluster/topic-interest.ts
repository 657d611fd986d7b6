import { type Cancel } from '../model/done.js';

interface Interest {
  count: number;
  autoCreate: number;
}

/** One Metadata request: names, null for all topics; and whether unknown ones may be created by asking. */
export interface TopicQuestion {
  readonly topics: readonly string[] | null;
  readonly autoCreate: boolean;
}

/** Which topics the clients of one `Kafka` need metadata of, by reference count. */
export class TopicInterest {
  readonly #topics: Map<string, Interest> = new Map<string, Interest>();
  #all = 0;

  /** Somebody needs metadata at all. */
  get any(): boolean {
    return this.#all > 0 || this.#topics.size > 0;
  }

  get wantsAll(): boolean {
    return this.#all > 0;
  }

  names(): Iterable<string> {
    return this.#topics.keys();
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  retain(topics: readonly string[], autoCreate: boolean): Cancel {
    const names = [...new Set(topics)];
    for (const name of names) {
      const interest = this.#topics.get(name) ?? { count: 0, autoCreate: 0 };
      interest.count++;
      if (autoCreate) interest.autoCreate++;
      this.#topics.set(name, interest);
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const name of names) this.#release(name, autoCreate);
    };
  }

  retainAll(): Cancel {
    this.#all++;
    let held = true;
    return () => {
      if (held) this.#all--;
      held = false;
    };
  }

  /**
   * The requests of one refresh. The permission to create counts for a whole request, so topics that may be created by
   * asking and topics that may not are never in one: a consumer must not create what it waits for.
   */
  questions(): TopicQuestion[] {
    const create: string[] = [];
    const others: string[] = [];
    for (const [name, { autoCreate }] of this.#topics) (autoCreate > 0 ? create : others).push(name);
    const questions: TopicQuestion[] = [];
    if (create.length > 0) questions.push({ topics: create, autoCreate: true });
    if (this.#all > 0) questions.push({ topics: null, autoCreate: false });
    else if (others.length > 0 || create.length === 0) questions.push({ topics: others, autoCreate: false });
    return questions;
  }

  #release(name: string, autoCreate: boolean): void {
    const interest = this.#topics.get(name);
    if (interest === undefined) return;
    interest.count--;
    if (autoCreate) interest.autoCreate--;
    if (interest.count === 0) this.#topics.delete(name);
  }
}
