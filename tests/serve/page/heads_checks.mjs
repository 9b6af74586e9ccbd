// The answers of each head, as the page shows them.
import assert from "node:assert/strict";
import {ATTACK, HEADS, url, ask, predicted, percent, open, choose, answerTo, violations, outText} from "./setup.mjs";

const INPUTS = {
  classes: {text: "the film was good"},
  several_labels: {text: "the film was good", text_pair: "the food was poor"},
  number: {text: "the film was not very good."},
  entities: {text: "Zoë, 😀 the good film. Not poor food."},
  tags: {text: "the 😀 film was good"},
  answers: {question: "was it good", context: "😀 the film was very good. the food was poor."},
  choices: {context: "the film", question: "was it", choices: ["good", "bad, very bad", "fine"]},
  masks: {text: "the [MASK] was [MASK]"},
  next_sentence: {text: "the film was good", text_pair: "the food was poor"},
  embeddings: {text: "the film was good"},
};

export const checks = {};

const EXPLAINED = ["classes", "several_labels", "number", "entities", "tags", "answers"];

// The words that count are underlined, solid or dotted, and named in a sentence.
async function checkWords(page, name, input) {
  await page.click("text=Which words decided?");
  await page.waitForSelector("#out details .said");
  const {explanation: {words, targets}} = (await ask(url, {model: name, inputs: [input]}, {}, "/v1/explain")).results[0];
  const unit = ({contributions}) => name === "number" ? Math.max(...contributions.map(Math.abs)) / 4 : .05;
  const strong = sign => targets.flatMap(target => words.filter((_, i) => sign * target.contributions[i] >= unit(target)).map(word => word.text));
  const marked = kind => page.$$eval(`#out details .quote ${kind}`, items => items.map(item => item.textContent));
  assert.deepEqual(await marked(".for"), strong(1));
  assert.deepEqual(await marked(".not"), strong(-1));
  const said = await page.innerText("#out details");
  assert.ok(targets.every(target => target.contributions.some(by => Math.abs(by) >= unit(target))) ? said.includes(" it") : said.includes("No single word decides."));
  for (const [kind, line] of [[".for", "solid"], [".not", "dotted"]]) {
    if (await page.$(kind)) assert.equal(await page.$eval(kind, item => getComputedStyle(item).textDecorationStyle), line);
  }
}

for (const name of HEADS) {
  checks[`answers of ${name}`] = async () => {
    const page = await open(url), input = INPUTS[name];
    await choose(page, name);
    await answerTo(page, input);
    const one = await predicted(url, name, input, {answers: {top_k: 3}, masks: {top_k: 5}}[name]);
    const text = await outText(page);
    const bars = await page.$$eval(".bars li", items => items.map(item => [item.children[0].textContent, item.children[2].textContent]));
    const marks = await page.$$eval(".quote mark", items => items.map(item => item.firstChild.textContent));
    switch (name) {
      case "classes":
        assert.equal(await page.innerText(".answer bdi"), one.label);
        // falls through
      case "several_labels":
        assert.deepEqual(Object.fromEntries(bars), Object.fromEntries(Object.entries(one.scores).map(([label, score]) => [label, percent(score)])));
        break;
      case "number": assert.ok(text.includes(String(Number(one.score.toPrecision(4))))); break;
      case "entities":
        assert.ok(one.entities.length > 0);
        assert.deepEqual(marks, one.entities.map(each => each.text));
        assert.deepEqual(await page.$$eval("#out tbody tr", rows => rows.map(row => row.children[1].textContent)), marks);
        break;
      case "tags": assert.deepEqual(marks, one.tokens); break;
      case "answers":
        assert.equal(await page.innerText(".answer bdi"), one.answer);
        assert.deepEqual(marks, [one.answer]);
        assert.deepEqual(bars.map(bar => bar[0]), one.n_best.map(each => each.answer));
        break;
      case "choices":
        assert.equal(await page.innerText(".answer bdi"), one.text);
        assert.equal(bars.length, 3);
        break;
      case "masks":
        assert.deepEqual(marks, one.masks.map(mask => mask[0].token));
        assert.deepEqual(bars, one.masks.flat().map(guess => [guess.token, percent(guess.score)]));
        break;
      case "next_sentence": assert.equal(bars[0][1], percent(one.is_next)); break;
      case "embeddings":
        assert.deepEqual(JSON.parse(await page.innerText("#out pre >> nth=0")), one.embedding);
        await answerTo(page, {text_pair: "the food was poor"});
        await page.waitForFunction(() => document.querySelector(".said").textContent.includes("cosine"));
        assert.equal(await page.innerText(".answer"), (await predicted(url, name, {...input, text_pair: "the food was poor"})).score.toFixed(3));
    }
    assert.equal(await page.isVisible("text=Which words decided?"), EXPLAINED.includes(name));
    if (EXPLAINED.includes(name)) await checkWords(page, name, input);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({colorScheme: scheme});
      for (const width of [320, 1280]) {
        await page.setViewportSize({width, height: 900});
        assert.deepEqual(await violations(page), [], `${scheme}, ${width} px`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `scrolls at ${width} px`);
      }
    }
  };
}

checks["explanations stay open, and follow the text"] = async () => {
  const page = await open(url);
  await answerTo(page, {text: "the film was good"});
  await page.click("text=Which words decided?");
  await page.waitForSelector("#out details .quote");
  await answerTo(page, {text: ATTACK});
  await page.waitForSelector("#out details .quote");
  assert.ok((await page.innerText("#out details .quote")).startsWith("<img src=x"));
  assert.equal(await page.evaluate(() => window.hit), undefined);
  await page.route("**/v1/explain", route => route.fulfill({status: 504, json: {error: "the deadline passed"}}));
  await answerTo(page, {text: "good food"});
  await page.waitForSelector("#out details .note");
  assert.match(await page.innerText("#out details .note"), /No answer in time.*the deadline passed/s);
  assert.ok(await page.isVisible("#out > .answer"));
  await page.unroute("**/v1/explain");
  await page.click("#out details button:text-is('Try again')");
  await page.waitForSelector("#out details .quote");
  assert.deepEqual(await violations(page), []);
};
