// The page's explorer: from the map to tasks, to samples, to what was said.

import { Chunks } from "./chunks";
import { Data, type Run } from "./data";
import { count, el } from "./dom";
import { chosen, pageOf, pager, sheets, table, tasksOf, type Sheet } from "./list";
import { panel } from "./sample";
import { Search, type Progress } from "./search";
import { SHOWS, address, read, type Place, type State } from "./state";
import { line } from "./text";

class Explorer {
  private state: State;
  private words = "";
  private page = 0;
  private search: Search | null = null;
  private beside: number[] = [];
  private sheets: Sheet[] = [];
  private rows: Place[] = [];
  /** Counts up; what was begun before is dropped when it comes. */
  private turn = 0;

  private readonly tasks = el("select", { id: "x-tasks", change: () => this.go({ tasks: this.tasks.value }) });
  private readonly variant = el("select", { id: "x-variant", change: () => this.go({ variant: Number(this.variant.value) }) });
  private readonly filter = el("input", { id: "x-filter", type: "search", autocomplete: "off", input: () => this.narrow() });
  private readonly query = el("input", { id: "x-query", type: "search", autocomplete: "off", minlength: "2" });
  private readonly everywhere = el("input", { id: "x-everywhere", type: "checkbox" });
  private readonly progress = el("span", { role: "status" });
  private readonly shows = el("div", { class: "shows", role: "group", "aria-label": "Which samples" });
  private readonly status = el("p", { class: "heard", role: "status" });
  private readonly list = el("div");
  private readonly sample = el("div", { id: "x-sample" });

  constructor(
    private readonly data: Data,
    private readonly root: HTMLElement,
  ) {
    const first = data.run.variants.findIndex((_, at) => at !== data.dense);
    this.state = { tasks: "all", variant: Math.max(0, first), show: "all", open: null };
    this.fill();
    root.replaceChildren(this.controls(), this.shows, this.status, this.list, this.sample);
    window.addEventListener("hashchange", () => this.follow(true));
    this.follow(location.hash.startsWith("#x/"));
  }

  private fill(): void {
    const { tasks, variants } = this.data.run;
    const capabilities = [...new Set(tasks.map((task) => task.capability))];
    this.tasks.append(el("option", { value: "all" }, "all tasks"));
    for (const capability of capabilities) {
      const own = tasks.flatMap((task, at) => (task.capability === capability ? [{ task, at }] : []));
      const name = capability.replace("_", " ");
      const group = el("optgroup", { label: name }, el("option", { value: capability }, `${name}, all`));
      group.append(...own.map(({ task, at }) => el("option", { value: `t${at}` }, line(task.name, 60))));
      this.tasks.append(group);
    }
    this.variant.append(...variants.map((name, at) => el("option", { value: String(at) }, line(name, 60))));
  }

  private controls(): Node {
    const field = (label: string, input: HTMLElement) => el("label", {}, el("span", {}, label), input);
    const begin = (event: Event) => {
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
        this.progress,
      ),
    );
  }

  private go(change: Partial<State>): void {
    location.hash = address({ ...this.state, open: null, ...change });
  }

  /** Shows what the address says. */
  private follow(move: boolean): void {
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

  private pair(variant: number): number[] {
    return [...new Set([this.data.dense, variant])];
  }

  private async update(same: boolean, move: boolean, open: boolean): Promise<void> {
    const turn = ++this.turn;
    this.tasks.value = this.state.tasks;
    this.variant.value = String(this.state.variant);
    try {
      if (!same) {
        const read = await sheets(this.data, tasksOf(this.data, this.state.tasks), this.state.variant);
        if (turn !== this.turn) return;
        this.sheets = read;
        this.page = 0;
      }
      this.draw(!same && open);
      if (move && !open) this.root.scrollIntoView();
      await this.show(turn, move);
    } catch (problem) {
      if (turn === this.turn) this.complain(problem);
    }
  }

  /** Draws the list anew. */
  private draw(seek: boolean): void {
    const begun = performance.now();
    const { show, open } = this.state;
    const [rows, counts] = chosen(this.sheets, show, this.words, this.search);
    this.rows = rows;
    if (seek) this.page = pageOf(rows, open);
    const links = SHOWS.map((one) =>
      el(
        "a",
        { href: address({ ...this.state, show: one, open: null }), "aria-current": one === show ? "true" : undefined },
        `${one} `,
        el("b", {}, count(counts[one])),
      ),
    );
    this.shows.replaceChildren(...links);
    const turn = (page: number) => {
      this.page = page;
      this.draw(false);
    };
    this.list.replaceChildren(
      table(this.data, this.sheets, rows, this.page, this.state, this.search),
      pager(rows.length, this.page, turn),
    );
    this.status.textContent = `${count(rows.length)} of ${count(counts.all)} samples`;
    this.root.dataset["drawn"] = (performance.now() - begun).toFixed(1);
  }

  /** Shows the open sample, or none. */
  private async show(turn: number, move: boolean): Promise<void> {
    const { open } = this.state;
    if (!open) {
      this.sample.replaceChildren();
      return;
    }
    const choose = (variants: number[]) => {
      this.beside = variants;
      void this.update(true, false, true);
    };
    const made = await panel(this.data, open, this.beside, choose);
    if (turn !== this.turn) return;
    this.sample.replaceChildren(this.neighbors(open), made);
    if (move) {
      this.sample.scrollIntoView();
      this.sample.querySelector<HTMLElement>("#sample-title")?.focus({ preventScroll: true });
    }
  }

  /** Links to the samples before and after in the list. */
  private neighbors(open: Place): Node {
    const at = this.rows.findIndex((row) => row.task === open.task && row.item === open.item);
    const link = (place: Place | undefined, text: string) =>
      place && at >= 0 ? el("a", { href: address({ ...this.state, open: place }) }, text) : null;
    return el(
      "nav",
      { class: "neighbors", "aria-label": "Samples of the list" },
      link(this.rows[at - 1], "‹ sample before"),
      link(this.rows[at + 1], "sample after ›"),
      el("a", { href: address({ ...this.state, open: null }) }, "close"),
    );
  }

  private narrow(): void {
    this.words = this.filter.value;
    this.page = 0;
    this.draw(false);
  }

  /** Looks for a text in all messages of the chosen tasks. */
  private async look(): Promise<void> {
    this.search?.stop();
    const query = this.query.value.toLowerCase();
    if (query === "") return this.forget();
    const search = new Search(this.data, query);
    this.search = search;
    const variants = this.everywhere.checked ? this.data.run.variants.map((_, at) => at) : this.pair(this.state.variant);
    const tell = ({ done, files, hits, ended }: Progress) => {
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

  private forget(): void {
    this.search?.stop();
    this.search = null;
    this.query.value = "";
    this.progress.textContent = "";
    this.page = 0;
    this.draw(false);
  }

  private complain(problem: unknown): void {
    const text = problem instanceof Error ? problem.message : String(problem);
    this.list.replaceChildren(el("p", { class: "notes", role: "alert" }, text));
  }
}

async function main(): Promise<void> {
  const root = document.getElementById("explorer");
  const stamp = root?.dataset["stamp"];
  if (!root || stamp === undefined) return;
  const chunks = new Chunks(stamp);
  root.replaceChildren(el("p", { class: "soft", role: "status" }, "Reading …"));
  try {
    new Explorer(new Data(chunks, await chunks.load<Run>("run")), root);
  } catch (problem) {
    const text = problem instanceof Error ? problem.message : String(problem);
    root.replaceChildren(el("p", { class: "notes", role: "alert" }, text));
  }
}

void main();
