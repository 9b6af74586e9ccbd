// The pictures of docs/serving.md: node tests/serve/page/pictures.mjs URL MODULES FOLDER
//
// URL: a server of the models `support` (classes) and `orders` (entities), which the examples were trained into.
import {createRequire} from "node:module";
import {join, resolve} from "node:path";

const [url, modules, folder] = process.argv.slice(2);
const {chromium} = createRequire(join(resolve(modules), "x.js"))("playwright-core");
const browser = await chromium.launch({executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"]});

async function picture(name, options, model, text) {
  const context = await browser.newContext({viewport: {width: 1100, height: 760}, ...options});
  const page = await context.newPage();
  await page.goto(url);
  await page.selectOption("#picker", {label: model});
  await page.fill("#field-text", text);
  await page.click("button:text-is('Answer')");
  await page.waitForSelector("#out pre");
  await page.mouse.move(0, 0);
  await page.screenshot({path: join(folder, name)});
  await context.close();
}
await picture("serve_page.png", {}, "support", "Sign me out of the coffee club please. Nothing wrong with it, simply found a roaster round the corner.");
await picture("serve_page_dark.png", {colorScheme: "dark"}, "orders", "Order LX20931 went to Lyon on 3 May, and the copper kettle cost me 45 euros.");
await browser.close();
