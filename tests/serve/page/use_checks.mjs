// Hostile texts, the keyboard, directions, and what else a person meets.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {ATTACK, models, url, predicted, percent, open, choose, answerTo, violations, outText, chooseFile, saved, doneFile, faults} from "./setup.mjs";

export const checks = {};

checks["hostile texts and labels stay text"] = async () => {
  const page = await open(url);
  await choose(page, "hostile");
  const before = await page.evaluate(() => document.querySelectorAll("img, script, iframe").length);
  await answerTo(page, {text: ATTACK, text_pair: ATTACK});
  const labels = await page.$$eval(".bars bdi", items => items.map(item => item.textContent));
  assert.ok(labels.includes("__proto__") && labels.includes("U+202EevilU+0007"), labels.join());
  await page.click("#about summary");
  await choose(page, "entities");
  await answerTo(page, {text: ATTACK});
  await chooseFile(page, `${ATTACK.replaceAll("/", "")}.jsonl`, JSON.stringify({[ATTACK]: ATTACK, text: ATTACK, __proto__: 1}) + "\n");
  await page.click("button:text-is('Answer all')");
  await doneFile(page);
  assert.deepEqual(JSON.parse((await saved(page, "JSONL")).text).text, ATTACK);
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.equal(await page.evaluate(() => document.querySelectorAll("img, script, iframe").length), before);
  assert.deepEqual(await violations(page), []);
};

checks["the policy that came with the page"] = async () => {
  const page = await open(url);
  const reply = await page.request.get(url + "/", {headers: {Accept: "text/html"}});
  assert.match(reply.headers()["content-security-policy"], /default-src 'none'.*frame-ancestors 'none'/);
  const blocked = await page.evaluate(() => new Promise(done => {
    document.addEventListener("securitypolicyviolation", event => done(event.violatedDirective));
    const script = document.createElement("script");
    script.textContent = "window.hit = 1";
    document.body.append(script);
    setTimeout(() => done(""), 1000);
  }));
  assert.match(blocked, /^script-src/);
  faults.splice(0, faults.length, ...faults.filter(fault => !/inline script/.test(fault)));
};

checks["a text that is longer than the model reads"] = async () => {
  const page = await open(url);
  await answerTo(page, {text: "the film was good ".repeat(30)});
  assert.match(await page.innerText(".note"), /longer than the model reads.*40 tokens/s);
};

checks["the command that it gives, in a shell"] = async () => {
  const page = await open(url);
  for (const [name, input] of [["classes", {text: "it's a \"good\" $film `x` \\ \u202e\n!"}], ["choices", {context: "the film", question: "was it", choices: ["good", "bad"]}]]) {
    await choose(page, name);
    await answerTo(page, input);
    const command = await page.innerText("pre[aria-label=Command]");
    assert.ok(!command.includes("\u202e"));
    const result = JSON.parse(execFileSync("bash", ["-c", command.replace("curl", "curl -s")])).results[0];
    assert.deepEqual(result, await predicted(url, name, input));
  }
  await page.click("text=Copy as curl");
  await page.waitForSelector("text=/Copied|by hand/");
};

checks["the keyboard alone, and what is said of it"] = async () => {
  const page = await open(url, {reducedMotion: "reduce"});
  await page.waitForSelector("#form:not([hidden])");
  await page.keyboard.press("Tab");  // the models
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "field-text");
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(() => /write something/.test(document.querySelector("#say").textContent));
  assert.equal(await page.evaluate(() => document.activeElement.id), "field-text");
  await page.keyboard.type("the film was good");
  await page.waitForSelector("#out .bars");  // while it is typed
  await page.keyboard.press("Control+Enter");
  const {label, score} = await predicted(url, "classes", {text: "the film was good"});
  await page.waitForFunction(said => document.querySelector("#say").textContent === said, `${label}, ${percent(score)}`);
  const seen = [];
  for (let i = 0; i < 24; ++i) {
    await page.keyboard.press("Tab");
    seen.push(await page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("aria-label") || document.activeElement.textContent.slice(0, 20)));
  }
  for (const name of ["Answer", "live", "Command", "Copy as curl", "file"]) assert.ok(seen.includes(name), `${name} of ${seen}`);
  await page.click("#history-list button");
  assert.equal(await page.inputValue("#field-text"), "the film was good");
};

checks["right to left"] = async () => {
  const page = await open(url);
  await choose(page, "entities");
  await answerTo(page, {text: "كان الفيلم جيدا"});
  for (const place of ["#field-text", ".quote"])
    assert.equal(await page.$eval(place, element => getComputedStyle(element).direction), "rtl", place);
  await page.setViewportSize({width: 320, height: 800});
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 320);
};

checks["a score that is not enough"] = async () => {
  const page = await open(url);
  await page.click("#unsure summary");
  await page.fill("#limit", "99");
  await answerTo(page, {text: "the film was good"});
  assert.match(await outText(page), /^not sure/);
};

checks["many labels"] = async () => {
  const page = await open(url);
  const scores = Object.fromEntries(Array.from({length: 151}, (_, i) => [`label_${"long_".repeat(i % 9)}${i}`, 1 / 151]));
  const one = {label: Object.keys(scores)[0], score: 1 / 151, scores, num_tokens: 3, truncated: false, windows: 1};
  const body = JSON.stringify({model: {name: "classes", version: "1"}, results: [one], timing_ms: {compute: 1}});
  await page.route("**/v1/predict", route => route.fulfill({contentType: "application/json", body}));
  await answerTo(page, {text: "x"});
  assert.equal(await page.$$eval(".bars >> nth=0 >> li", items => items.length), 8);
  await page.setViewportSize({width: 320, height: 800});
  await page.click("text=143 others");
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 320);
  assert.deepEqual(await violations(page), []);
};
