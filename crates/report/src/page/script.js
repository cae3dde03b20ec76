"use strict";
(() => {
  // chunks.ts
  var KEPT = 48;
  var NAME = /^[a-z0-9]+(\/[a-z0-9-]+)?$/;
  var rules = {
    createScriptURL(name) {
      if (!NAME.test(name)) throw new Error(`no chunk: ${name}`);
      return `explore/${name}.js`;
    }
  };
  var Chunks = class {
    constructor(stamp) {
      this.stamp = stamp;
      this.waiting = /* @__PURE__ */ new Map();
      this.kept = /* @__PURE__ */ new Map();
      this.policy = window.trustedTypes?.createPolicy("acb", rules) ?? rules;
      window.acb = { chunk: (stamp2, name, data) => this.arrived(stamp2, name, data) };
    }
    /** The data of a chunk. */
    load(name) {
      const known = this.kept.get(name) ?? this.fetch(name);
      this.kept.delete(name);
      this.kept.set(name, known);
      if (this.kept.size > KEPT) {
        const oldest = this.kept.keys().next().value;
        if (oldest !== void 0) this.kept.delete(oldest);
      }
      known.catch(() => this.kept.delete(name));
      return known;
    }
    /** The data of a chunk that is looked at once. */
    pass(name) {
      return this.kept.get(name) ?? this.fetch(name);
    }
    fetch(name) {
      const same = this.waiting.get(name);
      return new Promise((resolve, reject) => {
        this.waiting.set(name, {
          resolve: (data) => (same?.resolve(data), resolve(data)),
          reject: (problem) => (same?.reject(problem), reject(problem))
        });
        if (same) return;
        const script = document.createElement("script");
        script.onload = () => this.failed(name, "is damaged", script);
        script.onerror = () => this.failed(name, "cannot be read: keep the folder beside this page", script);
        script.src = this.policy.createScriptURL(name);
        document.head.append(script);
      });
    }
    arrived(stamp, name, data) {
      const waiting = this.waiting.get(name);
      this.waiting.delete(name);
      if (stamp === this.stamp) waiting?.resolve(data);
      else waiting?.reject(new Error("The report was written anew since this page was opened: reload it."));
    }
    /** After a script ran, or could not: what is still waiting did not arrive. */
    failed(name, problem, script) {
      script.remove();
      const waiting = this.waiting.get(name);
      this.waiting.delete(name);
      waiting?.reject(new Error(`explore/${name}.js ${problem}.`));
    }
  };

  // data.ts
  var PART = 2e4;
  function spread(runs) {
    return runs.flatMap(([count2, file]) => new Array(count2).fill(file));
  }
  var Data = class {
    constructor(chunks, run) {
      this.chunks = chunks;
      this.run = run;
      this.items = /* @__PURE__ */ new Map();
      this.columns = /* @__PURE__ */ new Map();
      this.dense = Math.max(0, run.variants.indexOf("dense"));
    }
    samples(task) {
      const known = this.items.get(task) ?? this.readItems(task);
      this.items.set(task, known);
      return known;
    }
    async readItems(task) {
      const part = (at) => this.chunks.pass(`t${task}/items-${at}`);
      const first = await part(0);
      const rest = await Promise.all(places(1, Math.ceil(first.samples / PART)).map(part));
      const all = [first, ...rest];
      return {
        ids: all.flatMap((one) => one.ids),
        tags: all.flatMap((one) => one.tags.map((tag) => one.texts[tag] ?? "")),
        asked: all.flatMap((one) => spread(one.asked)),
        files: first.files
      };
    }
    /** What a variant scored; nothing where it was not measured. */
    column(task, variant) {
      const name = `${task} ${variant}`;
      const known = this.columns.get(name) ?? this.readColumn(task, variant);
      this.columns.set(name, known);
      return known;
    }
    async readColumn(task, variant) {
      if (!this.run.tasks[task]?.measured.includes(variant)) return { values: [], outcomes: "", said: [], files: 0 };
      const { ids } = await this.samples(task);
      const part = (at) => this.chunks.pass(`t${task}/v${variant}-${at}`);
      const first = await part(0);
      const full = first.outcomes.length === PART ? Math.ceil(ids.length / PART) : 1;
      const rest = await Promise.all(places(1, full).map((at) => part(at).catch(() => null)));
      const all = [first, ...rest.filter((one) => one !== null)];
      return {
        values: all.flatMap((one) => one.values),
        outcomes: all.map((one) => one.outcomes).join(""),
        said: all.flatMap((one) => spread(one.said)),
        files: first.files
      };
    }
    /** What opened a sample's conversation. */
    async opening(task, item) {
      const file = (await this.samples(task)).asked[item] ?? -1;
      if (file < 0) return [];
      const rows = await this.chunks.load(`t${task}/asked-${file}`);
      return rows.find((row) => row[0] === item)?.[1] ?? [];
    }
    /** What a variant said on a sample. */
    async said(task, variant, item) {
      const file = (await this.column(task, variant)).said[item] ?? -1;
      if (file < 0) return void 0;
      const rows = await this.chunks.load(`t${task}/v${variant}-said-${file}`);
      return rows.find((row) => row[0] === item);
    }
    /** The replies of a sample's dense model that were probed. */
    async readings(task, item) {
      if (!this.run.tasks[task]?.read) return [];
      const rows = await this.chunks.load(`t${task}/read`);
      return rows.filter((row) => row[0] === item);
    }
    askedFile(task, file) {
      return this.chunks.pass(`t${task}/asked-${file}`);
    }
    saidFile(task, variant, file) {
      return this.chunks.pass(`t${task}/v${variant}-said-${file}`);
    }
  };
  function places(from, to) {
    return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
  }

  // dom.ts
  function el(name, props = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(props)) {
      if (typeof value === "function") made.addEventListener(key, value);
      else if (value === true) made.setAttribute(key, "");
      else if (typeof value === "string") made.setAttribute(key, value);
    }
    for (const child of children) if (child !== null && child !== void 0 && child !== false) made.append(child);
    return made;
  }
  function count(n) {
    return n.toLocaleString("en-US");
  }
  function points(value) {
    return value === null || value === void 0 ? "–" : (value / 100).toFixed(1);
  }
  function change(value) {
    const text = Math.abs(value / 100).toFixed(1);
    if (text === "0.0") return text;
    return (value < 0 ? "−" : "+") + text;
  }

  // state.ts
  var SHOWS = ["all", "worse", "better", "same", "failed"];
  function read(hash) {
    const found = /^#x\/(\w+)\/v(\d+)\/(\w+)(?:\/t(\d+)\.s(\d+))?$/.exec(hash);
    if (!found) return null;
    const show = SHOWS.find((one) => one === found[3]);
    if (!show) return null;
    const open = found[4] === void 0 ? null : { task: Number(found[4]), item: Number(found[5]) };
    return { tasks: found[1], variant: Number(found[2]), show, open };
  }
  function address(state) {
    const open = state.open ? `/t${state.open.task}.s${state.open.item}` : "";
    return `#x/${state.tasks}/v${state.variant}/${state.show}${open}`;
  }

  // text.ts
  var SHOWN = 6e3;
  var TAIL = 2e3;
  var PART2 = 4e3;
  var HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/gu;
  var NAMES = {
    0: "NUL",
    7: "BEL",
    8: "BS",
    13: "CR",
    27: "ESC",
    127: "DEL",
    155: "CSI",
    8234: "left-to-right embedding",
    8235: "right-to-left embedding",
    8236: "end of direction",
    8237: "left-to-right override",
    8238: "right-to-left override",
    8294: "left-to-right isolate",
    8295: "right-to-left isolate",
    8296: "isolate",
    8297: "end of isolate"
  };
  function spelled(character) {
    const code = character.codePointAt(0) ?? 0;
    const name = NAMES[code];
    return name && name.length <= 3 ? `⟨${name}⟩` : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  }
  function line(text, most = 200) {
    const cut = text.length > most ? `${text.slice(0, most)}…` : text;
    return cut.replace(HIDDEN, spelled).replace(/\s+/g, " ");
  }
  function write(into, text) {
    let from = 0;
    for (const found of text.matchAll(HIDDEN)) {
      if (found.index > from) into.appendChild(document.createTextNode(text.slice(from, found.index)));
      const name = NAMES[found[0].codePointAt(0) ?? 0] ?? "hidden character";
      into.appendChild(el("span", { class: "esc", title: name }, spelled(found[0])));
      from = found.index + found[0].length;
    }
    if (from < text.length) into.appendChild(document.createTextNode(text.slice(from)));
  }
  function block(text) {
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
  function whole(pre, text) {
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
  function end(text, from) {
    const to = from + PART2;
    if (to >= text.length) return text.length;
    const near = text.slice(to - 1e3, to);
    const at = Math.max(near.lastIndexOf("\n"), 0) || Math.max(near.lastIndexOf(" "), 0);
    if (at > 0) return to - 1e3 + at + 1;
    return /[\udc00-\udfff]/.test(text.charAt(to)) ? to - 1 : to;
  }

  // list.ts
  var WORDS = /* @__PURE__ */ new Set(["Sample", "Task"]);
  var ROWS = 50;
  var OUTCOMES = {
    w: ["▼", "worse"],
    b: ["▲", "better"],
    "=": ["·", "the same"],
    f: ["✕", "failed"],
    d: ["–", "dense did not finish"],
    "-": ["–", "no score"]
  };
  var LETTERS = { all: "", worse: "w", better: "b", same: "=", failed: "f" };
  function sheets(data, tasks, variant) {
    const sheet = async (task) => {
      const [items, dense, own] = await Promise.all([
        data.samples(task),
        data.column(task, data.dense),
        data.column(task, variant)
      ]);
      return { task, items, dense, own };
    };
    return Promise.all(tasks.map(sheet));
  }
  function chosen(all, show, words2, search) {
    const counts = { all: 0, worse: 0, better: 0, same: 0, failed: 0 };
    const rows = [];
    const wanted = words2.toLowerCase();
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
    if (show === "worse") rows.sort(([, a], [, b]) => a - b);
    if (show === "better") rows.sort(([, a], [, b]) => b - a);
    return [rows.map(([place]) => place), counts];
  }
  var KINDS = { w: "worse", b: "better", "=": "same", f: "failed" };
  function matches(items, item, wanted) {
    const id = items.ids[item] ?? "";
    return id.toLowerCase().includes(wanted) || (items.tags[item] ?? "").toLowerCase().includes(wanted);
  }
  function table(data, all, rows, page, state, search) {
    const name = line(data.run.variants[state.variant] ?? "", 40);
    const alone = state.variant === data.dense;
    const several = all.length > 1;
    const head = ["Sample", several && "Task", !alone && "dense", name, !alone && "Change"];
    const sheet = new Map(all.map((one) => [one.task, one]));
    const body = rows.slice(page * ROWS, (page + 1) * ROWS).map((place) => {
      const { items, dense, own } = sheet.get(place.task);
      const { item } = place;
      const open = state.open?.task === place.task && state.open.item === item;
      const link = el(
        "a",
        { href: address({ ...state, open: place }), "aria-current": open ? "true" : void 0 },
        line(items.ids[item] ?? "", 80)
      );
      const [a, b] = [dense.values[item] ?? null, own.values[item] ?? null];
      const [sign, word] = OUTCOMES[own.outcomes[item] ?? "-"] ?? ["–", ""];
      const difference = a !== null && b !== null ? `${change(b - a)} ` : "";
      const tags = items.tags[item];
      return el(
        "tr",
        { class: open ? "open" : void 0 },
        el("th", { scope: "row" }, link, tags ? el("small", { class: "tags" }, line(tags, 120)) : null, snippet(search, place)),
        several ? el("td", {}, line(data.run.tasks[place.task]?.name ?? "", 40)) : null,
        alone ? null : el("td", { class: "n" }, points(a)),
        el("td", { class: "n" }, points(b)),
        alone ? null : el("td", { class: `n ${word}` }, difference, el("span", { title: word }, sign), el("span", { class: "heard" }, ` ${word}`))
      );
    });
    return el(
      "div",
      { class: "scroll list", tabindex: "0", role: "region", "aria-label": "Samples" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, ...head.map((title) => title && el("th", { scope: "col", class: WORDS.has(title) ? "" : "n" }, title)))),
        el("tbody", {}, ...body)
      )
    );
  }
  function snippet(search, { task, item }) {
    const hit = search?.hit(task, item);
    if (!hit) return null;
    return el(
      "small",
      { class: "snippet" },
      `${line(hit.where, 60)}: …${line(hit.before)}`,
      el("mark", {}, line(hit.match)),
      `${line(hit.after)}…`
    );
  }
  function pager(rows, page, turn2) {
    const last = Math.max(0, Math.ceil(rows / ROWS) - 1);
    const button = (text, to) => el("button", { type: "button", disabled: to < 0 || to > last, click: () => turn2(to) }, text);
    const from = rows === 0 ? 0 : page * ROWS + 1;
    return el(
      "div",
      { class: "pager" },
      button("‹ Previous", page - 1),
      el("span", {}, `${count(from)} to ${count(Math.min(rows, (page + 1) * ROWS))} of ${count(rows)}`),
      button("Next ›", page + 1)
    );
  }
  function pageOf(rows, place) {
    const at = place ? rows.findIndex((row) => row.task === place.task && row.item === place.item) : -1;
    return at < 0 ? 0 : Math.floor(at / ROWS);
  }
  function tasksOf(data, tasks) {
    const all = places(0, data.run.tasks.length);
    if (tasks === "all") return all;
    const one = /^t(\d+)$/.exec(tasks);
    if (one) return all.filter((at) => at === Number(one[1]));
    return all.filter((at) => data.run.tasks[at]?.capability === tasks);
  }

  // diff.ts
  var MOST_EDITS = 500;
  var MOST_WORDS = 2e4;
  function diff(a, b) {
    let [left, right] = [words(a), words(b)];
    if (left.length > MOST_WORDS || right.length > MOST_WORDS) {
      [left, right] = [lines(a), lines(b)];
    }
    let head = 0;
    while (head < left.length && head < right.length && left[head] === right[head]) head++;
    let tail = 0;
    while (tail < left.length - head && tail < right.length - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) {
      tail++;
    }
    const [ownLeft, ownRight] = edits(left.slice(head, left.length - tail), right.slice(head, right.length - tail));
    return [pieces(left, head, ownLeft), pieces(right, head, ownRight)];
  }
  function words(text) {
    return text.match(/[\p{L}\p{N}_]+|\s+|[^]/gu) ?? [];
  }
  function lines(text) {
    return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  }
  function edits(a, b) {
    const own = [a.map(() => true), b.map(() => true)];
    const trace = paths(a, b);
    if (!trace) return own;
    let [x, y] = [a.length, b.length];
    for (let edit = trace.length - 1; edit >= 0; edit--) {
      const ends = trace[edit];
      const diagonal = x - y;
      const at = (place) => ends.get(place) ?? -1;
      const down = diagonal === -edit || diagonal !== edit && at(diagonal - 1) < at(diagonal + 1);
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
  function paths(a, b) {
    const ends = /* @__PURE__ */ new Map([[1, 0]]);
    const trace = [];
    for (let edit = 0; edit <= Math.min(a.length + b.length, MOST_EDITS); edit++) {
      trace.push(new Map(ends));
      for (let diagonal = -edit; diagonal <= edit; diagonal += 2) {
        const [below, above] = [ends.get(diagonal + 1) ?? -1, ends.get(diagonal - 1) ?? -1];
        let x = diagonal === -edit || diagonal !== edit && above < below ? below : above + 1;
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
  function pieces(words2, head, own) {
    const all = [];
    words2.forEach((text, at) => {
      const mine = (own[at - head] ?? false) || SPACE.test(text) && between(own, at - head);
      const last = all[all.length - 1];
      if (last && last.own === mine) last.text += text;
      else all.push({ text, own: mine });
    });
    return all;
  }
  var SPACE = /^\s+$/;
  function between(own, at) {
    return own[at - 1] === true && own[at + 1] === true;
  }

  // reading.ts
  var SHADES = [10, 100, 500, 1e3];
  var NAMED = 5;
  var DECIDES = { t: "tool", g: "argument", a: "action", w: "answer", e: "end" };
  function nats(thousandths) {
    return (thousandths / 1e3).toFixed(thousandths < 100 ? 3 : 2);
  }
  function reading(read2, variant) {
    const kl = read2?.[4].find(([of]) => of === variant)?.[1];
    if (!read2 || !kl || kl.length === 0) return null;
    const [, , pieces2, decisions] = read2;
    const mean = kl.reduce((sum, one) => sum + one, 0) / kl.length;
    const pre = el("pre", { tabindex: "0", dir: "auto", class: "reading" });
    pieces2.forEach((piece, at) => {
      const decides = DECIDES[decisions.charAt(at)];
      const shade = SHADES.filter((from) => (kl[at] ?? 0) >= from).length;
      const title = `KL ${nats(kl[at] ?? 0)} nats${decides ? `, decides: ${decides}` : ""}`;
      const token = el("span", { class: `kl${shade}${decides ? " decides" : ""}`, title });
      write(token, piece === "" && decides === "end" ? "⏎ end" : piece);
      pre.append(token);
    });
    const summary = `The dense reply as it reads it: KL ${nats(mean)} nats a token`;
    const about = el("p", { class: "soft" }, largest(pieces2, decisions, kl));
    return el("details", { class: "inside" }, el("summary", {}, summary), el("div", {}, pre, about));
  }
  function largest(pieces2, decisions, kl) {
    const order = kl.map((_, at) => at).sort((a, b) => (kl[b] ?? 0) - (kl[a] ?? 0));
    const name = (at) => {
      const decides = DECIDES[decisions.charAt(at)];
      return `“${line(pieces2[at] ?? "", 30)}” ${nats(kl[at] ?? 0)}${decides ? ` (${decides})` : ""}`;
    };
    const named = order.slice(0, NAMED).filter((at) => (kl[at] ?? 0) > 0).map(name);
    return `${count(kl.length)} tokens. Most at: ${named.join(", ") || "none"}. Shades from ${SHADES.map((from) => from / 1e3).join(", ")} nats on; underlined tokens decide something.`;
  }

  // sample.ts
  var COMPARED = 1e5;
  var MARKED = 0.85;
  var CHOICES = 40;
  async function panel(data, place, variants, choose) {
    const { task, item } = place;
    const items = await data.samples(task);
    const side = async (variant) => {
      const [column, row] = await Promise.all([data.column(task, variant), data.said(task, variant, item)]);
      const name = line(data.run.variants[variant] ?? "", 80);
      return { variant, name, value: column.values[item] ?? null, outcome: column.outcomes[item] ?? "-", row };
    };
    const [opening, read2, ...sides] = await Promise.all([data.opening(task, item), data.readings(task, item), ...variants.map(side)]);
    const turns = Math.max(0, ...sides.map((one) => one.row?.[3].length ?? 0));
    const parting = turns > 1 ? parts(sides) : -1;
    const all = Array.from(
      { length: turns },
      (_, at) => turn(sides, { at, parts: at === parting, opening, read: read2.find((one) => one[1] === at) })
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
      turns === 0 ? el("p", {}, "No reply of these variants is in the run.") : null
    );
  }
  function picker(data, { task }, variants, choose) {
    const measured = (data.run.tasks[task]?.measured ?? []).slice(0, CHOICES);
    if (measured.length < 2) return null;
    const box = (variant) => {
      const change2 = (event) => {
        const on = event.target.checked;
        const next = on ? [...variants, variant] : variants.filter((one) => one !== variant);
        choose(measured.filter((one) => next.includes(one)));
      };
      const input = el("input", { type: "checkbox", checked: variants.includes(variant), change: change2, "data-variant": String(variant) });
      return el("label", {}, input, " ", line(data.run.variants[variant] ?? "", 40));
    };
    return el("fieldset", { class: "picker" }, el("legend", {}, "Side by side"), ...measured.map(box));
  }
  function heading(side) {
    const value = side.outcome === "f" ? "failed" : side.outcome === "-" ? "no score" : `scored ${points(side.value)}`;
    const reason = el("p", { class: "reason" });
    write(reason, (side.row?.[1] ?? "").slice(0, 4e3));
    const metrics = side.row?.[2];
    return el(
      "div",
      { class: "side" },
      el("h4", {}, `${side.name} ${value}`),
      reason,
      metrics ? el("p", { class: "reason" }, line(metrics, 400)) : null
    );
  }
  function parts(sides) {
    const replies = sides.map((side) => side.row?.[3].map((one) => one[2].trim()) ?? []);
    const [first = [], ...others] = replies;
    const longest = Math.max(0, ...replies.map((own) => own.length));
    return Array.from({ length: longest }, (_, at) => at).find((at) => others.some((own) => own[at] !== first[at])) ?? -1;
  }
  function turn(sides, { at, parts: parts2, opening, read: read2 }) {
    const turns = sides.map((side) => side.row?.[3][at]);
    const shown = turns.map((one) => one ? one[1] ?? opening : null);
    const first = shown.find((one) => one !== null) ?? [];
    const same = shown.every((one) => one === null || one === first || JSON.stringify(one) === JSON.stringify(first));
    const replies = marked(turns);
    return el(
      "section",
      { class: "turn", "aria-label": `Turn ${at + 1}` },
      el("h4", {}, `Turn ${at + 1}`, parts2 ? el("small", { class: "parts" }, "here they part: the first different reply") : null),
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
            reading(read2, side.variant)
          );
        })
      )
    );
  }
  function note(turn2) {
    if (!turn2) return null;
    const tokens = turn2[4][0] ? `${count(turn2[4][1])} tokens` : "tokens not counted";
    return el("small", { class: "soft" }, ` ${tokens}${turn2[5] ? ", cut at the limit" : ""}`);
  }
  function thought(turn2) {
    if (!turn2 || turn2[3] === null) return null;
    return el("details", {}, el("summary", {}, "Thought"), el("div", {}, block(turn2[3])));
  }
  function asked(messages, at) {
    const last = messages[messages.length - 1];
    if (!last) return null;
    const before = messages.slice(0, -1);
    const folded = el(
      "details",
      {},
      el("summary", {}, `${count(before.length)} ${before.length === 1 ? "message" : "messages"} before`),
      el("div", {}, ...before.map(message))
    );
    return el("div", { class: at === 0 ? "asked first" : "asked" }, before.length > 0 ? folded : null, message(last));
  }
  function message([role, text, beside]) {
    const besides = beside.map(([kind, what]) => el("div", {}, el("h5", {}, kind), block(what)));
    return el("div", { class: "message" }, el("h5", {}, role), text || !besides.length ? block(text) : null, ...besides);
  }
  function marked(turns) {
    const texts = turns.map((turn2) => turn2?.[2]);
    const first = texts[0];
    const other = texts.slice(1).find((text) => text !== void 0 && text !== first);
    return texts.map((text, at) => {
      if (text === void 0) return null;
      const against = at === 0 ? other : first;
      const long = text.length + (against?.length ?? 0) > COMPARED;
      if (against === void 0 || against === text || long) return block(text);
      const pieces2 = diff(text, against)[0];
      const own = pieces2.reduce((sum, piece) => sum + (piece.own ? piece.text.length : 0), 0);
      return own > MARKED * text.length && text.length > 40 ? block(text) : differing(pieces2, text);
    });
  }
  function differing(pieces2, text) {
    if (text.length > 8e3 || text === "") return block(text);
    const pre = el("pre", { tabindex: "0", dir: "auto" });
    for (const piece of pieces2) {
      const into = piece.own ? el("mark", { class: "own" }) : pre;
      write(into, piece.text);
      if (piece.own) pre.append(into);
    }
    return pre;
  }

  // search.ts
  var MOST_HITS = 2e3;
  var AROUND = 60;
  var Search = class {
    constructor(data, query) {
      this.data = data;
      this.query = query;
      this.stopped = false;
      this.found = /* @__PURE__ */ new Map();
    }
    stop() {
      this.stopped = true;
    }
    /** What was found for a sample so far, the first place of each. */
    hit(task, item) {
      return this.found.get(`${task} ${item}`);
    }
    /** Looks through the messages of some tasks and variants. */
    async run(tasks, variants, tell) {
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
    async jobs(tasks, variants) {
      const jobs = [];
      for (const task of tasks) {
        const { files } = await this.data.samples(task);
        jobs.push(...places(0, files).map((file) => ({ task, variant: null, file })));
        for (const variant of variants) {
          const { files: files2 } = await this.data.column(task, variant);
          jobs.push(...places(0, files2).map((file) => ({ task, variant, file })));
        }
      }
      return jobs;
    }
    async look({ task, variant, file }) {
      if (variant === null) {
        for (const [item, messages] of await this.data.askedFile(task, file)) {
          this.any(task, item, "asked", messages.map(said));
        }
        return;
      }
      const name = this.data.run.variants[variant] ?? "";
      for (const row of await this.data.saidFile(task, variant, file)) this.row(task, name, row);
    }
    row(task, name, [item, reason, , turns]) {
      turns.forEach(([, messages, reply, thought2], at) => {
        this.any(task, item, `${name}, turn ${at + 1}`, [reply, thought2 ?? "", ...(messages ?? []).map(said)]);
      });
      this.any(task, item, `${name}, why`, [reason]);
    }
    any(task, item, where, texts) {
      const key = `${task} ${item}`;
      if (this.found.has(key)) return;
      for (const text of texts) {
        const at = text.toLowerCase().indexOf(this.query);
        if (at < 0) continue;
        const end2 = at + this.query.length;
        const [before, after] = [text.slice(Math.max(0, at - AROUND), at), text.slice(end2, end2 + AROUND)];
        this.found.set(key, { task, item, where, before, match: text.slice(at, end2), after });
        return;
      }
    }
  };
  function said([, text, beside]) {
    return [text, ...beside.map((one) => one[1])].join("\n");
  }

  // main.ts
  var Explorer = class {
    constructor(data, root) {
      this.data = data;
      this.root = root;
      this.words = "";
      this.page = 0;
      this.search = null;
      this.beside = [];
      this.sheets = [];
      this.rows = [];
      /** Counts up; what was begun before is dropped when it comes. */
      this.turn = 0;
      this.tasks = el("select", { id: "x-tasks", change: () => this.go({ tasks: this.tasks.value }) });
      this.variant = el("select", { id: "x-variant", change: () => this.go({ variant: Number(this.variant.value) }) });
      this.filter = el("input", { id: "x-filter", type: "search", autocomplete: "off", input: () => this.narrow() });
      this.query = el("input", { id: "x-query", type: "search", autocomplete: "off", minlength: "2" });
      this.everywhere = el("input", { id: "x-everywhere", type: "checkbox" });
      this.progress = el("span", { role: "status" });
      this.shows = el("div", { class: "shows", role: "group", "aria-label": "Which samples" });
      this.status = el("p", { class: "heard", role: "status" });
      this.list = el("div");
      this.sample = el("div", { id: "x-sample" });
      const first = data.run.variants.findIndex((_, at) => at !== data.dense);
      this.state = { tasks: "all", variant: Math.max(0, first), show: "all", open: null };
      this.fill();
      root.replaceChildren(this.controls(), this.shows, this.status, this.list, this.sample);
      window.addEventListener("hashchange", () => this.follow(true));
      this.follow(location.hash.startsWith("#x/"));
    }
    fill() {
      const { tasks, variants } = this.data.run;
      const capabilities = [...new Set(tasks.map((task) => task.capability))];
      this.tasks.append(el("option", { value: "all" }, "all tasks"));
      for (const capability of capabilities) {
        const own = tasks.flatMap((task, at) => task.capability === capability ? [{ task, at }] : []);
        const name = capability.replace("_", " ");
        const group = el("optgroup", { label: name }, el("option", { value: capability }, `${name}, all`));
        group.append(...own.map(({ task, at }) => el("option", { value: `t${at}` }, line(task.name, 60))));
        this.tasks.append(group);
      }
      this.variant.append(...variants.map((name, at) => el("option", { value: String(at) }, line(name, 60))));
    }
    controls() {
      const field = (label, input) => el("label", {}, el("span", {}, label), input);
      const begin = (event) => {
        event.preventDefault();
        void this.look();
      };
      return el(
        "div",
        { class: "controls" },
        field("Tasks", this.tasks),
        field("Variant", this.variant),
        field("Id or tag", this.filter),
        el(
          "form",
          { role: "search", submit: begin },
          field("In messages", this.query),
          el("button", { type: "submit" }, "Search"),
          el("button", { type: "button", click: () => this.forget() }, "Clear"),
          el("label", { class: "check" }, this.everywhere, " all variants"),
          this.progress
        )
      );
    }
    go(change2) {
      location.hash = address({ ...this.state, open: null, ...change2 });
    }
    /** Shows what the address says. */
    follow(move) {
      const next = read(location.hash);
      if (location.hash !== "" && !next) return;
      if (next && next.variant >= this.data.run.variants.length) return;
      const before = this.state;
      this.state = next ?? { ...before, open: null };
      const { tasks, variant, show, open } = this.state;
      if (variant !== before.variant || this.beside.length === 0) this.beside = this.pair(variant);
      const same = tasks === before.tasks && variant === before.variant && show === before.show && this.sheets.length > 0;
      void this.update(same, move, open !== null);
    }
    pair(variant) {
      return [.../* @__PURE__ */ new Set([this.data.dense, variant])];
    }
    async update(same, move, open) {
      const turn2 = ++this.turn;
      this.tasks.value = this.state.tasks;
      this.variant.value = String(this.state.variant);
      try {
        if (!same) {
          const read2 = await sheets(this.data, tasksOf(this.data, this.state.tasks), this.state.variant);
          if (turn2 !== this.turn) return;
          this.sheets = read2;
          this.page = 0;
        }
        this.draw(!same && open);
        if (move && !open) this.root.scrollIntoView();
        await this.show(turn2, move);
      } catch (problem) {
        if (turn2 === this.turn) this.complain(problem);
      }
    }
    /** Draws the list anew. */
    draw(seek) {
      const begun = performance.now();
      const { show, open } = this.state;
      const [rows, counts] = chosen(this.sheets, show, this.words, this.search);
      this.rows = rows;
      if (seek) this.page = pageOf(rows, open);
      const links = SHOWS.map(
        (one) => el(
          "a",
          { href: address({ ...this.state, show: one, open: null }), "aria-current": one === show ? "true" : void 0 },
          `${one} `,
          el("b", {}, count(counts[one]))
        )
      );
      this.shows.replaceChildren(...links);
      const turn2 = (page) => {
        this.page = page;
        this.draw(false);
      };
      this.list.replaceChildren(
        table(this.data, this.sheets, rows, this.page, this.state, this.search),
        pager(rows.length, this.page, turn2)
      );
      this.status.textContent = `${count(rows.length)} of ${count(counts.all)} samples`;
      this.root.dataset["drawn"] = (performance.now() - begun).toFixed(1);
    }
    /** Shows the open sample, or none. */
    async show(turn2, move) {
      const { open } = this.state;
      if (!open) {
        this.sample.replaceChildren();
        return;
      }
      const choose = (variants) => {
        this.beside = variants;
        void this.update(true, false, true);
      };
      const made = await panel(this.data, open, this.beside, choose);
      if (turn2 !== this.turn) return;
      this.sample.replaceChildren(this.neighbors(open), made);
      if (move) {
        this.sample.scrollIntoView();
        this.sample.querySelector("#sample-title")?.focus({ preventScroll: true });
      }
    }
    /** Links to the samples before and after in the list. */
    neighbors(open) {
      const at = this.rows.findIndex((row) => row.task === open.task && row.item === open.item);
      const link = (place, text) => place && at >= 0 ? el("a", { href: address({ ...this.state, open: place }) }, text) : null;
      return el(
        "nav",
        { class: "neighbors", "aria-label": "Samples of the list" },
        link(this.rows[at - 1], "‹ sample before"),
        link(this.rows[at + 1], "sample after ›"),
        el("a", { href: address({ ...this.state, open: null }) }, "close")
      );
    }
    narrow() {
      this.words = this.filter.value;
      this.page = 0;
      this.draw(false);
    }
    /** Looks for a text in all messages of the chosen tasks. */
    async look() {
      this.search?.stop();
      const query = this.query.value.toLowerCase();
      if (query === "") return this.forget();
      const search = new Search(this.data, query);
      this.search = search;
      const variants = this.everywhere.checked ? this.data.run.variants.map((_, at) => at) : this.pair(this.state.variant);
      const tell = ({ done, files, hits, ended }) => {
        if (this.search !== search) return;
        const how = ended ? `${count(hits)} samples` : `${count(hits)} samples in ${count(done)} of ${count(files)} files`;
        this.progress.textContent = how;
        this.progress.dataset["ended"] = String(ended);
        this.page = 0;
        this.draw(false);
      };
      this.progress.textContent = "searching";
      this.progress.dataset["ended"] = "false";
      try {
        await search.run(tasksOf(this.data, this.state.tasks), variants, tell);
      } catch (problem) {
        this.complain(problem);
      }
    }
    forget() {
      this.search?.stop();
      this.search = null;
      this.query.value = "";
      this.progress.textContent = "";
      this.page = 0;
      this.draw(false);
    }
    complain(problem) {
      const text = problem instanceof Error ? problem.message : String(problem);
      this.list.replaceChildren(el("p", { class: "notes", role: "alert" }, text));
    }
  };
  async function main() {
    const root = document.getElementById("explorer");
    const stamp = root?.dataset["stamp"];
    if (!root || stamp === void 0) return;
    const chunks = new Chunks(stamp);
    root.replaceChildren(el("p", { class: "soft", role: "status" }, "Reading …"));
    try {
      new Explorer(new Data(chunks, await chunks.load("run")), root);
    } catch (problem) {
      const text = problem instanceof Error ? problem.message : String(problem);
      root.replaceChildren(el("p", { class: "notes", role: "alert" }, text));
    }
  }
  void main();
})();
