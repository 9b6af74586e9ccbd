// A server of a tiny model of every head, and pages of it in a headless browser.
import {cpSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {browser, folder as models, openPage, start, stopPrograms, temporary} from "../../support/page.mjs";

export {faults, programs, temporary, violations} from "../../support/page.mjs";
export {models};

export const HEADS = ["classes", "several_labels", "number", "entities", "tags", "answers", "choices", "masks", "next_sentence", "embeddings"];
export const ATTACK = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>{{1+1}}\u202etxet`;

export const serve = async (names, options = [], environment = {}) =>
  (await start(["serve", ...names, "--port", "0", "--threads", "1", ...options], environment)).link;
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

export const open = (url, options = {}) => openPage(url + "/", url + "/", 10000, options);
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
  stopPrograms();
  rmSync(temporary, {recursive: true});
}
