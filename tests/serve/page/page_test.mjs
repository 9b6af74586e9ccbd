// The page in headless Chromium, against a server of a tiny model of every head.
//
//   node tests/serve/page/page_test.mjs PROGRAM MODELS MODULES [FILTER]
//
// MODELS: what write_models wrote. MODULES and Chromium: see support/page.mjs.
import {run} from "../../support/page.mjs";
import {close} from "./setup.mjs";

const parts = await Promise.all(["heads", "use", "files", "states"].map(name => import(`./${name}_checks.mjs`)));
const checks = Object.assign({}, ...parts.map(part => part.checks));
const failed = await run(checks);
await close();
process.exit(failed ? 1 : 0);
