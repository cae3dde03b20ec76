// The page in a real browser: `node browser.mjs SMALL LARGE`, the folders of two reports that the example `large_report`
// writes (4 variants of 60 samples, 20 of 10,000). Prints what was measured; the first thing that is wrong ends it.
// CHROMIUM names the browser, PICTURES a folder for pictures to look at.

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [small, large] = process.argv.slice(2).map((folder) => pathToFileURL(join(folder, "index.html")).href);
const smallFolder = process.argv[2];
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [...flags, "--disable-component-update", "--disable-sync"],
});

/** A page that notes what must not happen. */
async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(60_000 * Number(process.env.SLOW ?? 1));
  const page = await context.newPage();
  page.wrong = [];
  page.on("dialog", (dialog) => (page.wrong.push(`dialog ${dialog.message()}`), void dialog.dismiss()));
  page.on("pageerror", (error) => page.wrong.push(`error ${error.message}`));
  page.on("request", (request) => {
    const asked = request.url();
    if (!asked.startsWith("file:") || !/(index\.html(#.*)?|explore\/.*\.js)$/.test(asked)) page.wrong.push(`request ${asked}`);
  });
  await page.goto(url);
  return page;
}
const drawn = (page) => page.waitForSelector("#explorer .list tbody");
const number = (text) => Number(text.replace(/[^0-9]/g, ""));
const close = async (page) => {
  assert.deepEqual(page.wrong, []);
  await page.context().close();
};
async function check(name, act) {
  const begun = performance.now();
  await act();
  console.log(`ok: ${name} (${Math.round(performance.now() - begun)} ms)`);
}

await check("from the map to a task, to samples, to what was said", async () => {
  const page = await open(small);
  await drawn(page);
  for (const show of ["worse", "better"]) {
    const link = page.locator(`td.cell a[href$="/v1/${show}"]`).first();
    const promised = number(await link.innerText());
    await link.click();
    await page.waitForSelector(`.shows a[aria-current][href*="/${show}"]`);
    assert.equal(number(await page.locator(".shows a[aria-current]").innerText()), promised, `${show} as the map says`);
  }
  await page.locator(`td.cell a[href="#x/t1/v1/worse"]`).click();
  await page.waitForSelector('.shows a[aria-current][href*="/worse"]');
  assert.equal(await page.locator("#x-tasks").inputValue(), "t1");
  await page.locator(".list tbody a").nth(1).click();
  await page.waitForSelector("#x-sample .turn");
  assert.equal(await page.locator(".turn").count(), 3);
  assert.deepEqual(await page.locator(".parts").allInnerTexts(), ["here they part: the first different reply"]);
  assert.match(await page.locator(".sample .side").first().innerText(), /scored 100\.0[^]*1 of 1 right/);
  assert.deepEqual(await page.locator(".turn").first().locator("mark.own").allInnerTexts(), ["opens", "wait for the answer", "paints", "go"]);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "sample-title");
  await page.locator('.picker input[data-variant="3"]').check();
  await page.waitForSelector('.sides[data-sides="3"]');
  const before = await page.locator("#sample-title").innerText();
  await page.getByRole("link", { name: "sample after" }).click();
  await page.waitForFunction((old) => document.querySelector("#sample-title")?.textContent !== old, before);
  await page.goBack();
  await page.waitForFunction((old) => document.querySelector("#sample-title")?.textContent === old, before);
  await close(page);
});

await check("hostile text is text", async () => {
  const page = await open(`${small}#x/all/v2/all/t0.s0`);
  await page.waitForSelector("#x-sample .turn");
  // The reply as the variant reads it, unfolded: a token may be hostile too.
  await page.locator("details.inside summary").click();
  assert.deepEqual(await page.locator(".reading .decides").evaluateAll((all) => all.map((one) => one.className)), ["kl1 decides", "kl4 decides", "kl0 decides"]);
  assert.match(await page.locator("details.inside p").innerText(), /^4 tokens\. Most at: “box” 1\.50 \(argument\)/);
  const text = await page.locator("#x-sample").innerText();
  for (const shown of ["<script>window.harmed=1</script>", "⟨ESC⟩[31mred", "⟨U+202E⟩desrever", "⟨U+2028⟩", "⟨U+200B⟩"]) {
    assert.ok(text.includes(shown), shown);
  }
  const seen = await page.evaluate(() => ({
    harmed: "harmed" in window,
    made: document.querySelectorAll("#explorer script, #explorer img, main img, main script, iframe").length,
    hidden: /[\u001b\u202e\u2028]/.test(document.body.innerText + document.title),
  }));
  assert.deepEqual(seen, { harmed: false, made: 0, hidden: false });
  await page.locator("#x-query").fill("<SCRIPT>window");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForSelector('[data-ended="true"]');
  assert.match(await page.locator(".snippet mark").first().innerText(), /<script>window/);
  await close(page);
});

await check("the policy keeps out what text would need to do harm", async () => {
  const page = await open(small);
  await drawn(page);
  const tried = await page.evaluate(async () => {
    const tries = {};
    try {
      document.body.innerHTML += "<b>x</b>";
      tries.markup = "allowed";
    } catch {
      tries.markup = "refused";
    }
    const script = document.createElement("script");
    try {
      script.textContent = "window.harmed = 1";
      document.body.append(script);
    } catch {
      // Trusted types refuse it, or the policy does when it is to run.
    }
    tries.script = "harmed" in window ? "ran" : "refused";
    tries.network = await fetch("https://example.org/").then(() => "allowed", () => "refused");
    const image = new Image();
    tries.image = await new Promise((resolve) => {
      image.onload = () => resolve("allowed");
      image.onerror = () => resolve("refused");
      image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
    });
    return tries;
  });
  assert.deepEqual(tried, { markup: "refused", script: "refused", network: "refused", image: "refused" });
  page.wrong = [];
  await close(page);
});

await check("a megabyte in one cell", async () => {
  const page = await open(`${small}#x/t0/v1/all/t0.s1`);
  await page.waitForSelector("#x-sample .turn");
  const more = page.getByRole("button", { name: /show [0-9,]+ characters/ });
  assert.ok((await page.locator("#x-sample").innerText()).includes("THE END"));
  await more.first().click();
  assert.ok((await page.locator(".turn .asked > .message pre").first().textContent()).length > 1_000_000);
  await close(page);
});

await check("what is no number, or failed, is said so", async () => {
  const page = await open(`${small}#x/t0/v1/all/t0.s2`);
  await page.waitForSelector("#x-sample .turn");
  assert.match(await page.locator("#x-sample").innerText(), /scored –/);
  await page.goto(`${small}#x/t0/v1/failed`);
  await page.waitForSelector('.shows a[aria-current][href*="/failed"]');
  assert.equal(await page.locator(".list tbody tr").count(), 1);
  assert.ok(!(await page.locator("body").innerText()).includes("NaN"));
  for (const odd of ["#x/t99/v1/all", "#x/t0/v99/all", "#x/t0/v1/all/t9.s999", "#x/%00", "#x/nothing/v1/all"]) {
    await page.goto(small + odd);
    await page.waitForTimeout(50);
  }
  await close(page);
});

await check("keyboard and screen reader", async () => {
  const page = await open(small);
  await drawn(page);
  await page.locator('td.cell a[href="#x/t0/v1/worse"]').focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector('.shows a[aria-current][href*="/t0/v1/worse"]');
  await page.locator(".list tbody a").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#x-sample .turn");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "sample-title");
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("input, select, button, a, [role=region], [role=group]")]
      .filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute("aria-label")))
      .map((one) => one.outerHTML.slice(0, 80)),
  );
  assert.deepEqual(nameless, []);
  const levels = await page.evaluate(() => [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((h) => Number(h.tagName[1])));
  levels.forEach((level, at) => assert.ok(at === 0 || level <= levels[at - 1] + 1, `heading ${at}: ${level}`));
  await close(page);
});

await check("search in all messages", async () => {
  const page = await open(`${small}#x/t0/v1/all`);
  await drawn(page);
  await page.locator("#x-query").fill("PAINTS BOX 49 ");
  await page.keyboard.press("Enter");
  await page.waitForSelector('[data-ended="true"]');
  assert.ok((await page.locator(".list tbody tr").count()) <= 1);
  await page.locator("#x-query").fill("number 70?");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("[data-ended=true]")?.textContent === "1 samples");
  assert.match(await page.locator(".snippet").innerText(), /asked: ….*number 70\?/);
  await page.getByRole("button", { name: "Clear" }).click();
  assert.equal(await page.locator(".snippet").count(), 0);
  await close(page);
});

await check("without scripts", async () => {
  const page = await open(small, { javaScriptEnabled: false });
  const text = await page.locator("body").innerText();
  assert.ok(text.includes("needs scripts") && text.includes("transcripts/TASK.jsonl"));
  assert.ok((await page.locator("td.cell").count()) > 0 && (await page.locator("p.lead").innerText()).length > 20);
  await close(page);
});

await check("a page without its folder, beside another report's, without some scores", async () => {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  await cp(join(smallFolder, "index.html"), join(folder, "index.html"));
  const url = pathToFileURL(join(folder, "index.html")).href;
  const alone = await open(url);
  await alone.waitForSelector("[role=alert]");
  assert.match(await alone.locator("[role=alert]").innerText(), /keep the folder/);
  await close(alone);
  await cp(join(smallFolder, "explore"), join(folder, "explore"), { recursive: true });
  const run = join(folder, "explore", "run.js");
  await writeFile(run, (await readFile(run, "utf8")).replace(/"[0-9a-f]{12}"/, '"ffffffffffff"'));
  const other = await open(url);
  await other.waitForSelector("[role=alert]");
  assert.match(await other.locator("[role=alert]").innerText(), /written anew/);
  await close(other);
  const data = await readFile(join(smallFolder, "explore", "run.js"), "utf8");
  await writeFile(run, data.replace(/("name":"pddl"[^\]]*"measured":\[0,)1,/, "$1"));
  const missing = await open(`${url}#x/t1/v1/all`);
  await drawn(missing);
  assert.match(await missing.locator(".shows").innerText(), /all 60\s+worse 0/);
  await missing.locator(".list tbody a").nth(5).click();
  await missing.waitForSelector("#x-sample .turn");
  assert.match(await missing.locator("#x-sample").innerText(), /no score[^]*nothing was said/);
  await close(missing);
  await writeFile(run, "acb.chunk(");
  const damaged = await open(url);
  await damaged.waitForSelector("[role=alert]");
  assert.match(await damaged.locator("[role=alert]").innerText(), /damaged/);
  await damaged.context().close();
  await rm(folder, { recursive: true });
});

await check("a phone's width, and paper", async () => {
  for (const url of [`${small}#x/all/v1/worse`, `${small}#x/t0/v2/all/t0.s0`]) {
    const page = await open(url, { viewport: { width: 360, height: 780 } });
    await drawn(page);
    await page.waitForTimeout(200);
    assert.ok((await page.evaluate(() => document.scrollingElement.scrollWidth)) <= 360, "nothing sticks out");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".controls").isVisible(), false);
    await close(page);
  }
});

await check("20 variants of 10,000 samples", async () => {
  const begun = performance.now();
  const page = await open(large);
  await drawn(page);
  const opened = performance.now() - begun;
  // Reading two columns of another variant, choosing among all samples, and drawing.
  const times = {};
  const hashes = ["#x/all/v19/worse", "#x/all/v19/better", "#x/all/v19/all", "#x/all/v19/same", "#x/all/v19/failed"];
  // The best of three, but for the first, which reads.
  for (const hash of [...hashes, ...hashes.slice(1), ...hashes.slice(1)]) {
    const time = await page.evaluate(async (hash) => {
      const begun = performance.now();
      const root = document.getElementById("explorer");
      delete root.dataset.drawn;
      location.hash = hash;
      while (root.dataset.drawn === undefined) await new Promise((next) => setTimeout(next, 1));
      return performance.now() - begun;
    }, hash);
    times[hash] = Math.min(time, times[hash] ?? Infinity);
  }
  await page.goto(`${large}#x/t0/v19/worse`);
  await page.waitForSelector('.shows a[aria-current][href*="/t0/v19/worse"]');
  const typed = await page.evaluate(async () => {
    const input = document.getElementById("x-filter");
    const begun = performance.now();
    input.value = "level 3";
    input.dispatchEvent(new Event("input"));
    return performance.now() - begun;
  });
  const first = performance.now();
  await page.locator(".list tbody a").first().click();
  await page.waitForSelector("#x-sample .turn");
  const shown = performance.now() - first;
  await page.locator("#x-filter").fill("");
  await page.locator("#x-query").fill("no such text");
  const looked = performance.now();
  await page.keyboard.press("Enter");
  await page.waitForSelector('[data-ended="true"]', { timeout: 60_000 });
  const searched = performance.now() - looked;
  const ms = (time) => `${Math.round(time)} ms`;
  console.log(`  opened ${ms(opened)}; filters ${Object.values(times).map(ms).join(", ")}; id or tag ${ms(typed)}`);
  console.log(`  sample shown ${ms(shown)}; one task of two variants searched ${ms(searched)}`);
  const slow = Number(process.env.SLOW ?? 1);
  assert.ok(opened < 3000 * slow, `opened in ${opened}`);
  for (const [hash, time] of Object.entries(times)) {
    const bound = hash === hashes[0] ? 1000 : 200;
    assert.ok(time < bound * slow, `${hash} in ${time}`);
  }
  assert.ok(typed < 200 * slow, `typed in ${typed}`);
  await close(page);
});

if (process.env.PICTURES) {
  const views = { light: {}, dark: { colorScheme: "dark" }, phone: { viewport: { width: 390, height: 844 } } };
  for (const [name, options] of Object.entries(views)) {
    for (const [what, hash] of Object.entries({ map: "", sample: "#x/t1/v1/worse/t1.s5" })) {
      const page = await open(small + hash, options);
      await drawn(page);
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(process.env.PICTURES, `${name}-${what}.png`), fullPage: what === "map" });
      await page.context().close();
    }
  }
  const page = await open(small);
  await drawn(page);
  await page.pdf({ path: join(process.env.PICTURES, "print.pdf") });
  await page.context().close();
}
await browser.close();
