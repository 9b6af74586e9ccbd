// The page: projects, their steps, and what the program says of them as it changes.
import {$, h, ask, bdi, button, counted, field, named, note, Place, say, shown} from "./dom.js";
import {checkStep, dataStep, fileOf} from "./data.js";
import {planStep, trainStep} from "./training.js";
import {labelsStep, resultStep, useStep} from "./results.js";

const STEPS = [["data", "Data", dataStep], ["check", "Check", checkStep], ["plan", "Plan", planStep], ["train", "Train", trainStep], ["result", "Result", resultStep], ["labels", "Labels", labelsStep], ["use", "Use", useStep]];
const trouble = new Place("div");
let app = null, view = null, step = "", source = null, again = 0;

const running = snap => snap.runs.findLast(run => ["running", "stopping", "finishing"].includes(run.state));
const isDone = snap => snap.runs.some(run => run.state === "done");
function isOpen(id, snap) {
  if (id === "data") return true;
  if (id === "train") return snap.runs.length > 0;
  if (id === "result" || id === "use") return isDone(snap);
  return Boolean(fileOf(snap, "train"));
}
function receipt(id, snap) {
  if (id === "data") return fileOf(snap, "train") ? shown(fileOf(snap, "train").name) : "";
  if (id === "train") return running(snap) ? "runs" : snap.runs.at(-1)?.state ?? "";
  if (id === "check" || id === "plan") return {running: "…", failed: "look at this", done: "done"}[snap.jobs[id].state] || "";
  if (id === "labels") return snap.corrections ? "corrected" : "";
  return "";
}

function drawSteps(snap) {
  const items = STEPS.map(([id, title]) => {
    const made = h("button", {type: "button", id: `step-${id}`, "aria-current": id === step ? "step" : null, on: {click: () => app.go(id)}}, title, h("small", {}, receipt(id, snap)));
    made.disabled = !isOpen(id, snap);
    return h("li", {}, made);
  });
  const focused = $("steps").contains(document.activeElement) ? document.activeElement.id : "";
  $("steps").replaceChildren(h("ol", {}, items));
  if (focused) $(focused)?.focus();
}

let drawn = "";
function draw() {
  if (!app?.snap || !view) return;
  const key = JSON.stringify([step, app.snap.files, app.snap.jobs, app.snap.runs.map(run => run.state), app.snap.corrections]);
  if (key !== drawn) drawSteps(app.snap);
  drawn = key;
  $("project").replaceChildren(bdi(app.snap.settings.name));
  view.update(app.snap);
}

function listen() {
  source?.close();
  clearTimeout(again);
  if (!app || document.hidden) return;
  source = new EventSource(app.path("events"));
  source.onmessage = event => {
    $("lost").hidden = true;
    app.snap = JSON.parse(event.data);
    draw();
  };
  source.onerror = () => {
    $("lost").hidden = false;
    if (source.readyState === EventSource.CLOSED) again = setTimeout(listen, 2000);
  };
}
document.addEventListener("visibilitychange", listen);

function project(id) {
  return {
    id, snap: null, run: "", running,
    path: rest => `api/projects/${id}/${rest}`,
    go: next => { location.hash = `#/${id}/${next}`; },
    redraw: draw,
    refresh() { return this.act(() => ask(`api/projects/${id}`)); },
    // Does what was asked, shows why it could not be done, and takes over a newer state of the project.
    async act(what) {
      try {
        const answer = await what();
        trouble.show("", () => []);
        if (answer?.settings && app?.id === id) this.snap = answer, draw();
        return answer;
      } catch (error) {
        trouble.show([error.message, Date.now()], () => note("That did not work.", error.message));
        return null;
      }
    },
  };
}

function showStep(next) {
  step = next;
  const [, title, make] = STEPS.find(([id]) => id === step);
  view = make(app);
  trouble.show("", () => []);
  $("main").replaceChildren(trouble.node, ...view.node);
  document.title = `${title} – Bertune studio`;
  draw();
  $("main").querySelector("h1").focus();
}

async function home() {
  app = null, view = null, step = "";
  listen();
  $("steps").hidden = true, $("body").className = "", $("project").replaceChildren();
  document.title = "Bertune studio";
  const name = h("input", {type: "text", maxlength: "120", autocomplete: "off", required: true}), list = new Place("section");
  const create = async event => {
    event.preventDefault();
    try {
      location.hash = `#/${(await ask("api/projects", {name: name.value.trim()})).id}/data`;
    } catch (error) {
      trouble.show([error.message, Date.now()], () => note("There is no new project.", error.message));
    }
  };
  const remove = (one, item) => item.replaceChildren(h("p", {}, "Remove ", bdi(one.name), " with its data and models? This cannot be undone."), h("div", {class: "go"},
    button("Remove it", () => ask(`api/projects/${one.id}/remove`, {}).then(home, error => trouble.show([error.message, Date.now()], () => note("It is still there.", error.message)))), button("Keep it", home)));
  const row = one => {
    const item = h("li", {});
    item.append(h("p", {}, h("a", {href: `#/${one.id}/${one.running ? "train" : "data"}`}, bdi(one.name)), h("small", {class: "small"}, ` ${one.error ? "cannot be read" : one.running ? "training" : counted(one.files, "file")}`)),
      h("div", {class: "go"}, named(button("Remove", () => remove(one, item)), `Remove ${shown(one.name)}`)));
    return item;
  };
  $("main").replaceChildren(trouble.node, h("h1", {tabindex: "-1"}, "Teach a model with your own texts"),
    h("p", {class: "lead"}, "From a file of examples to a model that is used, on this computer, without a terminal."),
    h("form", {on: {submit: create}}, h("div", {class: "fields"}, field("Name of a new project", name)), h("div", {class: "go"}, h("button", {class: "button first"}, "Begin"))), list.node);
  $("main").querySelector("h1").focus();
  try {
    const answer = await ask("api/studio");
    if (location.hash.replace(/^#\/?/, "")) return;
    list.show(answer, () => [answer.projects.length ? [h("h2", {}, "Your projects"), h("ul", {class: "list"}, answer.projects.map(row))] : h("p", {class: "small"}, "No project yet."),
      h("p", {class: "small"}, "Projects are folders in ", h("code", {}, bdi(answer.folder)), `. Version ${answer.version}.`),
      h("div", {class: "go"}, button("End the studio", async () => {
        await ask("api/quit", {}).catch(() => {});
        $("main").replaceChildren(h("h1", {tabindex: "-1"}, "The studio has ended."), h("p", {class: "lead"}, "Training goes on without it. You may close this page."));
        say("The studio has ended");
      }))]);
  } catch (error) {
    list.show(error.message, () => note("The projects cannot be listed.", error.message, [button("Try again", home)]));
  }
}

async function route() {
  const [, id, wanted] = location.hash.split("/");
  if (!id) return home();
  if (app?.id !== id) {
    app = project(id);
    const mine = app;
    try {
      app.snap = await ask(`api/projects/${id}`);
    } catch (error) {
      app = null, view = null;
      $("main").replaceChildren(h("h1", {tabindex: "-1"}, "There is no such project"), h("p", {class: "lead"}, error.message), h("div", {class: "go"}, h("a", {class: "button", href: "#/"}, "All projects")));
      return;
    }
    if (mine !== app) return;
    $("steps").hidden = false, $("body").className = "steps", drawn = "";
    listen();
  }
  const snap = app.snap, known = STEPS.some(([name]) => name === wanted) && isOpen(wanted, snap);
  showStep(known ? wanted : running(snap) ? "train" : "data");
}
addEventListener("hashchange", route);
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", event => event.preventDefault());
route();
