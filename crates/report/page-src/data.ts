// What the chunks hold (written by crates/report/src/explore), and what is made of it.

import type { Chunks } from "./chunks";

/** Samples in one file of ids, or of values. */
const PART = 20000;

export interface TaskInfo {
  name: string;
  capability: string;
  /** The variants that have scores of it, by their places. */
  measured: number[];
  /** Whether replies of it were probed. */
  read: boolean;
}
export interface Run {
  variants: string[];
  tasks: TaskInfo[];
}
type Runs = [count: number, file: number][];
interface ItemPart {
  ids: string[];
  texts: string[];
  tags: number[];
  asked: Runs;
  files: number;
  samples: number;
}
interface ColumnPart {
  values: (number | null)[];
  outcomes: string;
  said: Runs;
  files: number;
}

/** The samples of a task. */
export interface Items {
  ids: string[];
  /** What the tags say: "depth 50, length 512". */
  tags: string[];
  /** The file in which a sample's opening is; -1 for none. */
  asked: number[];
  files: number;
}
/** What a variant scored on a task's samples. */
export interface Column {
  /** Hundredths of a point. */
  values: (number | null)[];
  /** w worse than dense, b better, = same, f failed, d no comparison, - no score. */
  outcomes: string;
  /** The file in which a sample's replies are; -1 for none. */
  said: number[];
  files: number;
}

/** Who speaks, what is said, and what stands beside it. */
export type Message = [role: string, text: string, beside: [kind: string, text: string][]];
export type AskedRow = [item: number, messages: Message[]];
export type Turn = [
  keep: number,
  messages: Message[] | null,
  reply: string,
  thought: string | null,
  tokens: [prompt: number, reply: number],
  cut: number,
];
/**
 * A reply of the dense model as variants read it: its tokens, a letter each for what they decide (`.` nothing, `t` a tool,
 * `g` an argument, `a` an action, `w` an answer, `e` the end), and KL(dense || variant) in thousandths of a nat.
 */
export type Reading = [item: number, turn: number, pieces: string[], decisions: string, kl: [variant: number, kl: number[]][]];
export type SaidRow = [item: number, reason: string, metrics: string, turns: Turn[]];

function spread(runs: Runs): number[] {
  return runs.flatMap(([count, file]) => new Array<number>(count).fill(file));
}

export class Data {
  readonly dense: number;
  private readonly items = new Map<number, Promise<Items>>();
  private readonly columns = new Map<string, Promise<Column>>();

  constructor(
    private readonly chunks: Chunks,
    readonly run: Run,
  ) {
    this.dense = Math.max(0, run.variants.indexOf("dense"));
  }

  samples(task: number): Promise<Items> {
    const known = this.items.get(task) ?? this.readItems(task);
    this.items.set(task, known);
    return known;
  }

  private async readItems(task: number): Promise<Items> {
    const part = (at: number) => this.chunks.pass<ItemPart>(`t${task}/items-${at}`);
    const first = await part(0);
    const rest = await Promise.all(places(1, Math.ceil(first.samples / PART)).map(part));
    const all = [first, ...rest];
    return {
      ids: all.flatMap((one) => one.ids),
      tags: all.flatMap((one) => one.tags.map((tag) => one.texts[tag] ?? "")),
      asked: all.flatMap((one) => spread(one.asked)),
      files: first.files,
    };
  }

  /** What a variant scored; nothing where it was not measured. */
  column(task: number, variant: number): Promise<Column> {
    const name = `${task} ${variant}`;
    const known = this.columns.get(name) ?? this.readColumn(task, variant);
    this.columns.set(name, known);
    return known;
  }

  private async readColumn(task: number, variant: number): Promise<Column> {
    if (!this.run.tasks[task]?.measured.includes(variant)) return { values: [], outcomes: "", said: [], files: 0 };
    const { ids } = await this.samples(task);
    const part = (at: number) => this.chunks.pass<ColumnPart>(`t${task}/v${variant}-${at}`);
    // A variant that lacks the last samples has fewer parts.
    const first = await part(0);
    const full = first.outcomes.length === PART ? Math.ceil(ids.length / PART) : 1;
    const rest = await Promise.all(places(1, full).map((at) => part(at).catch(() => null)));
    const all = [first, ...rest.filter((one): one is ColumnPart => one !== null)];
    return {
      values: all.flatMap((one) => one.values),
      outcomes: all.map((one) => one.outcomes).join(""),
      said: all.flatMap((one) => spread(one.said)),
      files: first.files,
    };
  }

  /** What opened a sample's conversation. */
  async opening(task: number, item: number): Promise<Message[]> {
    const file = (await this.samples(task)).asked[item] ?? -1;
    if (file < 0) return [];
    const rows = await this.chunks.load<AskedRow[]>(`t${task}/asked-${file}`);
    return rows.find((row) => row[0] === item)?.[1] ?? [];
  }

  /** What a variant said on a sample. */
  async said(task: number, variant: number, item: number): Promise<SaidRow | undefined> {
    const file = (await this.column(task, variant)).said[item] ?? -1;
    if (file < 0) return undefined;
    const rows = await this.chunks.load<SaidRow[]>(`t${task}/v${variant}-said-${file}`);
    return rows.find((row) => row[0] === item);
  }

  /** The replies of a sample's dense model that were probed. */
  async readings(task: number, item: number): Promise<Reading[]> {
    if (!this.run.tasks[task]?.read) return [];
    const rows = await this.chunks.load<Reading[]>(`t${task}/read`);
    return rows.filter((row) => row[0] === item);
  }

  askedFile(task: number, file: number): Promise<AskedRow[]> {
    return this.chunks.pass(`t${task}/asked-${file}`);
  }

  saidFile(task: number, variant: number, file: number): Promise<SaidRow[]> {
    return this.chunks.pass(`t${task}/v${variant}-said-${file}`);
  }
}

/** The whole numbers from `from` to before `to`. */
export function places(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
}
