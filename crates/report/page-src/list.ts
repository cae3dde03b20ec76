// The samples that are asked for, a page at a time.

import { places, type Column, type Data, type Items } from "./data";
import { change, count, el, points } from "./dom";
import type { Search } from "./search";
import { address, type Place, type Show, type State } from "./state";
import { line } from "./text";

/** Heads of columns of words; the others are of numbers. */
const WORDS = new Set(["Sample", "Task"]);
/** Rows of a page. */
const ROWS = 50;

const OUTCOMES: Record<string, [sign: string, word: string]> = {
  w: ["▼", "worse"],
  b: ["▲", "better"],
  "=": ["·", "the same"],
  f: ["✕", "failed"],
  d: ["–", "dense did not finish"],
  "-": ["–", "no score"],
};
const LETTERS: Record<Show, string> = { all: "", worse: "w", better: "b", same: "=", failed: "f" };

/** One task's samples with two variants' values. */
export interface Sheet {
  task: number;
  items: Items;
  dense: Column;
  own: Column;
}
export type Counts = Record<Show, number>;

/** Reads what a list of some tasks needs. */
export function sheets(data: Data, tasks: number[], variant: number): Promise<Sheet[]> {
  const sheet = async (task: number): Promise<Sheet> => {
    const [items, dense, own] = await Promise.all([
      data.samples(task),
      data.column(task, data.dense),
      data.column(task, variant),
    ]);
    return { task, items, dense, own };
  };
  return Promise.all(tasks.map(sheet));
}

/** The samples to show in their order, and how many there are of each kind. */
export function chosen(all: Sheet[], show: Show, words: string, search: Search | null): [Place[], Counts] {
  const counts: Counts = { all: 0, worse: 0, better: 0, same: 0, failed: 0 };
  const rows: [Place, number][] = [];
  const wanted = words.toLowerCase();
  for (const { task, items, dense, own } of all) {
    for (let item = 0; item < items.ids.length; item++) {
      if (search && !search.hit(task, item)) continue;
      if (wanted && !matches(items, item, wanted)) continue;
      const outcome = own.outcomes[item] ?? "-";
      counts.all++;
      const kind = KINDS[outcome];
      if (kind) counts[kind]++;
      if (show === "all" || outcome === LETTERS[show]) {
        rows.push([{ task, item }, (own.values[item] ?? 0) - (dense.values[item] ?? 0)]);
      }
    }
  }
  // What changed most comes first; equals stay in the tasks' order.
  if (show === "worse") rows.sort(([, a], [, b]) => a - b);
  if (show === "better") rows.sort(([, a], [, b]) => b - a);
  return [rows.map(([place]) => place), counts];
}

const KINDS: Record<string, Show> = { w: "worse", b: "better", "=": "same", f: "failed" };

function matches(items: Items, item: number, wanted: string): boolean {
  const id = items.ids[item] ?? "";
  return id.toLowerCase().includes(wanted) || (items.tags[item] ?? "").toLowerCase().includes(wanted);
}

/** A page of rows as a table. */
export function table(data: Data, all: Sheet[], rows: Place[], page: number, state: State, search: Search | null): Node {
  const name = line(data.run.variants[state.variant] ?? "", 40);
  const alone = state.variant === data.dense;
  const several = all.length > 1;
  const head = ["Sample", several && "Task", !alone && "dense", name, !alone && "Change"];
  const sheet = new Map(all.map((one) => [one.task, one]));
  const body = rows.slice(page * ROWS, (page + 1) * ROWS).map((place) => {
    const { items, dense, own } = sheet.get(place.task) as Sheet;
    const { item } = place;
    const open = state.open?.task === place.task && state.open.item === item;
    const link = el(
      "a",
      { href: address({ ...state, open: place }), "aria-current": open ? "true" : undefined },
      line(items.ids[item] ?? "", 80),
    );
    const [a, b] = [dense.values[item] ?? null, own.values[item] ?? null];
    const [sign, word] = OUTCOMES[own.outcomes[item] ?? "-"] ?? ["–", ""];
    const difference = a !== null && b !== null ? `${change(b - a)} ` : "";
    const tags = items.tags[item];
    return el(
      "tr",
      { class: open ? "open" : undefined },
      el("th", { scope: "row" }, link, tags ? el("small", { class: "tags" }, line(tags, 120)) : null, snippet(search, place)),
      several ? el("td", {}, line(data.run.tasks[place.task]?.name ?? "", 40)) : null,
      alone ? null : el("td", { class: "n" }, points(a)),
      el("td", { class: "n" }, points(b)),
      alone ? null : el("td", { class: `n ${word}` }, difference, el("span", { title: word }, sign), el("span", { class: "heard" }, ` ${word}`)),
    );
  });
  return el(
    "div",
    { class: "scroll list", tabindex: "0", role: "region", "aria-label": "Samples" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...head.map((title) => title && el("th", { scope: "col", class: WORDS.has(title) ? "" : "n" }, title)))),
      el("tbody", {}, ...body),
    ),
  );
}

/** What was found in a sample. */
function snippet(search: Search | null, { task, item }: Place): Node | null {
  const hit = search?.hit(task, item);
  if (!hit) return null;
  return el(
    "small",
    { class: "snippet" },
    `${line(hit.where, 60)}: …${line(hit.before)}`,
    el("mark", {}, line(hit.match)),
    `${line(hit.after)}…`,
  );
}

/** Buttons between pages of rows. */
export function pager(rows: number, page: number, turn: (page: number) => void): Node {
  const last = Math.max(0, Math.ceil(rows / ROWS) - 1);
  const button = (text: string, to: number) =>
    el("button", { type: "button", disabled: to < 0 || to > last, click: () => turn(to) }, text);
  const from = rows === 0 ? 0 : page * ROWS + 1;
  return el(
    "div",
    { class: "pager" },
    button("‹ Previous", page - 1),
    el("span", {}, `${count(from)} to ${count(Math.min(rows, (page + 1) * ROWS))} of ${count(rows)}`),
    button("Next ›", page + 1),
  );
}

/** The page on which a row is. */
export function pageOf(rows: Place[], place: Place | null): number {
  const at = place ? rows.findIndex((row) => row.task === place.task && row.item === place.item) : -1;
  return at < 0 ? 0 : Math.floor(at / ROWS);
}

/** The tasks that a state names. */
export function tasksOf(data: Data, tasks: string): number[] {
  const all = places(0, data.run.tasks.length);
  if (tasks === "all") return all;
  const one = /^t(\d+)$/.exec(tasks);
  if (one) return all.filter((at) => at === Number(one[1]));
  return all.filter((at) => data.run.tasks[at]?.capability === tasks);
}
