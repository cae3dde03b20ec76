// Text of models and files as a reader can trust it: what would be invisible, or would move other text, is spelled out.

import { count, el } from "./dom";

/** Characters of a text that are shown before the rest is asked for, and how many of them from its end. */
const SHOWN = 6000;
const TAIL = 2000;
/** Characters of a part of a text that is shown as a whole. */
const PART = 4000;

/** Controls but line feed and tab, marks of direction, spaces without width, tags, and halves of characters. */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/gu;
const NAMES: Record<number, string> = {
  0x0: "NUL",
  0x7: "BEL",
  0x8: "BS",
  0xd: "CR",
  0x1b: "ESC",
  0x7f: "DEL",
  0x9b: "CSI",
  0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding",
  0x202c: "end of direction",
  0x202d: "left-to-right override",
  0x202e: "right-to-left override",
  0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate",
  0x2068: "isolate",
  0x2069: "end of isolate",
};

/** The sign that stands for a hidden character. */
export function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = NAMES[code];
  return name && name.length <= 3 ? `⟨${name}⟩` : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** A text in one line, hidden characters spelled out, cut where it is long. */
export function line(text: string, most = 200): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replace(HIDDEN, spelled).replace(/\s+/g, " ");
}

/** Adds a text to an element. */
export function write(into: Node, text: string): void {
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    if (found.index > from) into.appendChild(document.createTextNode(text.slice(from, found.index)));
    const name = NAMES[found[0].codePointAt(0) ?? 0] ?? "hidden character";
    into.appendChild(el("span", { class: "esc", title: name }, spelled(found[0])));
    from = found.index + found[0].length;
  }
  if (from < text.length) into.appendChild(document.createTextNode(text.slice(from)));
}

/** A text of a message; the middle of a long one is shown when it is asked for. */
export function block(text: string): HTMLElement {
  const pre = el("pre", { tabindex: "0", dir: "auto" });
  if (text === "") {
    pre.append(el("span", { class: "soft" }, "(empty)"));
    return pre;
  }
  if (text.length <= SHOWN + TAIL) {
    write(pre, text);
    return pre;
  }
  const middle = text.length - SHOWN;
  write(pre, text.slice(0, SHOWN - TAIL));
  const more = el("button", { type: "button", click: () => whole(pre, text) }, `… show ${count(middle)} characters …`);
  pre.append("\n", more, "\n");
  write(pre, text.slice(text.length - TAIL));
  return pre;
}

/** Shows all of a long text, in parts: browsers lay out one paragraph of a megabyte in many seconds. */
function whole(pre: HTMLElement, text: string): void {
  pre.replaceChildren();
  for (let from = 0; from < text.length; ) {
    const to = end(text, from);
    const part = el("div", { class: "part" });
    write(part, text.slice(from, to));
    pre.append(part);
    from = to;
  }
  pre.focus({ preventScroll: true });
}

/** Where a part ends: after a line or a word where there is one, and not within a character. */
function end(text: string, from: number): number {
  const to = from + PART;
  if (to >= text.length) return text.length;
  const near = text.slice(to - 1000, to);
  const at = Math.max(near.lastIndexOf("\n"), 0) || Math.max(near.lastIndexOf(" "), 0);
  if (at > 0) return to - 1000 + at + 1;
  return /[\udc00-\udfff]/.test(text.charAt(to)) ? to - 1 : to;
}
