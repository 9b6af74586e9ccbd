// Many texts from a file.
import assert from "node:assert/strict";
import {url, predicted, open, choose, answerTo, violations, outText, chooseFile, saved, doneFile} from "./setup.mjs";

export const checks = {};

checks["files with many texts"] = async () => {
  const page = await open(url);
  const texts = ["the film was good", "say \"good\", film", "two\nlines", "=1+1", "الفيلم جيد"];
  const csv = "id,text,label\n" + texts.map((text, i) => `${i + 10},"${text.replaceAll('"', '""')}",x\r\n`).join("");
  await chooseFile(page, "some.csv", csv);
  assert.equal(await page.inputValue("#column-text"), "1");
  await page.click("button:text-is('Answer all')");
  await doneFile(page);
  assert.match(await outText(page), /5 rows answered\./);
  assert.equal(await page.$$eval("#out tbody tr", rows => rows.length), 5);
  const jsonl = await saved(page, "JSONL"), lines = jsonl.text.trimEnd().split("\n").map(JSON.parse);
  assert.equal(jsonl.name, "some.predicted.jsonl");
  for (const [i, line] of lines.entries()) {
    assert.deepEqual([line.id, line.text], [String(i + 10), texts[i]]);
    assert.equal(line.label, (await predicted(url, "classes", {text: texts[i]})).label);
  }
  const table = await saved(page, "CSV");
  assert.ok(table.text.startsWith("id,text,label,score,num_tokens,truncated\n10,the film was good,"), table.text);
  assert.ok(table.text.includes('"say ""good"", film"') && table.text.includes('"two\nlines"'));
  assert.deepEqual(await violations(page), []);

  await chooseFile(page, "many.txt", Array.from({length: 500}, (_, i) => `the film ${i}`).join("\n"));
  await page.click("button:text-is('Answer all')");
  await page.waitForSelector("text=500 rows answered.");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Save as CSV");  // where Stop was
  assert.equal(await page.$$eval("#out tbody tr", rows => rows.length), 200);
  assert.equal((await saved(page, "JSONL")).text.trimEnd().split("\n").length, 500);

  // Stopped and gone on with; typing meanwhile asks for nothing, and what was answered can be seen again.
  await page.click("button:text-is('Answer all')");
  await page.click("button:text-is('Stop')");
  await page.waitForSelector("text=/ left\\./");
  await page.click("button:text-is('Go on')");
  await page.fill("#field-text", "the food");
  await page.waitForSelector("text=500 rows answered.");
  await answerTo(page, {text: "the film"});
  await page.click("button:text-is('Back to the answers')");
  await page.waitForSelector("text=500 rows answered.");

  await choose(page, "choices");
  await chooseFile(page, "c.tsv", "context\tquestion\tchoice0\tchoice1\nthe film\twas it\tgood\tbad\n");
  await page.click("button:text-is('Answer all')");
  await doneFile(page);
  assert.deepEqual(JSON.parse((await saved(page, "JSONL")).text).choices, ["good", "bad"]);

  await choose(page, "answers");
  await chooseFile(page, "a.jsonl", '{"question": "was it good", "context": "the film was"}\n{"question": "", "context": "x"}\n{"question": "was it", "context": "the food"}');
  await page.click("button:text-is('Answer all')");
  await page.waitForSelector("text=2 rows answered; 1 could not be.");
  assert.deepEqual((await saved(page, "JSONL")).text.trimEnd().split("\n").map(line => "error" in JSON.parse(line)), [false, true, false]);
};

checks["files that cannot be used say why"] = async () => {
  const page = await open(url);
  for (const [name, content, said] of [
    ["a.csv", 'text\n"open', /quote that opens in line 2 does not close/], ["a.csv", "text,b\n1\n", /Row 2 has 1 column/], ["a.jsonl", '{"text": "a"}\n{', /Line 2 is no JSON/],
    ["a.json", "[1]", /Entry 1 is neither/], ["a.txt", Buffer.from([0xff, 0xfe, 0x41]), /not UTF-8/], ["a.xlsx", "PK\u0003\u0004", /spreadsheet/], ["a.txt", "\n\n", /no texts/]]) {
    await chooseFile(page, name, content);
    await page.waitForFunction(source => new RegExp(source).test(document.querySelector("#columns").textContent), said.source);
  }
  await chooseFile(page, "b.csv", "one,two\na,b\n");
  await page.click("button:text-is('Answer all')");
  await page.waitForSelector("text=Text: which column?");
  await page.selectOption("#column-text", {label: "two"});
  await page.click("button:text-is('Answer all')");
  await doneFile(page);
  assert.equal(JSON.parse((await saved(page, "JSONL")).text).text, "b");
};

checks["a dropped file"] = async () => {
  const page = await open(url);
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["the film\nthe food"], "t.txt"));
    return transfer;
  });
  await page.dispatchEvent("main", "dragover", {dataTransfer: data});
  assert.ok(await page.isVisible("body.over"));
  await page.dispatchEvent("main", "drop", {dataTransfer: data});
  await page.waitForSelector("#columns >> text=2 rows");
};
