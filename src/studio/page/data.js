// The first steps: files with their columns, and what is odd in them.
import {h, ask, bdi, button, bytes, cell, counted, dropzone, field, grouped, head, named, note, percent, Place, plain, quote, say, select, shown, table, upload} from "./dom.js";

const ROLES = [["train", "Learn from it"], ["validation", "Choose the best epoch"], ["test", "Test with it"], ["other", "Not used"]];
const TASKS = [["", "As detected"], ["text-classification", "Labels or numbers for texts"], ["token-classification", "Names and tags in texts"],
  ["question-answering", "Answers in texts"], ["multiple-choice", "The best of several choices"], ["sentence-embedding", "Which texts are alike"]];
const ENCODINGS = [["", "As detected, mostly UTF-8"], ["utf-8", "UTF-8"], ["windows-1252", "Windows-1252 (Western Europe)"], ["latin-1", "Latin-1"], ["utf-16", "UTF-16"]];
export const taskName = task => (TASKS.find(([id]) => id === task) || [task, task])[1];
export const fileOf = (snap, role) => snap.files.find(file => file.role === role);

export function dataStep(app) {
  const heading = h("h1", {tabindex: "-1"}), sending = new Place("div"), trouble = new Place("div"), files = new Place("div"), rows = new Place("div"), next = new Place("div", {class: "go"});
  let shownFor = "", seen = null, moving = {};
  const add = async list => {
    for (const file of list) {
      if (moving[file.name] !== undefined) continue;
      moving[file.name] = 0;
      draw();
      try {
        await upload(app.id, file, share => { moving[file.name] = share; draw(); });
        say(`${file.name} is here`);
        trouble.show(null, () => []);
      } catch (error) {
        trouble.show([file.name, error.message], () => note(`${shown(file.name)} could not be taken.`, error.message));
      }
      delete moving[file.name];
      draw();
      app.refresh();
    }
  };
  const draw = () => sending.show(moving, () => Object.entries(moving).map(([name, share]) => h("div", {},
    h("progress", {max: "1", value: share, "aria-label": `Sending ${shown(name)}`}), h("p", {class: "small"}, bdi(name), ` ${percent(share)}`))));
  const set = settings => app.act(() => ask(app.path("settings"), settings));
  const fileRow = file => h("tr", {}, cell(bdi(file.name)), cell(bytes(file.bytes), "number"),
    h("td", {}, named(select(ROLES, file.role, role => set({roles: {[file.name]: role}})), `Use of ${shown(file.name)}`)),
    h("td", {}, named(button("Remove", () => app.act(() => ask(app.path("files/remove"), {name: file.name}))), `Remove ${shown(file.name)}`)));

  function preview(snap, view) {
    const names = (view.columns || []).map(column => column.name), chosen = view.chosen || {}, own = snap.settings.columns;
    const choice = (label, role, none) => field(label, select([["", chosen[role] && !own[role] ? `${shown(chosen[role].name)} (detected)` : none], ...names.map(name => [name, name])],
      names.includes(own[role]) ? own[role] : "", name => set({columns: {[role]: name}})), chosen[role]?.reason && plain(chosen[role].reason));
    const reading = h("details", {open: Boolean(view.error)}, h("summary", {}, "How the file is read"), h("div", {class: "fields"},
      field("Task", select(TASKS.map(([id, text]) => [id, id || !view.task ? text : `${taskName(view.task)} (detected)`]), snap.settings.task, task => set({task})), view.reason ? plain(view.reason) : null),
      field("Encoding", select(ENCODINGS, snap.settings.encoding, encoding => set({encoding}))),
      field("Rows that cannot be read", select([["0", "Stop at the first"], ["10", "Leave out up to 10"], ["1000", "Leave out up to 1,000"]], String(snap.settings.max_bad_rows), rows => set({max_bad_rows: Number(rows)})))));
    const made = [h("section", {}, h("h2", {}, "The first rows"),
      view.error ? note("This file cannot be used as it is.", plain(view.error)) : null,
      view.columns && names.length ? table(`First rows of ${shown(fileOf(snap, "train").name)}`,
        view.columns.map(column => h("th", {scope: "col", class: column.role ? "used" : ""}, bdi(column.name), column.role ? h("small", {}, {text: "the text", text_pair: "the second text", label: "the label"}[column.role]) : null)),
        view.rows.slice(0, 8).map(row => h("tr", {}, row.map(text => cell(shown(text), "text"))))) : null,
      view.lines ? h("pre", {tabindex: "0", dir: "auto"}, view.lines.map(shown).join("\n")) : null,
      names.length && view.task === "text-classification" ? h("div", {class: "fields"}, choice("Text", "text", "Choose the column"), choice("Second text, of pairs", "text_pair", "None"), choice("Label: what the model should answer", "label", "Choose the column")) : null,
      reading, (view.notes || []).map(text => h("p", {class: "small"}, plain(text))))];
    return made;
  }

  async function look(snap) {
    const train = fileOf(snap, "train");
    const key = JSON.stringify([train, snap.settings.columns, snap.settings.task, snap.settings.encoding]);
    if (key === shownFor) return;
    shownFor = key;
    if (!train) return rows.show(null, () => []);
    try {
      seen = await ask(app.path("files/preview"), {name: train.name});
      if (key === shownFor) rows.show([key, seen], () => preview(snap, seen));
    } catch (error) {
      rows.show(error.message, () => note("The file cannot be shown.", error.message));
    }
  }
  return {
    node: [heading, h("p", {class: "lead"}, "A table of texts with the answers that you would give: CSV, TSV, JSON Lines and others. One file is enough; a second one may test the model. Everything stays on this computer."),
      dropzone("Drop files here, or choose them", "Files of any size; they are copied into the project's folder.", add), sending.node, trouble.node, files.node, rows.node, next.node],
    update(snap) {
      const train = fileOf(snap, "train");
      heading.replaceChildren(...(train ? ["The model will learn from ", h("em", {}, bdi(train.name))] : ["What should the model learn from?"]));
      files.show(snap.files, () => snap.files.length ? h("section", {}, table("Files of this project", [head("file"), head("size", "number"), head("use"), head("remove")], snap.files.map(fileRow))) : []);
      next.show(Boolean(train), () => train ? button("Check the data", () => app.go("check"), "first") : []);
      look(snap);
    },
  };
}

const KINDS = {error: "Must be corrected", warning: "Look at this", note: "Good to know"};

function finding(one) {
  const examples = (one.examples || []).slice(0, 3).map(example => h("li", {}, example.text ? quote(example.text) : null,
    h("p", {class: "small"}, bdi(example.where.join(", ")), example.labels?.some(Boolean) ? [": ", example.labels.map((label, i) => [i ? ", " : "", bdi(label)])] : null)));
  return h("li", {}, h("p", {}, h("b", {class: one.severity === "error" ? "bad" : ""}, KINDS[one.severity]), ": ", one.set ? `${one.set}: ` : "", plain(one.text)),
    one.advice ? h("p", {class: "small"}, `What to do: ${plain(one.advice)}`) : null,
    examples.length ? h("details", {}, h("summary", {}, counted(examples.length, "example")), h("ul", {class: "list"}, examples))
      : one.where?.length ? h("p", {class: "small"}, "First: ", bdi(one.where.slice(0, 5).join(", "))) : null);
}

function checked(facts) {
  const train = facts.sets[0], sets = facts.sets.map(set => set.name);
  return [
    facts.findings.length ? h("section", {}, h("h2", {}, "What was found"), h("ul", {class: "list"}, facts.findings.map(finding))) : null,
    facts.labels.length ? h("section", {}, h("h2", {}, "Labels"), table(counted(facts.labels.length, "label"), [head("label"), ...sets.map(set => head(set, "number"))],
      facts.labels.slice(0, 200).map(row => h("tr", {}, h("td", {}, bdi(row.label)), sets.map(set => cell(grouped(row.rows[set] || 0), "number")))))) : null,
    facts.notes.length ? h("details", {}, h("summary", {}, "How it was read"), facts.notes.map(text => h("p", {class: "small"}, plain(text)))) : null,
    train.numbers ? h("p", {class: "lead"}, `Numbers from ${train.numbers.least} to ${train.numbers.most}, mean ${train.numbers.mean.toPrecision(4)}.`) : null];
}

export function checkStep(app) {
  const heading = h("h1", {tabindex: "-1"}, "Is the data good enough?"), body = new Place("div"), next = new Place("div", {class: "go"});
  let asked = "", facts = null;
  const start = () => app.act(() => ask(app.path("check"), {}));
  return {
    node: [heading, body.node, next.node],
    async update(snap) {
      const job = snap.jobs.check, key = JSON.stringify([snap.settings, snap.files]);
      if (job.state === "none" && asked !== key) {
        asked = key, facts = null;
        start();
      }
      if (job.state === "running") {
        heading.textContent = "Is the data good enough?";
        body.show("running", () => [h("progress", {"aria-label": "Checking"}), h("p", {class: "lead"}, "All rows are being read, and compared with one another.")]);
      }
      if (job.state === "failed") {
        facts = null;
        heading.replaceChildren("Not yet: ", h("em", {}, "the file cannot be read."));
        heading.className = "stop";
        body.show(job, () => note("What stands in the way", plain(job.error), [button("Change how it is read", () => app.go("data")),
          snap.settings.max_bad_rows < 1000 ? button("Leave out rows that cannot be read", () => app.act(() => ask(app.path("settings"), {max_bad_rows: 1000}))) : null].filter(Boolean)));
      }
      if (job.state === "done" && !facts) {
        facts = await ask(app.path("check")).catch(() => null);
        if (!facts) return;
        const train = facts.sets[0];
        heading.className = facts.errors ? "stop" : "";
        heading.replaceChildren(...(facts.errors ? ["Not yet: ", h("em", {}, counted(facts.errors, "finding")), " must be corrected."]
          : ["Yes: ", h("em", {}, counted(train.rows, train.unit)), ` to learn from${facts.labels.length ? `, with ${counted(facts.labels.length, "label")}` : ""}.`]));
        say(heading.textContent);
        body.show(facts, () => checked(facts));
      }
      next.show([job.state, facts?.errors], () => job.state === "done" ? [button(facts?.errors ? "Go on all the same" : "Make a plan", () => app.go("plan"), facts?.errors ? "" : "first"), button("Back to the data", () => app.go("data"))] : []);
    },
  };
}
