// What came of a training: its result, labels to read again, and the model at work.
import {h, ask, bdi, between, button, cell, counted, dropzone, field, grouped, head, isError, measured, named, note, pause, percent, Place, plain, quote, say, select, shown, table, upload} from "./dom.js";
import {bars, marked, ranges} from "./charts.js";
import {quoted} from "./training.js";

const done = snap => snap.runs.filter(run => run.state === "done");
const runTitle = run => {
  const one = run.headline, value = one ? ` – ${one.metric} ${measured(one.metric, one.value)}` : "";
  return `${run.name}: ${run.options?.model?.split("/").pop() || ""}, ${run.options?.budget ? "search" : `${run.options?.epochs ?? 3} epochs`}${run.options?.relabel ? ", corrected labels" : ""}${value}`;
};

function headline(facts) {
  const one = facts.headline;
  if (!one) return ["The model is trained."];
  const rows = one.set === "test" ? "unseen rows" : "validation rows, which chose the best epoch";
  if (one.right !== undefined && one.of) return ["The model answers ", h("em", {}, `${grouped(one.right)} of ${grouped(one.of)}`), ` ${rows} correctly – ${percent(one.value)}${one.interval ? ` (${between(one.interval)})` : ""}.`];
  if (isError(one.metric)) return [`On ${grouped(one.rows)} ${rows} the `, h("em", {}, `${one.metric} is ${measured(one.metric, one.value)}`), "."];
  return [`On ${grouped(one.rows)} ${rows} the ${one.metric} is `, h("em", {}, percent(one.value)), one.interval ? ` (${between(one.interval)}).` : "."];
}

// So many unlikely labels are mistakes of the model, and not of the labels.
const isWeak = found => 3 * found.issues > found.items;

// A simple method does as well, as far as these rows can tell.
const weak = facts => facts.baseline_difference && facts.baseline_difference.interval?.[0] <= 0;

// The training that a step is about: the last one, or another that is chosen.
class Chosen {
  constructor(app) { this.app = app, this.node = new Place("div"); }
  of(snap) {
    const runs = done(snap), name = runs.some(run => run.name === this.app.run) ? this.app.run : runs.at(-1)?.name;
    this.node.show(runs.map(run => [run.name, run.headline]).concat(name), () => runs.length > 1
      ? h("div", {class: "fields"}, field("Training", select(runs.map(run => [run.name, runTitle(run)]).reverse(), name, chosen => { this.app.run = chosen; this.app.redraw(); }))) : []);
    return runs.find(run => run.name === name);
  }
}

export function resultStep(app) {
  const heading = h("h1", {tabindex: "-1"}, "No result yet"), chosen = new Chosen(app), body = new Place("div"), more = new Place("div"), compared = new Place("div"), go = new Place("div", {class: "go"});
  let other = "", against = "", comparison = null;
  const curves = {};  // by training
  const mistakes = facts => h("ul", {class: "list"}, facts.mistakes.slice(0, 6).map(one => h("li", {}, h("p", {}, h("b", {}, bdi(one.right ?? "")), ", answered ", h("b", {class: "bad"}, bdi(one.said ?? "")), one.score !== undefined ? h("small", {class: "small"}, ` ${one.score.toFixed(2)}`) : null),
    one.text ? quote(one.text) : null)));
  function show(facts, run) {
    const isShare = facts.headline && facts.headline.value >= 0 && facts.headline.value <= 1 && !isError(facts.headline.metric);
    return [isShare ? h("section", {}, h("h2", {}, facts.baselines?.length ? "Beside simple methods" : "How sure this is"), ranges([{label: "This model", value: facts.headline.value, interval: facts.headline.interval},
      ...(facts.baselines || []).map(one => ({label: one.name, value: one.value, interval: one.interval, base: true}))]),
      weak(facts) ? h("p", {class: "lead"}, h("b", {}, `It is no better than ${facts.baseline_difference.best}, which needs no such model.`), " A model that has read more is likely to help, such as MiniLM; so are more rows, or more epochs.") : null,
      facts.headline.set !== "test" ? h("p", {class: "small"}, "A test file would tell more: these rows chose the best epoch.") : null) : null,
    facts.mistakes?.length ? h("section", {}, h("h2", {}, "Its surest mistakes"), mistakes(facts)) : null,
    facts.suspicious?.issues && !isWeak(facts.suspicious) ? h("section", {}, h("h2", {}, "What would help"), h("p", {}, `${counted(facts.suspicious.issues, "label")} of its ${facts.suspicious.items} rows fit badly: perhaps they are wrong in the file.`), h("div", {class: "go"}, button("Read suspicious labels", () => app.go("labels")))) : null,
    h("div", {class: "go"}, h("a", {class: "button first", href: app.path(`runs/${run.name}/report.html`), target: "_blank", rel: "noopener"}, "Open the full report"), button("Use the model", () => app.go("use")), button("Train again", () => app.go("plan")))];
  }
  async function compare(run, again = true) {
    against = `${other}/${run}`, comparison = null;
    const wanted = against;
    const answer = await app.act(() => ask(app.path(`compare/${other}/${run}`), {again}));
    if (wanted !== against || !answer) return;
    if (answer.state !== "running") return comparison = answer, app.redraw();
    await pause();
    if (wanted === against) compare(run, false);
  }
  function compareView(snap, run) {
    const others = done(snap).filter(one => one.name !== run.name);
    const one = comparison?.result?.comparisons?.[0];
    const points = value => `${value > 0 ? "+" : ""}${(100 * value).toFixed(1)}`;
    return h("section", {}, h("h2", {}, "Compare with another training"), h("div", {class: "fields"}, field("Training", select([["", "Choose"], ...others.map(item => [item.name, runTitle(item)])], other, name => { other = name; if (name) compare(run.name); else comparison = null, app.redraw(); }))),
      comparison?.state === "failed" ? note("They cannot be compared.", plain(comparison.error)) : null,
      one ? [h("p", {class: "lead"}, `${run.name} against ${other}: ${points(one.difference)} points (95 % interval ${points(one.interval[0])} to ${points(one.interval[1])}). `,
        one.interval[0] > 0 ? `${run.name} is better.` : one.interval[1] < 0 ? `${other} is better.` : "The difference may be chance."),
      one.only_first !== undefined ? h("p", {class: "small"}, `Right by ${other} alone: ${one.only_first} rows; by ${run.name} alone: ${one.only_second}.`) : null,
      one.rows?.length ? table("Rows that only one of them gets right", [head("text"), head("right"), head(other), head(run.name)], one.rows.slice(0, 20).map(row => h("tr", {}, cell(shown(row.text || ""), "text"), cell(bdi(row.label ?? "")), cell(bdi(row.first ?? "")), cell(bdi(row.second ?? ""))))) : null] : null);
  }
  async function measure(run, again = true) {
    const answer = await app.act(() => ask(app.path(`runs/${run}/curve`), {again}));
    if (!answer) return;
    curves[run] = answer, app.redraw();
    if (answer.state !== "running") return say(answer.state === "done" ? "The curve is there" : "There is no curve");
    await pause();
    measure(run, false);
  }
  function growth({points, twice}) {
    const gain = value => (100 * value).toFixed(1);
    return [h("p", {class: "lead"}, twice.holds ? ["Twice the rows would bring ", h("b", {}, `about ${gain(twice.gain)} points`), ` (95 % interval ${gain(twice.low)} to ${gain(twice.high)}).`] : "These rows do not tell whether more would help."),
      ranges(points.map(one => ({label: `${grouped(one.rows)} rows`, value: one.score, interval: [one.low, one.high]}))),
      h("p", {class: "small"}, "A simple classifier on the same texts; a trained model is often better, and mostly gains as much. The curve is in the full report too.")];
  }
  const curveView = (run, state) => h("section", {}, h("h2", {}, "Would more labels help?"),
    state?.state === "running" ? [h("progress", {"aria-label": "Measuring"}), h("p", {class: "small"}, "A simple classifier learns from an eighth of the rows, and from more and more of them.")]
    : state?.state === "done" ? growth(state.result)
    : [state?.state === "failed" ? note("It cannot be measured.", plain(state.error)) : null, h("div", {class: "go"}, button("Measure it", () => measure(run.name)))]);
  let loaded = "";
  return {
    node: [heading, chosen.node.node, body.node, more.node, compared.node, go.node],
    async update(snap) {
      const run = chosen.of(snap);
      if (!run) return go.show("none", () => button("See the training", () => app.go("train"), "first"));
      go.show("some", () => []);
      if (loaded !== run.name) {
        loaded = run.name, other = "", comparison = null;
        try {
          const facts = await ask(app.path(`runs/${run.name}/report`));
          heading.replaceChildren(...headline(facts));
          body.show([run.name, facts.headline], () => show(facts, run));
        } catch (error) {
          loaded = "";
          return body.show(error.message, () => note("The report cannot be read.", error.message));
        }
      }
      const isMeasured = run.task === "text-classification" && run.headline && !isError(run.headline.metric);
      more.show([run.name, isMeasured, curves[run.name]], () => isMeasured ? curveView(run, curves[run.name]) : []);
      compared.show([run.name, done(snap).map(one => one.name), other, comparison], () => done(snap).length > 1 ? compareView(snap, run) : []);
    },
  };
}

export function labelsStep(app) {
  const heading = h("h1", {tabindex: "-1"}, "Labels that may be wrong"), lead = h("p", {class: "lead"}, "Each row is judged by models that have not seen it. A hard text and a wrong label look alike: read before you change anything."), body = new Place("div"), go = new Place("div", {class: "go"});
  let noise = null, corrections = {}, shownRows = 20;
  const key = row => row.where + (row.word !== undefined ? `#${row.word}` : "");
  const change = async (row, label) => {
    const answer = await app.act(() => ask(app.path("corrections"), {[key(row)]: label}));
    if (answer) corrections = answer, say(label ? `Row changed to ${label}` : "Row stays as it is");
    app.redraw();
  };
  const labels = () => noise.labels ? noise.labels.map(one => one.label) : [];
  function item(row) {
    const now = corrections[key(row)]?.correct ?? "", names = [...new Set([row.suggested, now, ...labels()].filter(name => name && name !== "drop" && name !== row.given))];
    const control = select([["", `${shown(row.given)} is right`], ...names.map(name => [name, name === row.suggested ? `${shown(name)} (suggested)` : name]), ["drop", "Leave this row out"]], now, label => change(row, label));
    control.id = `row-${key(row)}`;
    named(control, `Label of ${shown(row.text)}`);
    return h("li", {}, quote(row.text), h("p", {class: "small"}, bdi(row.where), ": ", h("b", {}, bdi(row.given)), row.suggested ? [", perhaps ", h("b", {}, bdi(row.suggested))] : null, row.score !== undefined ? `, score ${row.score.toFixed(3)}` : null, row.twin ? ", the same text has another label elsewhere" : null), control);
  }
  return {
    node: [heading, lead, body.node, go.node],
    async update(snap) {
      const job = snap.jobs.noise, number = Object.keys(corrections).length;
      if (job.state === "none") noise = null, body.show("none", () => h("div", {class: "go"}, button("Look for suspicious labels", () => app.act(() => ask(app.path("noise"), {})), "first")));
      if (job.state === "running") noise = null, body.show("running", () => [h("progress", {"aria-label": "Looking"}), h("p", {class: "small"}, "The model reads all texts once.")]);
      if (job.state === "failed") body.show(job, () => note("The labels could not be judged.", plain(job.error), [button("Try again", () => app.act(() => ask(app.path("noise"), {})))]));
      if (job.state === "done" && !noise) {
        noise = await ask(app.path("noise")).catch(() => null);
        corrections = await ask(app.path("corrections")).catch(() => ({}));
        if (!noise) return;
        heading.replaceChildren(h("em", {}, `${grouped(noise.issues)} of ${grouped(noise.items)}`), " labels are suspicious");
        say(heading.textContent);
      }
      if (noise) body.show([noise.issues, corrections, shownRows], () => [isWeak(noise) ? note("These are rather mistakes of the model.", "So many labels are hardly wrong. Choose a model that has read more, and look again.", [button("Choose another model", () => app.go("plan"))], "info") : null,
        h("ul", {class: "list"}, noise.ranked.slice(0, shownRows).map(item)),
        noise.ranked.length > shownRows ? h("div", {class: "go"}, button(`Show ${Math.min(20, noise.ranked.length - shownRows)} more`, () => { shownRows += 20; app.redraw(); })) : null]);
      go.show([Boolean(noise), number], () => noise && number ? [button(`Train again with ${counted(number, "correction")}`, () => app.go("plan"), "first"), h("a", {class: "button", href: app.path("corrections.csv"), download: "corrections.csv"}, "Download the corrections"), h("a", {class: "button", href: app.path("corrected.csv"), download: "corrected.csv"}, "Download the corrected data")] : []);
    },
  };
}

export function useStep(app) {
  const heading = h("h1", {tabindex: "-1"}, "Put it to work"), chosen = new Chosen(app), answer = h("div", {"aria-live": "polite"}), second = h("textarea", {dir: "auto", rows: "2"}), first = h("textarea", {dir: "auto", rows: "3"});
  const tries = new Place("div"), label = new Place("div"), service = new Place("div"), take = new Place("div"), trouble = new Place("div");
  const suggested = new Place("div"), made = {};
  let port = "8080", count = "50";
  const kind = run => run.task || "";
  const asked = run => kind(run) === "question-answering" ? {question: first.value, context: second.value} : second.value ? {text: first.value, text_pair: second.value} : {text: first.value};
  function result(made, texts) {
    const scores = made.scores && Object.entries(made.scores).sort((one, other) => other[1] - one[1]), target = made.explanation?.targets?.[0], words = made.explanation?.words || [];
    const said = made.label ?? made.answer ?? (made.labels ? made.labels.join(", ") || "no label" : made.entities ? counted(made.entities.length, "entity").replace("entitys", "entities") : made.score !== undefined ? made.score.toPrecision(4) : "");
    // What a number loses without a word is not in points: the word that moves it most is taken for 30.
    const isNumber = made.label === undefined && !scores && made.answer === undefined && !made.entities, most = isNumber && target ? Math.max(...target.contributions.map(Math.abs), 1e-9) : 0;
    const points = target ? target.contributions.map(one => isNumber ? 30 * one / most : 100 * one) : [];
    const parts = target && words.length ? texts.map((text, part) => {
      const mine = words.flatMap((word, i) => (word.part ?? 0) === part ? [i] : []);
      return mine.every(i => words[i].end <= [...text].length) ? marked(text, mine.map(i => words[i]), mine.map(i => points[i])) : null;
    }) : [];
    return [h("p", {class: "answer"}, bdi(said), made.label && made.score !== undefined ? ` ${percent(made.score)}` : ""), scores ? bars(scores.slice(0, 5)) : null,
      made.entities ? h("ul", {class: "list"}, made.entities.map(one => h("li", {}, bdi(one.text), ": ", h("b", {}, bdi(one.label))))) : null,
      parts, parts.some(part => part) ? h("p", {class: "small"}, isNumber ? "Underlined: the words that move the number most; solid raises it, dotted lowers it." : "Underlined: without this word the score would change by 5 points or more; solid speaks for the answer, dotted against it.") : null];
  }
  async function tryIt(run) {
    if (!first.value.trim()) return answer.replaceChildren(h("p", {class: "small"}, "The answer appears here."));
    const texts = [first.value, second.value].filter(text => text);
    answer.replaceChildren(h("p", {class: "small"}, "…"));
    try {
      const made = await ask(app.path(`runs/${run.name}/ask`), asked(run));
      answer.replaceChildren(...[result(made, texts)].flat(9).filter(part => part));
    } catch (error) {
      answer.replaceChildren(note("No answer.", error.message));
    }
  }
  // Sends a file of texts, and has something made of it: "label" or "suggest".
  async function make(what, run, file, more = {}) {
    const show = state => { made[what] = state, app.redraw(); };
    try {
      show({state: "sending", share: 0});
      const name = await upload(app.id, file, share => show({state: "sending", share}));
      await ask(app.path("settings"), {roles: {[name]: "other"}});
      for (let again = true; again || made[what].state === "running"; again = false) {
        if (!again) await pause();
        show(await ask(app.path(`runs/${run.name}/${what}`), {name, again, ...more}));
      }
      say(made[what].state === "done" ? "The file is there" : "The file could not be made");
    } catch (error) {
      show({state: "failed", error: error.message});
    }
  }
  const madeView = (state, file, failed) => [state?.state === "sending" ? h("progress", {max: "1", value: state.share, "aria-label": "Sending"}) : null, state?.state === "running" ? h("progress", {"aria-label": "Reading the texts"}) : null,
    state?.state === "failed" ? note(failed, plain(state.error)) : null,
    state?.state === "done" && state.preview?.columns ? [table("The first rows", state.preview.columns.map(column => h("th", {scope: "col"}, bdi(column.name))), state.preview.rows.slice(0, 8).map(row => h("tr", {}, row.map(text => cell(shown(text), "text"))))),
      h("div", {class: "go"}, h("a", {class: "button first", href: app.path(file), download: file}, `Download ${file}`))] : null];
  const labelView = run => h("section", {}, h("h2", {}, "Label a file"), dropzone("Drop a file of texts", "Each row gets a label and a score. The file stays on this computer.", list => list[0] && make("label", run, list[0])), madeView(made.label, "labelled.csv", "The file could not be labeled."));
  function suggestView(run) {
    const input = h("input", {type: "number", min: "1", max: "100000", value: count, on: {change: event => { count = event.target.value; }}});
    return h("section", {}, h("h2", {}, "What to label next"), h("p", {class: "small"}, "From new texts without labels, those are chosen from which the model would learn most. Add labels to them, add them to your data, and train again."), h("div", {class: "fields"}, field("Texts to choose", input)),
      dropzone("Drop a file of new texts", "It has no labels, or they are not looked at.", list => list[0] && make("suggest", run, list[0], {count: Number(input.value)}), "new-texts"), madeView(made.suggest, "suggested.csv", "No texts could be chosen."));
  }
  function serviceView(run, state) {
    const input = h("input", {type: "number", id: "port", min: "0", max: "65535", value: port, on: {change: event => { port = event.target.value; }}});
    const start = wanted => app.act(() => ask(app.path(`runs/${run.name}/service`), {port: Number(wanted)}));
    return h("section", {}, h("h2", {}, "Let other programs ask it"),
      state.state === "running" ? [h("p", {}, "It answers at ", h("a", {href: `${state.url}/`, target: "_blank", rel: "noopener"}, state.url), ", for programs and pages on this computer, while the studio runs."),
        h("pre", {tabindex: "0"}, `curl ${state.url}/v1/predict -d '{"inputs": "your text"}'`), h("div", {class: "go"}, button("Stop the service", () => app.act(() => ask(app.path("service/stop"), {}))))]
      : state.state === "starting" ? h("p", {}, "The service starts …")
      : [state.error ? note("The service has not started.", plain(state.error), [button("Take any port that is free", () => start(0))]) : null, h("div", {class: "fields"}, field("Port", input)), h("div", {class: "go"}, button("Start the service", () => start(input.value)))]);
  }
  return {
    node: [heading, chosen.node.node, trouble.node, tries.node, label.node, suggested.node, service.node, take.node],
    update(snap) {
      const run = chosen.of(snap);
      if (!run) return trouble.show("none", () => [h("p", {class: "lead"}, "A model is there when a training is done."), h("div", {class: "go"}, button("See the training", () => app.go("train"), "first"))]);
      trouble.show("some", () => []);
      tries.show([run.name, kind(run)], () => {
        if (["multiple-choice", "sentence-embedding"].includes(kind(run))) return h("section", {}, h("h2", {}, "Try it"), h("p", {class: "lead"}, "Models of this kind are tried on the page of the service below, or with a file."));
        const isQuestion = kind(run) === "question-answering", isPair = run.is_pair || isQuestion;
        answer.replaceChildren(h("p", {class: "small"}, "The answer appears here."));
        return h("form", {on: {submit: event => { event.preventDefault(); tryIt(run); }}}, h("section", {}, field(isQuestion ? "Question" : "Try a text", first), isPair ? field(isQuestion ? "Text with the answer" : "Second text", second) : null,
          h("div", {class: "go"}, h("button", {class: "button first"}, "Answer")), answer));
      });
      label.show([run.name, made.label], () => labelView(run));
      suggested.show([run.name, kind(run), made.suggest], () => kind(run) === "text-classification" && !run.is_pair ? suggestView(run) : []);
      service.show([run.name, snap.service], () => serviceView(run, snap.service));
      take.show([run.name], () => h("section", {}, h("h2", {}, "Take it along"), h("p", {class: "small"}, "The folder ", h("code", {}, `${snap.folder}/${run.name}`), " is all there is. Hugging Face’s Transformers loads it unchanged."),
        h("div", {class: "go"}, h("a", {class: "button", href: app.path(`runs/${run.name}/model.tar`), download: `${app.id}-${run.name}.tar`}, "Download the model")),
        h("details", {}, h("summary", {}, "On the command line"), h("pre", {tabindex: "0"}, `cd ${quoted(snap.folder)}\necho "your text" | bertune predict --model ${run.name}`))));
    },
  };
}
