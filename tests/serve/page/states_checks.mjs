// A server that is busy, away, guarded, or changes.
import assert from "node:assert/strict";
import {cpSync} from "node:fs";
import {join} from "node:path";
import {models, temporary, programs, url, serve, ask, open, answerTo, violations} from "./setup.mjs";

export const checks = {};

checks["a server that is busy, loading, away, or takes no more"] = async () => {
  const page = await open(url);
  const once = async (reply, said, recovers = true) => {
    await page.route("**/v1/predict", route => reply ? route.fulfill({contentType: "application/json", ...reply}) : route.abort(), {times: 1});
    await page.fill("#field-text", "the film");
    await page.click("button:text-is('Answer')");
    await page.waitForSelector(`.note >> text=${said}`);
    assert.deepEqual(await violations(page), []);
    if (!reply) await page.click("text=Try again");
    if (recovers) await page.waitForSelector("#out .bars");
  };
  await once({status: 429, headers: {"Retry-After": "1"}, body: '{"error": "too much"}'}, "The server is busy.");
  await once({status: 503, headers: {"Retry-After": "1"}, body: '{"error": "the model is being loaded"}'}, "The server is not ready");
  await once(null, "The server does not answer.");
  assert.equal(await page.innerText("#state"), "ready");
  await once({status: 504, body: '{"error": "the deadline passed"}'}, "No answer in time", false);
  await once({status: 413, body: '{"error": "at most 2 MB"}'}, "too much at once", false);
  await once({status: 500, body: "oops"}, "status 500", false);
};

checks["a key, where the server wants one"] = async () => {
  const guarded = await serve([join(models, "classes")], [], {BERTUNE_API_KEY: "secret"});
  const page = await open(guarded);
  await page.waitForSelector("text=This server wants a key.");
  assert.deepEqual(await violations(page), []);
  await page.fill("#key", "wrong");
  await page.press("#key", "Enter");
  await page.waitForSelector("text=That key does not fit.");
  await page.waitForFunction(() => document.activeElement.id === "key");
  await page.fill("#key", "secret");
  await page.press("#key", "Enter");
  await answerTo(page, {text: "the film was good"});
  assert.equal(await page.innerText(".answer bdi"), (await ask(guarded, {inputs: "the film was good"}, {"X-Api-Key": "secret"})).results[0].label);
  const command = await page.innerText("pre[aria-label=Command]");
  assert.ok(command.includes("$BERTUNE_API_KEY") && !command.includes("secret"));
};

checks["a model that is loaded again"] = async () => {
  const folder = join(temporary, "changing");
  cpSync(join(models, "classes"), folder, {recursive: true});
  const changing = await serve([folder]), page = await open(changing);
  await answerTo(page, {text: "the film"});
  const version = async () => (await (await fetch(changing + "/info")).json()).models[0].version;
  const old = await version();
  assert.ok((await page.innerText("#about")).includes(old));
  cpSync(join(temporary, "hostile", "config.json"), join(folder, "config.json"));
  programs.at(-1).kill("SIGHUP");
  while (await version() === old) await new Promise(done => setTimeout(done, 50));
  await answerTo(page, {text: "the food"});
  const now = await version();
  await page.waitForFunction(text => document.querySelector("#about").textContent.includes(text), now);
};
