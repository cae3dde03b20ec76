// Files of the folder `explore`, each a script of one call: a page on a disk may not read files, but may load scripts.

/** Chunks that are kept; the longest unused goes first. */
const KEPT = 48;
/** What a chunk may be called: nothing that leads out of the folder. */
const NAME = /^[a-z0-9]+(\/[a-z0-9-]+)?$/;

interface Policy {
  createScriptURL(url: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy;
}
interface Waiting {
  resolve(data: unknown): void;
  reject(problem: Error): void;
}
declare global {
  interface Window {
    acb?: { chunk(stamp: string, name: string, data: unknown): void };
    trustedTypes?: TrustedTypes;
  }
}

const rules: Policy = {
  createScriptURL(name) {
    if (!NAME.test(name)) throw new Error(`no chunk: ${name}`);
    return `explore/${name}.js`;
  },
};

export class Chunks {
  private readonly waiting = new Map<string, Waiting>();
  private readonly kept = new Map<string, Promise<unknown>>();
  private readonly policy = window.trustedTypes?.createPolicy("acb", rules) ?? rules;

  constructor(private readonly stamp: string) {
    window.acb = { chunk: (stamp, name, data) => this.arrived(stamp, name, data) };
  }

  /** The data of a chunk. */
  load<T>(name: string): Promise<T> {
    const known = this.kept.get(name) ?? this.fetch(name);
    this.kept.delete(name);
    this.kept.set(name, known);
    if (this.kept.size > KEPT) {
      const oldest = this.kept.keys().next().value;
      if (oldest !== undefined) this.kept.delete(oldest);
    }
    known.catch(() => this.kept.delete(name));
    return known as Promise<T>;
  }

  /** The data of a chunk that is looked at once. */
  pass<T>(name: string): Promise<T> {
    return (this.kept.get(name) ?? this.fetch(name)) as Promise<T>;
  }

  private fetch(name: string): Promise<unknown> {
    const same = this.waiting.get(name);
    return new Promise((resolve, reject) => {
      this.waiting.set(name, {
        resolve: (data) => (same?.resolve(data), resolve(data)),
        reject: (problem) => (same?.reject(problem), reject(problem)),
      });
      if (same) return;
      const script = document.createElement("script");
      script.onload = () => this.failed(name, "is damaged", script);
      script.onerror = () => this.failed(name, "cannot be read: keep the folder beside this page", script);
      script.src = this.policy.createScriptURL(name);
      document.head.append(script);
    });
  }

  private arrived(stamp: string, name: string, data: unknown): void {
    const waiting = this.waiting.get(name);
    this.waiting.delete(name);
    if (stamp === this.stamp) waiting?.resolve(data);
    else waiting?.reject(new Error("The report was written anew since this page was opened: reload it."));
  }

  /** After a script ran, or could not: what is still waiting did not arrive. */
  private failed(name: string, problem: string, script: HTMLScriptElement): void {
    script.remove();
    const waiting = this.waiting.get(name);
    this.waiting.delete(name);
    waiting?.reject(new Error(`explore/${name}.js ${problem}.`));
  }
}
