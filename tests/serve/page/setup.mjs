// A server of a tiny model of every head, and pages of it in a headless browser.
import {spawn} from "node:child_process";
import {cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {join, resolve} from "node:path";

export const [program, models, modules, filter = ""] = process.argv.slice(2);
const chromiumPath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find(path => path && existsSync(path));
if (!chromiumPath || !modules || !["playwright-core", "axe-core"].every(name => existsSync(join(modules, name)))) {
  console.log("skipped: needs Chromium, and playwright-core and axe-core from npm");
  process.exit(77);
}
const require = createRequire(join(resolve(modules), "x.js"));
const {chromium} = require("playwright-core");
const axePath = require.resolve("axe-core/axe.min.js");

export const HEADS = ["classes", "several_labels", "number", "entities", "tags", "answers", "choices", "masks", "next_sentence", "embeddings"];
export const ATTACK = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>{{1+1}}\u202etxet`;

export const temporary = mkdtempSync(join(tmpdir(), "page-"));
export const servers = [];
export async function serve(names, options = [], environment = {}) {
  const child = spawn(program, ["serve", ...names, "--port", "0", "--threads", "1", ...options], {env: {...process.env, ...environment}});
  servers.push(child);
  let said = "";
  child.stderr.on("data", data => { said += data; });
  return new Promise((done, fail) => {
    let text = "";
    child.stdout.on("data", data => {
      text += data;
      const ready = /^READY (\S+)$/m.exec(text);
      if (ready) done(ready[1]);
    });
    child.on("exit", () => fail(new Error(`the server ended: ${said}`)));
  });
}
export async function ask(url, body, headers = {}, path = "/v1/predict") {
  const reply = await fetch(url + path, {method: "POST", headers: {"Content-Type": "application/json", ...headers}, body: JSON.stringify(body)});
  return reply.json();
}
export const predicted = async (url, model, input, options = {}) => (await ask(url, {model, inputs: [input], options})).results[0];
export const percent = score => `${(100 * score).toFixed(1)}\u202f%`;

// A model whose labels are hostile.
function writeHostile() {
  const folder = join(temporary, "hostile"), config = join(folder, "config.json");
  cpSync(join(models, "classes"), folder, {recursive: true});
  const values = JSON.parse(readFileSync(config, "utf8"));
  values.id2label = {0: ATTACK, 1: "__proto__", 2: "\u202eevil\u0007"};
  values.label2id = Object.fromEntries(Object.entries(values.id2label).map(([id, label]) => [label, Number(id)]));
  writeFileSync(config, JSON.stringify(values));
  return folder;
}

export const browser = await chromium.launch({executablePath: chromiumPath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : []});
export const faults = [];
export async function open(url, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, acceptDownloads: true, ...options});
  const page = await context.newPage();
  page.on("request", request => {
    if (!request.url().startsWith(url + "/") && !/^(blob|data):/.test(request.url())) faults.push(`asked elsewhere: ${request.url()}`);
  });
  page.on("pageerror", error => faults.push(`script: ${error}`));
  page.on("console", message => { if (/Content Security|Refused/.test(message.text())) faults.push(message.text()); });
  page.setDefaultTimeout(10000);
  await page.goto(url + "/");
  return page;
}
export async function choose(page, name) {
  await page.selectOption("#picker", {label: name});
}
async function fill(page, input) {
  for (const [name, data] of Object.entries(input)) {
    if (name === "text_pair" && await page.isHidden("#field-text_pair")) await page.click("#fields summary");
    await page.fill("#field-" + name, [data].flat().join("\n"));
  }
}
export async function answerTo(page, input) {
  await fill(page, input);
  await page.evaluate(() => {
    document.querySelector("#out").replaceChildren();
    document.querySelector("#form").requestSubmit();
  });
  await page.waitForFunction(() => !document.querySelector("#out.old") && document.querySelector("#out pre, #out .note, #out .empty"));
}
export async function violations(page) {
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(readFileSync(axePath, "utf8"));
  const found = await page.evaluate(() => window.axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}));
  return found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 120)).join(" | ")}`);
}
export const outText = page => page.innerText("#out");
export async function chooseFile(page, name, content) {
  await page.setInputFiles("#file", {name, mimeType: "text/plain", buffer: Buffer.from(content)});
}
export async function saved(page, kind) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(`button:text-is('Save as ${kind}')`)]);
  return {name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8")};
}
export const doneFile = page => page.waitForSelector("button:text-is('Save as CSV')");

export const url = await serve([...HEADS.map(name => join(models, name)), writeHostile()]);

export async function close() {
  await browser.close();
  for (const server of servers) {
    server.removeAllListeners("exit");
    server.kill();
  }
  rmSync(temporary, {recursive: true});
}
