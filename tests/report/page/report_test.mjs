// The page of a report in headless Chromium, for every kind of result.
//
//   node tests/report/page/report_test.mjs PROGRAM MODELS MODULES
//
// MODELS: what write_models wrote. MODULES and Chromium: see support/page.mjs.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {browser, folder as models, openPage, program, run, temporary as work, violations} from "../../support/page.mjs";

const ATTACK = `</pre><script>window.hit=1</script><img src=x onerror="window.hit=1">\u202etxet {{title}}`;
const words = ["good", "bad", "fine", "poor"];
const text = i => `the film was ${words[i % 4]} ${"very ".repeat(i % 9)}${i}`;
const csv = rows => rows.map(row => row.map(cell => `"${String(cell).replaceAll('"', '""')}"`).join(",")).join("\n") + "\n";
const table = (header, rows) => csv([header, ...rows]);
const many = make => Array.from({length: 60}, (_, i) => make(i));
const labels = name => Object.values(JSON.parse(readFileSync(join(models, name, "config.json"), "utf8")).id2label);
const pick = (name, i) => labels(name)[i % labels(name).length];
const FILES = {
  classes: ["rows.csv", table(["text", "label"], many(i => [i === 3 ? ATTACK : text(i), pick("classes", i)]))],
  several_labels: ["rows.jsonl", many(i => JSON.stringify({text: text(i), label: labels("several_labels").filter((_, k) => (i >> k) % 2)})).join("\n") + "\n"],
  number: ["rows.csv", table(["text", "label"], many(i => [text(i), (i % 7) / 3]))],
  entities: ["rows.conll", many(i => `the O\nfilm ${pick("entities", i).replace(/^[BI]-/, "B-")}\nwas O\n`).join("\n") + "\n"],
  answers: ["rows.jsonl", many(i => JSON.stringify({question: "what was good", context: `the film was ${words[i % 4]}`, answer: i % 2 ? "film" : words[i % 4]})).join("\n") + "\n"],
  choices: ["rows.jsonl", many(i => JSON.stringify({question: "was it", context: text(i), choices: ["good", "bad"], label: i % 2})).join("\n") + "\n"],
  embeddings: ["rows.csv", table(["text", "text_pair", "score"], many(i => [text(i), text(i + 1), (i % 5) / 4]))],
};

function reportOf(name) {
  const [file, content] = FILES[name], path = join(work, `${name}.${file.split(".")[1]}`), output = join(work, name);
  writeFileSync(path, content);
  execFileSync(program, ["evaluate", "--model", join(models, name), "--test", path, "--output", output, "--silent", "--threads", "1"],
    {stdio: ["ignore", "ignore", "inherit"]});
  return output;
}

// A report asks for nothing but itself.
function open(folder, options) {
  const url = pathToFileURL(join(folder, "report.html")).href;
  return openPage(url, url, 30000, options);
}

function numbersIn(json, found = new Set()) {
  if (typeof json === "number") found.add(json);
  else if (json && typeof json === "object") Object.values(json).forEach(value => numbersIn(value, found));
  return found;
}

async function check(name) {
  const folder = reportOf(name), facts = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  assert.ok(statSync(join(folder, "report.html")).size < 500000);
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [320, 1280]) {
      const page = await open(folder, {colorScheme, viewport: {width, height: 900}});
      await page.evaluate(() => document.querySelectorAll("details").forEach(one => { one.open = true; }));
      const {scrollWidth} = await page.evaluate(() => ({scrollWidth: document.documentElement.scrollWidth}));
      assert.ok(scrollWidth <= width, `${name} is ${scrollWidth} px wide on ${width}`);
      assert.deepEqual(await violations(page), [], `${name} ${colorScheme} ${width}`);
      if (process.env.PICTURES) await page.screenshot({path: join(process.env.PICTURES, `${name}_${colorScheme}_${width}.png`), fullPage: true});
      await page.context().close();
    }
  }
  const page = await open(folder, {});
  const known = numbersIn(facts);
  const shown = await page.$$eval("data", all => all.map(one => one.value));
  assert.ok(shown.length > 10);
  for (const value of shown) assert.ok(known.has(Number(value)), `${name}: ${value} is not in report.json`);
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.equal(await page.evaluate(() => document.querySelectorAll("script, img, iframe, link").length), 0);
  await page.emulateMedia({media: "print"});
  const hidden = await page.$$eval("details > :not(summary)", all => all.filter(one => one.getBoundingClientRect().height === 0).length);
  assert.equal(hidden, 0, `${name}: details are closed in print`);
  assert.ok((await page.pdf({format: "A4"})).length > 1000);
  await page.context().close();
}

async function hostile() {
  const page = await open(join(work, "classes"), {});
  const quotes = await page.$$eval("blockquote", all => all.map(one => one.textContent));
  const facts = JSON.parse(readFileSync(join(work, "classes", "report.json"), "utf8"));
  const attacked = facts.mistakes.findIndex(one => one.text.includes("window.hit"));
  if (attacked >= 0) assert.equal(quotes[attacked], ATTACK.replace("\u202e", "U+202E"));
  await page.context().close();
}

const checks = Object.fromEntries(Object.keys(FILES).map(name => [`report: ${name}`, () => check(name)]));
checks["report: hostile texts"] = hostile;
const failed = await run(checks);
await browser.close();
rmSync(work, {recursive: true});
process.exit(failed ? 1 : 0);
