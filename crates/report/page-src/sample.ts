// One sample: what several variants were asked and said, side by side, turn by turn, the differences marked.

import type { Data, Message, Reading, SaidRow, Turn } from "./data";
import { diff, type Piece } from "./diff";
import { count, el, points } from "./dom";
import { reading } from "./reading";
import type { Place } from "./state";
import { block, line, write } from "./text";

/** Characters of two replies up to which their words are compared. */
const COMPARED = 100000;
/** The share of a reply beyond which its differences are not marked. */
const MARKED = 0.85;
/** Variants among which a reader may choose. */
const CHOICES = 40;

interface Side {
  variant: number;
  name: string;
  value: number | null;
  outcome: string;
  row: SaidRow | undefined;
}

/** The panel of a sample; `choose` is called with the variants that are wanted beside each other. */
export async function panel(data: Data, place: Place, variants: number[], choose: (variants: number[]) => void): Promise<Node> {
  const { task, item } = place;
  const items = await data.samples(task);
  const side = async (variant: number): Promise<Side> => {
    const [column, row] = await Promise.all([data.column(task, variant), data.said(task, variant, item)]);
    const name = line(data.run.variants[variant] ?? "", 80);
    return { variant, name, value: column.values[item] ?? null, outcome: column.outcomes[item] ?? "-", row };
  };
  const [opening, read, ...sides] = await Promise.all([data.opening(task, item), data.readings(task, item), ...variants.map(side)]);
  const turns = Math.max(0, ...sides.map((one) => one.row?.[3].length ?? 0));
  const parting = turns > 1 ? parts(sides) : -1;
  const all = Array.from({ length: turns }, (_, at) =>
    turn(sides, { at, parts: at === parting, opening, read: read.find((one) => one[1] === at) }),
  );
  const tags = items.tags[item];
  return el(
    "article",
    { class: "sample", "aria-labelledby": "sample-title" },
    el("h3", { id: "sample-title", tabindex: "-1" }, line(items.ids[item] ?? "", 200)),
    el("p", { class: "soft" }, line(data.run.tasks[task]?.name ?? ""), tags ? ` · ${line(tags)}` : null),
    picker(data, place, variants, choose),
    el("div", { class: "sides", "data-sides": String(sides.length) }, ...sides.map(heading)),
    ...all,
    turns === 0 ? el("p", {}, "No reply of these variants is in the run.") : null,
  );
}

/** Which variants stand beside each other. */
function picker(data: Data, { task }: Place, variants: number[], choose: (variants: number[]) => void): Node | null {
  const measured = (data.run.tasks[task]?.measured ?? []).slice(0, CHOICES);
  if (measured.length < 2) return null;
  const box = (variant: number) => {
    const change = (event: Event) => {
      const on = (event.target as HTMLInputElement).checked;
      const next = on ? [...variants, variant] : variants.filter((one) => one !== variant);
      choose(measured.filter((one) => next.includes(one)));
    };
    const input = el("input", { type: "checkbox", checked: variants.includes(variant), change, "data-variant": String(variant) });
    return el("label", {}, input, " ", line(data.run.variants[variant] ?? "", 40));
  };
  return el("fieldset", { class: "picker" }, el("legend", {}, "Side by side"), ...measured.map(box));
}

/** A variant's score and its reason. */
function heading(side: Side): Node {
  const value = side.outcome === "f" ? "failed" : side.outcome === "-" ? "no score" : `scored ${points(side.value)}`;
  const reason = el("p", { class: "reason" });
  write(reason, (side.row?.[1] ?? "").slice(0, 4000));
  const metrics = side.row?.[2];
  return el(
    "div",
    { class: "side" },
    el("h4", {}, `${side.name} ${value}`),
    reason,
    metrics ? el("p", { class: "reason" }, line(metrics, 400)) : null,
  );
}

/** The first turn in which not all say the same; -1 where there is none. */
function parts(sides: Side[]): number {
  const replies = sides.map((side) => side.row?.[3].map((one) => one[2].trim()) ?? []);
  const [first = [], ...others] = replies;
  const longest = Math.max(0, ...replies.map((own) => own.length));
  return Array.from({ length: longest }, (_, at) => at).find((at) => others.some((own) => own[at] !== first[at])) ?? -1;
}

interface TurnOf {
  at: number;
  /** Whether the variants say different things here for the first time. */
  parts: boolean;
  opening: Message[];
  read: Reading | undefined;
}

/** One turn of all variants. */
function turn(sides: Side[], { at, parts, opening, read }: TurnOf): Node {
  const turns = sides.map((side) => side.row?.[3][at]);
  const shown = turns.map((one) => (one ? (one[1] ?? opening) : null));
  const first = shown.find((one) => one !== null) ?? [];
  const same = shown.every((one) => one === null || one === first || JSON.stringify(one) === JSON.stringify(first));
  const replies = marked(turns);
  return el(
    "section",
    { class: "turn", "aria-label": `Turn ${at + 1}` },
    el("h4", {}, `Turn ${at + 1}`, parts ? el("small", { class: "parts" }, "here they part: the first different reply") : null),
    same ? asked(first, at) : null,
    el(
      "div",
      { class: "sides", "data-sides": String(sides.length) },
      ...sides.map((side, place) => {
        const messages = shown[place];
        return el(
          "div",
          { class: "side" },
          same || !messages ? null : asked(messages, at),
          el("h5", {}, side.name, note(turns[place])),
          thought(turns[place]),
          replies[place] ?? el("p", { class: "soft" }, side.row ? "(it had ended)" : "(nothing was said)"),
          reading(read, side.variant),
        );
      }),
    ),
  );
}

/** How long a reply was, where that was counted: a prompt has tokens then. */
function note(turn: Turn | undefined): Node | null {
  if (!turn) return null;
  const tokens = turn[4][0] ? `${count(turn[4][1])} tokens` : "tokens not counted";
  return el("small", { class: "soft" }, ` ${tokens}${turn[5] ? ", cut at the limit" : ""}`);
}

function thought(turn: Turn | undefined): Node | null {
  if (!turn || turn[3] === null) return null;
  return el("details", {}, el("summary", {}, "Thought"), el("div", {}, block(turn[3])));
}

/** What the models were shown in a turn: of several messages the last is open, the others are folded away. */
function asked(messages: Message[], at: number): Node | null {
  const last = messages[messages.length - 1];
  if (!last) return null;
  const before = messages.slice(0, -1);
  const folded = el(
    "details",
    {},
    el("summary", {}, `${count(before.length)} ${before.length === 1 ? "message" : "messages"} before`),
    el("div", {}, ...before.map(message)),
  );
  return el("div", { class: at === 0 ? "asked first" : "asked" }, before.length > 0 ? folded : null, message(last));
}

function message([role, text, beside]: Message): Node {
  const besides = beside.map(([kind, what]) => el("div", {}, el("h5", {}, kind), block(what)));
  return el("div", { class: "message" }, el("h5", {}, role), text || !besides.length ? block(text) : null, ...besides);
}

/** The replies of a turn; where there are two or more, what the first and each other do not share is marked. */
function marked(turns: (Turn | undefined)[]): (Node | null)[] {
  const texts = turns.map((turn) => turn?.[2]);
  const first = texts[0];
  const other = texts.slice(1).find((text) => text !== undefined && text !== first);
  return texts.map((text, at) => {
    if (text === undefined) return null;
    const against = at === 0 ? other : first;
    const long = text.length + (against?.length ?? 0) > COMPARED;
    if (against === undefined || against === text || long) return block(text);
    const pieces = diff(text, against)[0];
    const own = pieces.reduce((sum, piece) => sum + (piece.own ? piece.text.length : 0), 0);
    // Where nearly all differs, marks tell nothing.
    return own > MARKED * text.length && text.length > 40 ? block(text) : differing(pieces, text);
  });
}

function differing(pieces: Piece[], text: string): Node {
  if (text.length > 8000 || text === "") return block(text);
  const pre = el("pre", { tabindex: "0", dir: "auto" });
  for (const piece of pieces) {
    const into = piece.own ? el("mark", { class: "own" }) : pre;
    write(into, piece.text);
    if (piece.own) pre.append(into);
  }
  return pre;
}
