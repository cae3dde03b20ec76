// What differs between two texts, word by word (Myers 1986, the greedy algorithm), within bounds.

/** Edits beyond which two texts are called different from their first difference to their last. */
const MOST_EDITS = 500;
/** Words beyond which a text is compared by its lines. */
const MOST_WORDS = 20000;

/** A piece of a text, and whether the other text lacks it. */
export interface Piece {
  text: string;
  own: boolean;
}

/** Both texts in pieces. */
export function diff(a: string, b: string): [Piece[], Piece[]] {
  let [left, right] = [words(a), words(b)];
  if (left.length > MOST_WORDS || right.length > MOST_WORDS) {
    [left, right] = [lines(a), lines(b)];
  }
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head++;
  let tail = 0;
  while (
    tail < left.length - head &&
    tail < right.length - head &&
    left[left.length - 1 - tail] === right[right.length - 1 - tail]
  ) {
    tail++;
  }
  const [ownLeft, ownRight] = edits(left.slice(head, left.length - tail), right.slice(head, right.length - tail));
  return [pieces(left, head, ownLeft), pieces(right, head, ownRight)];
}

function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}_]+|\s+|[^]/gu) ?? [];
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** For each word of both, whether the other lacks it. */
function edits(a: string[], b: string[]): [boolean[], boolean[]] {
  const own: [boolean[], boolean[]] = [a.map(() => true), b.map(() => true)];
  const trace = paths(a, b);
  if (!trace) return own;
  let [x, y] = [a.length, b.length];
  for (let edit = trace.length - 1; edit >= 0; edit--) {
    const ends = trace[edit] as Map<number, number>;
    const diagonal = x - y;
    const at = (place: number) => ends.get(place) ?? -1;
    const down = diagonal === -edit || (diagonal !== edit && at(diagonal - 1) < at(diagonal + 1));
    const before = edit === 0 ? 0 : down ? diagonal + 1 : diagonal - 1;
    const fromX = edit === 0 ? 0 : at(before);
    const fromY = edit === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY && a[x - 1] === b[y - 1]) {
      x--;
      y--;
      own[0][x] = false;
      own[1][y] = false;
    }
    [x, y] = [fromX, fromY];
  }
  return own;
}

/** How far each number of edits comes on each diagonal, before that edit; nothing where there are too many. */
function paths(a: string[], b: string[]): Map<number, number>[] | null {
  const ends = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edit = 0; edit <= Math.min(a.length + b.length, MOST_EDITS); edit++) {
    trace.push(new Map(ends));
    for (let diagonal = -edit; diagonal <= edit; diagonal += 2) {
      const [below, above] = [ends.get(diagonal + 1) ?? -1, ends.get(diagonal - 1) ?? -1];
      let x = diagonal === -edit || (diagonal !== edit && above < below) ? below : above + 1;
      let y = x - diagonal;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      ends.set(diagonal, x);
      if (x >= a.length && y >= b.length) return trace;
    }
  }
  return null;
}

/** Neighbors of one kind together; the words before `head` and after the edited ones are in both texts. */
function pieces(words: string[], head: number, own: boolean[]): Piece[] {
  const all: Piece[] = [];
  words.forEach((text, at) => {
    const mine = (own[at - head] ?? false) || (SPACE.test(text) && between(own, at - head));
    const last = all[all.length - 1];
    if (last && last.own === mine) last.text += text;
    else all.push({ text, own: mine });
  });
  return all;
}

const SPACE = /^\s+$/;

/** A space between two words of one's own reads as one's own. */
function between(own: boolean[], at: number): boolean {
  return own[at - 1] === true && own[at + 1] === true;
}
