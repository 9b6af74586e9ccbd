// What tests of pages share: headless Chromium, pages that may ask nobody but their own program, and the loop over checks.
//
//   node SOME_test.mjs PROGRAM FOLDER MODULES [FILTER]
//
// MODULES: a node_modules with playwright-core and axe-core. Chromium is found by CHROMIUM or on its usual path; without one the
// test is skipped (77).
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {existsSync, mkdtempSync, readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {join, resolve} from "node:path";

export const [program, folder, modules, filter = ""] = process.argv.slice(2);
const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(path => path && existsSync(path));
if (!executablePath || !modules || !["playwright-core", "axe-core"].every(name => existsSync(join(modules, name)))) {
  console.log("skipped: needs Chromium, and playwright-core and axe-core from npm");
  process.exit(77);
}
const require = createRequire(join(resolve(modules), "x.js"));
const {chromium} = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const temporary = mkdtempSync(join(tmpdir(), "page-"));
export const browser = await chromium.launch({executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : []});
export const faults = [];  // what no page may do; a check fails with them
export const programs = [];  // that start() has started

// Starts a server, and returns it when it is ready: {link, child}.
export async function start(options, environment = {}) {
  const child = spawn(program, options, {env: {...process.env, ...environment}});
  programs.push(child);
  let said = "";
  child.stderr.on("data", data => { said += data; });
  return new Promise((done, fail) => {
    let text = "";
    child.stdout.on("data", data => {
      text += data;
      const ready = /^READY (\S+)$/m.exec(text);
      if (ready) done({link: ready[1], child});
    });
    child.on("exit", () => fail(new Error(`${options[0]} ended: ${said}`)));
  });
}
export function stopPrograms() {
  for (const child of programs.splice(0)) {
    child.removeAllListeners("exit");
    child.kill();
  }
}

// Opens a page that may ask for what begins with `own`.
export async function openPage(link, own, timeout, options) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, acceptDownloads: true, ...options});
  const page = await context.newPage();
  page.on("request", request => { if (!request.url().startsWith(own) && !/^(blob|data):/.test(request.url())) faults.push(`asked elsewhere: ${request.url()}`); });
  page.on("pageerror", error => faults.push(`script: ${error.stack}`));
  page.on("console", message => { if (/Content Security|Refused/.test(message.text())) faults.push(message.text()); });
  page.setDefaultTimeout(timeout);
  await page.goto(link);
  return page;
}

// What axe finds against the guidelines for accessible pages.
export async function violations(page) {
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}));
  return found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 160)).join(" | ")}`);
}

// Runs the checks whose names have FILTER, with `after` between them, and returns how many have failed.
export async function run(checks, after = () => {}) {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    if (!name.includes(filter)) continue;
    try {
      await check();
      assert.deepEqual(faults, []);
      console.log(`ok      ${name}`);
    } catch (error) {
      ++failed;
      console.log(`FAILED  ${name}\n${error.stack}\n${faults.join("\n")}`);
      if (process.env.KEEP) for (const context of browser.contexts()) for (const page of context.pages()) {
        console.log(await page.innerText("body").catch(() => ""));
        await page.screenshot({path: join(process.env.KEEP, "failed.png"), fullPage: true}).catch(() => {});
      }
    }
    faults.length = 0;
    for (const context of browser.contexts()) await context.close();
    after();
  }
  return failed;
}
