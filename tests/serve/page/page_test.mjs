// The page in headless Chromium, against a server of a tiny model of every head.
//
//   node tests/serve/page/page_test.mjs PROGRAM MODELS MODULES [FILTER]
//
// MODELS: what write_models wrote. MODULES: a node_modules with playwright-core and axe-core. Chromium is found by CHROMIUM or on
// the PATH; without one the test is skipped (77).
import assert from "node:assert/strict";
import {browser, close, faults, filter} from "./setup.mjs";

const parts = await Promise.all(["heads", "use", "files", "states"].map(name => import(`./${name}_checks.mjs`)));
const checks = Object.assign({}, ...parts.map(part => part.checks));
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
  }
  faults.length = 0;
  for (const context of browser.contexts()) await context.close();
}
await close();
process.exit(failed ? 1 : 0);
