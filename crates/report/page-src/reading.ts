// A reply of the dense model as a variant reads it: each token shaded by how far the two part there.

import type { Reading } from "./data";
import { count, el } from "./dom";
import { line, write } from "./text";

/** Thousandths of a nat from which a token has the next shade. */
const SHADES = [10, 100, 500, 1000];
/** Tokens that are named below the text. */
const NAMED = 5;
const DECIDES: Record<string, string> = { t: "tool", g: "argument", a: "action", w: "answer", e: "end" };

function nats(thousandths: number): string {
  return (thousandths / 1000).toFixed(thousandths < 100 ? 3 : 2);
}

/** The reply, folded; nothing where the variant did not read it. */
export function reading(read: Reading | undefined, variant: number): Node | null {
  const kl = read?.[4].find(([of]) => of === variant)?.[1];
  if (!read || !kl || kl.length === 0) return null;
  const [, , pieces, decisions] = read;
  const mean = kl.reduce((sum, one) => sum + one, 0) / kl.length;
  const pre = el("pre", { tabindex: "0", dir: "auto", class: "reading" });
  pieces.forEach((piece, at) => {
    const decides = DECIDES[decisions.charAt(at)];
    const shade = SHADES.filter((from) => (kl[at] ?? 0) >= from).length;
    const title = `KL ${nats(kl[at] ?? 0)} nats${decides ? `, decides: ${decides}` : ""}`;
    const token = el("span", { class: `kl${shade}${decides ? " decides" : ""}`, title });
    write(token, piece === "" && decides === "end" ? "⏎ end" : piece);
    pre.append(token);
  });
  const summary = `The dense reply as it reads it: KL ${nats(mean)} nats a token`;
  const about = el("p", { class: "soft" }, largest(pieces, decisions, kl));
  return el("details", { class: "inside" }, el("summary", {}, summary), el("div", {}, pre, about));
}

/** The tokens at which the two part most, in words, and what the shades say. */
function largest(pieces: string[], decisions: string, kl: number[]): string {
  const order = kl.map((_, at) => at).sort((a, b) => (kl[b] ?? 0) - (kl[a] ?? 0));
  const name = (at: number) => {
    const decides = DECIDES[decisions.charAt(at)];
    return `“${line(pieces[at] ?? "", 30)}” ${nats(kl[at] ?? 0)}${decides ? ` (${decides})` : ""}`;
  };
  const named = order.slice(0, NAMED).filter((at) => (kl[at] ?? 0) > 0).map(name);
  return (
    `${count(kl.length)} tokens. Most at: ${named.join(", ") || "none"}. Shades from ${SHADES.map((from) => from / 1000).join(", ")} nats on; ` +
    "underlined tokens decide something."
  );
}
