// What is looked at, as the address of the page has it: `#x/TASKS/vVARIANT/SHOW`, and `/tTASK.sSAMPLE` of an open one.

export const SHOWS = ["all", "worse", "better", "same", "failed"] as const;
export type Show = (typeof SHOWS)[number];

export interface Place {
  task: number;
  item: number;
}
export interface State {
  /** `all`, a capability, or `t3`. */
  tasks: string;
  variant: number;
  show: Show;
  open: Place | null;
}

export function read(hash: string): State | null {
  const found = /^#x\/(\w+)\/v(\d+)\/(\w+)(?:\/t(\d+)\.s(\d+))?$/.exec(hash);
  if (!found) return null;
  const show = SHOWS.find((one) => one === found[3]);
  if (!show) return null;
  const open = found[4] === undefined ? null : { task: Number(found[4]), item: Number(found[5]) };
  return { tasks: found[1] as string, variant: Number(found[2]), show, open };
}

export function address(state: State): string {
  const open = state.open ? `/t${state.open.task}.s${state.open.item}` : "";
  return `#x/${state.tasks}/v${state.variant}/${state.show}${open}`;
}
