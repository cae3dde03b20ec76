// What needs no browser: `node --test unit.mjs`.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const outdir = mkdtempSync(join(tmpdir(), "page-"));
await build({ entryPoints: ["diff.ts", "state.ts", "text.ts"], bundle: true, format: "esm", outdir, outExtension: { ".js": ".mjs" }, logLevel: "error" });
const load = (name) => import(pathToFileURL(join(outdir, `${name}.mjs`)).href);
const { diff } = await load("diff");
const { address, read } = await load("state");
const { line, spelled } = await load("text");

const own = (pieces) => pieces.filter((piece) => piece.own).map((piece) => piece.text);
const shared = (pieces) => pieces.filter((piece) => !piece.own).map((piece) => piece.text).join("").replace(/\s/g, "");
const whole = (pieces) => pieces.map((piece) => piece.text).join("");

test("words that the other lacks are marked", () => {
  const [a, b] = diff("pick the red ball", "pick a red ball now");
  assert.deepEqual(own(a), ["the"]);
  assert.deepEqual(own(b), ["a", " now"]);
  assert.deepEqual(own(diff("go to the red door", "go by a red door")[0]), ["to the"]);
  assert.deepEqual(diff("same", "same").map(own), [[], []]);
  assert.deepEqual(diff("", "new").map(own), [[], ["new"]]);
});

test("whatever is compared, both texts stay whole and share the same", () => {
  let seed = 1;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 500; round++) {
    const text = () => Array.from({ length: random(12) }, () => "abc "[random(4)]).join("");
    const [left, right] = [text(), text()];
    const [a, b] = diff(left, right);
    assert.equal(whole(a), left);
    assert.equal(whole(b), right);
    assert.equal(shared(a), shared(b), `${left}|${right}`);
  }
});

test("long texts are compared within bounds", () => {
  const [left, right] = ["x y ".repeat(200_000), "z w ".repeat(200_000)];
  const begun = performance.now();
  const [a, b] = diff(left, right);
  assert.ok(performance.now() - begun < 3000);
  assert.equal(whole(a), left);
  assert.equal(whole(b), right);
});

test("addresses are read as they are written, and others are not", () => {
  for (const state of [
    { tasks: "all", variant: 1, show: "worse", open: null },
    { tasks: "tool_use", variant: 12, show: "all", open: { task: 3, item: 40 } },
  ]) {
    assert.deepEqual(read(address(state)), state);
  }
  for (const odd of ["", "#x/", "#verdict", "#x/all/v1/toString", "#x/all/v-1/all", "#x/all/v1/all/t1.s"]) {
    assert.equal(read(odd), null, odd);
  }
});

test("what cannot be seen is spelled out, what scripts are written with is not", () => {
  assert.equal(line("a\u202eb\u001b[31m\u0000"), "a⟨U+202E⟩b⟨ESC⟩[31m⟨NUL⟩");
  assert.equal(line("\ud800"), "⟨U+D800⟩");
  assert.equal(spelled("\u{e0041}"), "⟨U+E0041⟩");
  for (const fine of ["क्‍ष", "👩‍🚀", "é中", "می‌خواهم"]) assert.equal(line(fine), fine);
});
