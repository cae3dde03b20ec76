// A text in all that was asked and said: files are looked through one after the other, and let go.

import { places, type Data, type Message, type SaidRow } from "./data";

/** Samples found beyond which the search ends. */
const MOST_HITS = 2000;
/** Characters around what was found. */
const AROUND = 60;

export interface Hit {
  task: number;
  item: number;
  /** `gptq-w4, turn 2`, or `asked`. */
  where: string;
  before: string;
  match: string;
  after: string;
}
export interface Progress {
  done: number;
  files: number;
  hits: number;
  ended: boolean;
}
interface Job {
  task: number;
  /** `null`: what opened the conversations. */
  variant: number | null;
  file: number;
}

export class Search {
  private stopped = false;
  private readonly found = new Map<string, Hit>();

  constructor(
    private readonly data: Data,
    private readonly query: string,
  ) {}

  stop(): void {
    this.stopped = true;
  }

  /** What was found for a sample so far, the first place of each. */
  hit(task: number, item: number): Hit | undefined {
    return this.found.get(`${task} ${item}`);
  }

  /** Looks through the messages of some tasks and variants. */
  async run(tasks: number[], variants: number[], tell: (progress: Progress) => void): Promise<void> {
    const jobs = await this.jobs(tasks, variants);
    let told = 0;
    for (const [done, job] of jobs.entries()) {
      if (this.stopped) return;
      await this.look(job);
      if (this.stopped) return;
      const now = performance.now();
      if (now - told > 150) {
        told = now;
        tell({ done: done + 1, files: jobs.length, hits: this.found.size, ended: false });
      }
      if (this.found.size >= MOST_HITS) break;
    }
    tell({ done: jobs.length, files: jobs.length, hits: this.found.size, ended: true });
  }

  private async jobs(tasks: number[], variants: number[]): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const task of tasks) {
      const { files } = await this.data.samples(task);
      jobs.push(...places(0, files).map((file) => ({ task, variant: null, file })));
      for (const variant of variants) {
        const { files } = await this.data.column(task, variant);
        jobs.push(...places(0, files).map((file) => ({ task, variant, file })));
      }
    }
    return jobs;
  }

  private async look({ task, variant, file }: Job): Promise<void> {
    if (variant === null) {
      for (const [item, messages] of await this.data.askedFile(task, file)) {
        this.any(task, item, "asked", messages.map(said));
      }
      return;
    }
    const name = this.data.run.variants[variant] ?? "";
    for (const row of await this.data.saidFile(task, variant, file)) this.row(task, name, row);
  }

  private row(task: number, name: string, [item, reason, , turns]: SaidRow): void {
    turns.forEach(([, messages, reply, thought], at) => {
      this.any(task, item, `${name}, turn ${at + 1}`, [reply, thought ?? "", ...(messages ?? []).map(said)]);
    });
    this.any(task, item, `${name}, why`, [reason]);
  }

  private any(task: number, item: number, where: string, texts: string[]): void {
    const key = `${task} ${item}`;
    if (this.found.has(key)) return;
    for (const text of texts) {
      const at = text.toLowerCase().indexOf(this.query);
      if (at < 0) continue;
      const end = at + this.query.length;
      const [before, after] = [text.slice(Math.max(0, at - AROUND), at), text.slice(end, end + AROUND)];
      this.found.set(key, { task, item, where, before, match: text.slice(at, end), after });
      return;
    }
  }
}

function said([, text, beside]: Message): string {
  return [text, ...beside.map((one) => one[1])].join("\n");
}
