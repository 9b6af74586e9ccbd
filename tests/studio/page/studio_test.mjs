// The studio in headless Chromium, from a chosen file to the downloaded model.
//
//   node tests/studio/page/studio_test.mjs PROGRAM EXAMPLES MODULES [FILTER]
//
// EXAMPLES: the folder of that name of the sources. MODULES and Chromium: see support/page.mjs. PICTURES=FOLDER writes the
// pictures of docs/studio.md, with the model of the folder PICTURE_MODEL.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {join, resolve} from "node:path";
import {browser, folder as examples, openPage, run, start as startProgram, stopPrograms, temporary, violations} from "../../support/page.mjs";

const tickets = join(resolve(examples), "support_tickets"), model = join(resolve(examples), "models/small-bert");
const ATTACK = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>\u202etxet`;

const start = (projects = join(temporary, "projects"), port = 0) => startProgram(["studio", "--projects", projects, "--port", String(port), "--no-browser"]);
async function open(link, options = {}) {
  const page = await openPage(link, new URL(link).origin + "/", process.env.PICTURE_MODEL ? 300000 : 30000, options);
  await page.waitForSelector("h1");
  return page;
}
// No violation, no sideways scrolling, in both schemes and on a small screen.
async function good(page, name) {
  for (const [width, colorScheme] of [[1280, "light"], [320, "dark"]]) {
    await page.setViewportSize({width, height: 900});
    await page.emulateMedia({colorScheme});
    assert.deepEqual(await violations(page), [], `${name}, ${width} px, ${colorScheme}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than ${width} px`);
  }
  await page.setViewportSize({width: 1280, height: 900});
  await page.emulateMedia({colorScheme: "light"});
}
async function picture(page, name, schemes = ["light"]) {
  if (!process.env.PICTURES) return;
  await page.setViewportSize({width: 1100, height: 760});
  for (const colorScheme of schemes) {
    await page.emulateMedia({colorScheme});
    await page.screenshot({path: join(process.env.PICTURES, colorScheme === "light" ? `${name}.png` : `${name}_dark.png`)});
  }
  await page.emulateMedia({colorScheme: "light"});
  await page.setViewportSize({width: 1280, height: 900});
}
const press = (page, text) => page.click(`button:text-is("${text}"):visible`);
const heading = (page, text) => page.waitForSelector(`h1:has-text("${text}")`);
async function create(page, name) {
  await page.fill("input[type=text]", name);
  await press(page, "Begin");
  await heading(page, "What should the model learn from?");
}
const part = (file, rows) => readFileSync(file, "utf8").split("\n").slice(0, rows + 1).join("\n") + "\n";
async function choose(page, ...files) {
  await page.setInputFiles("#file", files.map(file => typeof file === "string" ? file : {name: file.name, mimeType: "text/csv", buffer: Buffer.from(file.content)}));
}
async function plan(page, epochs) {
  await press(page, "Check the data");
  await heading(page, "Yes:");
  await press(page, "Make a plan");
  await page.check(`input[type=radio][id="model-${model}"]`);
  await page.fill("label:text-is('Epochs: how often it reads all rows') + input", String(epochs));
  await page.keyboard.press("Tab");
}
// A project of some tickets, with its plan.
async function planned(page, name, rows, epochs, testRows = 60) {
  await create(page, name);
  const files = testRows ? [["train.csv", rows], ["test.csv", testRows]] : [["train.csv", rows]];
  await choose(page, ...files.map(([file, count]) => ({name: file, content: part(join(tickets, file), count)})));
  await page.waitForSelector("text=The first rows");
  await plan(page, epochs);
}

const checks = {};

checks["from a file to the downloaded model"] = async () => {
  const {link} = await start(), page = await open(link);
  await good(page, "home");
  await create(page, "Support tickets");
  await good(page, "data, empty");
  await choose(page, join(tickets, "train.csv"), join(tickets, "test.csv"));
  await page.waitForSelector("h1 >> text=train.csv");
  await page.waitForSelector("td:has-text('The order page shows my parcel is waiting')").catch(() => {});
  await page.waitForSelector("text=The first rows");
  assert.equal(await page.inputValue("select[aria-label='Use of test.csv']"), "test");
  await good(page, "data");
  await picture(page, "studio_data");
  await press(page, "Check the data");
  await heading(page, "Yes: 1,200 rows");
  await good(page, "check");
  await press(page, "Make a plan");
  await page.waitForSelector("text=It will take about");
  await good(page, "plan");
  await picture(page, "studio_plan");
  if (process.env.PICTURE_MODEL) {
    await page.fill("label:text-is('Another model') + input", process.env.PICTURE_MODEL);
    await page.keyboard.press("Tab");
    await page.click("summary:text-is('More settings')");
    await page.fill("label:text-is('Learning rate') + input", "2e-4");
    await page.fill("label:text-is('Epochs: how often it reads all rows') + input", "4");
    await page.keyboard.press("Tab");
    await page.waitForSelector("text=/It will take about/");
  }
  await press(page, "Start");
  await heading(page, "Learning");
  await page.waitForSelector("text=Best so far");
  await good(page, "training");
  await picture(page, "studio_training");
  await heading(page, "Done.");
  await good(page, "trained");
  await press(page, "See the result");
  await heading(page, "of 200 unseen rows");
  await good(page, "result");
  await picture(page, "studio", ["light", "dark"]);
  const [report] = await Promise.all([page.context().waitForEvent("page"), page.click("text=Open the full report")]);
  await report.waitForSelector("h1");
  await report.close();
  await press(page, "Use the model");
  await page.fill("label:text-is('Try a text') + textarea", "I was charged twice, refund me");
  await press(page, "Answer");
  await page.waitForSelector(".bars");
  await good(page, "use");
  await picture(page, "studio_use", ["light", "dark"]);
  await choose(page, {name: "new.csv", content: "text\nwhere is my parcel?\nthe app crashes\n"});
  const [csv] = await Promise.all([page.waitForEvent("download"), page.click("text=Download labelled.csv")]);
  assert.equal(readFileSync(await csv.path(), "utf8").trim().split("\n").length, 3);
  await page.fill("#port", "0");
  await press(page, "Start the service");
  const command = await page.waitForSelector("pre:has-text('curl')");
  const served = /curl (\S+)/.exec(await command.innerText())[1];
  const answered = await (await fetch(served, {method: "POST", body: '{"inputs": "where is my parcel?"}'})).json();
  assert.ok(answered.results[0].label);
  await good(page, "use, serving");
  await press(page, "Stop the service");
  const [tar] = await Promise.all([page.waitForEvent("download"), page.click("text=Download the model")]);
  const listed = execFileSync("tar", ["-tf", await tar.path()], {encoding: "utf8"});
  assert.match(listed, /support-tickets-run-1\/model\.safetensors/);
  assert.match(listed, /support-tickets-run-1\/tokenizer\.json/);
};

checks["suspicious labels are corrected, and two trainings compared"] = async () => {
  const {link} = await start(join(temporary, "labels")), page = await open(link);
  await planned(page, "Labels", 300, 1);
  await page.waitForSelector("text=It will take about");
  await press(page, "Start");
  await heading(page, "Done.");
  await page.click("#step-labels");
  await press(page, "Look for suspicious labels");
  await heading(page, "are suspicious");
  await good(page, "labels");
  await picture(page, "studio_labels");
  const row = page.locator("li:has(.quote) select").first();
  await row.selectOption("drop");
  await press(page, "Train again with 1 correction");
  await page.waitForSelector("text=It will take about");
  await press(page, "Start, with the corrected labels");
  await page.waitForFunction(() => document.querySelector("#step-train small").textContent === "runs");
  await heading(page, "Done.");
  await press(page, "See the result");
  await heading(page, "unseen rows");
  await page.selectOption("section:has-text('Compare with another training') select", "run-1");
  await page.waitForSelector("text=95 % interval");
  await good(page, "comparison");
};

checks["a training survives a closed page and a killed studio, is stopped and goes on"] = async () => {
  const projects = join(temporary, "kill"), first = await start(projects), page = await open(first.link);
  await planned(page, "Long", 300, 200, 0);
  await page.waitForSelector("text=It will take about");
  await press(page, "Start");
  await page.waitForSelector("text=Best so far");
  const other = await open(first.link + "#/long/train");  // a second browser
  await heading(other, "Learning");
  first.child.removeAllListeners("exit");
  first.child.kill("SIGKILL");
  await page.bringToFront();
  await page.waitForSelector("#lost:visible");
  await good(page, "out of touch");
  const step = async () => Number((await page.innerText(".between span")).replaceAll(",", "").match(/\d+/)[0]);
  const before = await step();
  await start(projects, new URL(first.link).port);
  await page.waitForFunction(() => document.querySelector("#lost").hidden);
  await page.waitForFunction(last => Number(document.querySelector(".between span").textContent.replaceAll(",", "").match(/\d+/)[0]) > last, before);
  await press(page, "Stop for now");
  await heading(page, "Stopped.");
  await good(page, "stopped");
  await other.bringToFront();
  await heading(other, "Stopped.");
  await press(other, "Go on");
  await heading(other, "Learning");
  await page.bringToFront();
  await heading(page, "Learning");
  await press(page, "Stop for now");
  await heading(page, "Stopped.");
  await press(page, "Throw this training away");
  await heading(page, "No training yet");
};

checks["a training that is good enough is ended, and its best model is there"] = async () => {
  const {link} = await start(join(temporary, "enough")), page = await open(link);
  await planned(page, "Enough", 300, 200);
  await page.waitForSelector("text=It will take about");
  await press(page, "Start");
  await page.waitForSelector("text=Best so far");
  await press(page, "End here, and keep the best");
  await page.waitForSelector("text=It learns no more.");
  await good(page, "ending");
  await heading(page, "Done.");
  await page.waitForSelector("text=/Step [\\d,]+ of [\\d,]+/");
  await press(page, "See the result");
  await heading(page, "of 60 unseen rows");
};

checks["few rows: the ways to learn are compared, the curve is measured, and the next texts are chosen"] = async () => {
  const {link} = await start(join(temporary, "few")), page = await open(link);
  await planned(page, "Few", 120, 3);
  await page.waitForSelector("text=There are few rows for each label.");
  await good(page, "few rows");
  await press(page, "Compare them, and take the best");
  await page.waitForSelector("text=There are few rows for each label.", {state: "detached"});
  await page.click("summary:text-is('More settings')");
  assert.equal(await page.inputValue("label:text-is('How it learns') + select"), "auto");
  await page.waitForSelector("dd:text-is('40')");
  await good(page, "plan of a comparison");
  await press(page, "Start");
  await heading(page, "Done.");
  await page.click("summary:text-is('Notes')");
  await page.waitForSelector("text=/takes (contrastive|frozen): with about/");
  await press(page, "See the result");
  await heading(page, "of 60 unseen rows");
  await press(page, "Measure it");
  await page.waitForSelector("text=/Twice the rows would bring|do not tell whether/");
  await page.waitForSelector("text=120 rows");
  await good(page, "curve");
  await press(page, "Use the model");
  await page.fill("label:text-is('Texts to choose') + input", "5");
  const texts = readFileSync(join(tickets, "validation.csv"), "utf8").split("\n").slice(0, 101).join("\n");
  await page.setInputFiles("#new-texts", {name: "new.csv", mimeType: "text/csv", buffer: Buffer.from(texts)});
  const [csv] = await Promise.all([page.waitForEvent("download"), page.click("text=Download suggested.csv")]);
  const lines = readFileSync(await csv.path(), "utf8").trim().split("\n");
  assert.equal(lines.length, 6);
  assert.match(lines[0], /^text,predicted,score,margin,where/);
  await good(page, "suggestions");
};

checks["a search tries settings until its time is over, is stopped and goes on"] = async () => {
  const {link} = await start(join(temporary, "search")), page = await open(link);
  await planned(page, "Search", 600, 1);
  await page.click("summary:text-is('More settings')");
  await page.selectOption("label:text-is('How it learns') + select", "frozen");
  await page.waitForSelector("dt:text-is('Steps') + dd:text-is('0')");
  await page.fill("label:text-is('Minutes to search for better settings') + input", "0.4");
  await page.keyboard.press("Tab");
  await page.waitForSelector("text=The search takes");
  assert.equal(await page.inputValue("label:text-is('How it learns') + select"), "");
  await press(page, "Start");
  await heading(page, "Searching. Best so far:");
  await page.waitForSelector("td:has-text('the settings of the plan')");
  await good(page, "search");
  await press(page, "Stop for now");
  await heading(page, "Stopped.");
  await good(page, "search, stopped");
  await press(page, "Go on");
  await heading(page, "Searching.");
  await heading(page, "Done.");
  await press(page, "See the result");
  await heading(page, "of 60 unseen rows");
};

checks["files that cannot be used say why, and what to do"] = async () => {
  const {link} = await start(join(temporary, "bad")), page = await open(link);
  await create(page, "Bad files");
  await choose(page, {name: "table.xlsx", content: "PK\u0003\u0004 this is a spreadsheet of some program"});
  await page.waitForSelector(".note >> text=This file cannot be used as it is.");
  await good(page, "a spreadsheet");
  await page.click("[aria-label='Remove table.xlsx']");
  await heading(page, "What should the model learn from?");
  await choose(page, {name: "empty.csv", content: ""});
  await page.waitForSelector(".note >> text=the file is empty");
  await choose(page, {name: "broken.csv", content: `text,label\n${"a b c,x\nd e f,y\n".repeat(20)}only one field\n`});
  await page.waitForSelector("text=The first rows");
  await press(page, "Check the data");
  await heading(page, "Not yet:");
  await page.waitForSelector("text=broken.csv:42");
  await good(page, "a broken row");
  await press(page, "Leave out rows that cannot be read");
  await heading(page, "Yes: 40 rows");
};

checks["texts, labels and names that mean harm are text"] = async () => {
  const {link} = await start(join(temporary, "hostile")), page = await open(link);
  await create(page, ATTACK.replace("\u202e", ""));
  const quoted = text => `"${text.replaceAll('"', '""')}"`;
  const rows = Array.from({length: 60}, (_, i) => `${quoted(`${ATTACK} number ${i} ${"good bad fine poor".split(" ")[i % 4]}`)},${quoted(i % 2 ? ATTACK : "__proto__")}`);
  await choose(page, {name: "<img src=x onerror=window.hit=1>.csv", content: `text,label\n${rows.join("\n")}\n`});
  await page.waitForSelector("text=The first rows");
  assert.ok((await page.innerText("main")).includes("⟨RLO⟩txet"));
  await good(page, "hostile data");
  await plan(page, 2);
  await page.waitForSelector("text=It will take about");
  await press(page, "Start");
  await heading(page, "Done.");
  await press(page, "See the result");
  await page.waitForSelector("text=Open the full report");
  await page.click("#step-use");
  await page.fill("label:text-is('Try a text') + textarea", `${ATTACK} good`);
  await press(page, "Answer");
  await page.waitForSelector(".bars");
  await page.click("#step-labels");
  await press(page, "Look for suspicious labels");
  await page.waitForSelector("h1:has-text('suspicious')");
  await page.click("#home");
  await page.waitForSelector("li a");
  assert.equal(await page.evaluate(() => window.hit), undefined);
};

checks["a large file does not weigh on the page"] = async () => {
  const {link, child} = await start(join(temporary, "large")), page = await open(link);
  const file = join(temporary, "large.csv"), line = `"${"word and word ".repeat(70)}",label\n`;
  writeFileSync(file, "text,label\n" + line.repeat(60000));
  await create(page, "Large");
  const memory = () => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]);
  const before = memory();
  await choose(page, file);
  await page.waitForSelector("h1 >> text=large.csv");
  await page.waitForSelector("text=The first rows");
  assert.ok(memory() - before < 20000, `${memory() - before} kB more for 60 MB`);
  assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 500);
};

const failed = await run(checks, stopPrograms);
await browser.close();
// Trainings outlive the studio: those of checks that failed end here.
for (const file of readdirSync(temporary, {recursive: true})) if (file.endsWith("/.lock")) {
  try { process.kill(Number(readFileSync(join(temporary, file), "utf8")), "SIGKILL"); } catch {}
}
rmSync(temporary, {recursive: true, force: true, maxRetries: 5});
process.exit(failed ? 1 : 0);
