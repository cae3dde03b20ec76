// Elements. Text enters the page through text nodes only.

type Child = Node | string | null | undefined | false;
type Props = Record<string, string | boolean | ((event: Event) => void) | undefined>;

/** An element; handlers are functions, `true` is an attribute without value, `false` and `undefined` are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (typeof value === "string") made.setAttribute(key, value);
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) made.append(child);
  return made;
}

/** A whole number with groups. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** Points of 100 from hundredths of a point. */
export function points(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : (value / 100).toFixed(1);
}

/** A difference with its sign. */
export function change(value: number): string {
  const text = Math.abs(value / 100).toFixed(1);
  if (text === "0.0") return text;
  return (value < 0 ? "\u2212" : "+") + text;
}
