// The plan of a training, and the training.
import {h, ask, bdi, button, bytes, cell, counted, field, grouped, head, isError, named, note, percent, Place, plain, say, select, shown, table, time} from "./dom.js";
import {course, curve} from "./charts.js";

const KIND = {included: "on this computer, no network needed", cache: "on this computer", hub: "is fetched once from the Hugging Face Hub"};

const METHODS = [["", "All weights learn (fine-tuning)"], ["auto", "Compare the ways for few rows, take the best"], ["contrastive", "Contrastive learning, for few rows"], ["frozen", "Only a classifier learns, for few rows"]];
const LONG = [["", "Cut them"], ["auto", "Let the data decide"], ["head-tail", "Read the beginning and the end"], ["windows", "Read all of them, in windows"]];

export function planStep(app) {
  const heading = h("h1", {tabindex: "-1"}, "How should it learn?"), models = new Place("fieldset"), trouble = new Place("div"), plan = new Place("div"), go = new Place("div", {class: "go"});
  let list = null, asked = "", loaded = null, loadedFor = "";
  const set = settings => app.act(() => ask(app.path("settings"), settings));
  const take = (model, rate) => set({model, ...(rate ? {training: {learning_rate: rate}} : {training: {learning_rate: null}})});
  const own = h("input", {type: "text", autocomplete: "off", spellcheck: "false", on: {change: () => { if (own.value.trim()) take(own.value.trim()); }}});
  // A search is one of fine-tuning alone.
  const other = (name, value) => value && name === "search_minutes" ? {method: null} : value && name === "method" ? {search_minutes: null} : {};
  const number = (name, attributes) => h("input", {type: "number", ...attributes, on: {change: event => {
    const value = event.target.value === "" ? null : Number(event.target.value);
    if (value === null || !Number.isNaN(value)) set({training: {[name]: value, ...other(name, value)}});
  }}});
  const numbers = {epochs: number("epochs", {min: "1", max: "1000", step: "1"}), learning_rate: number("learning_rate", {min: "0.0000001", max: "1", step: "any"}),
    max_length: number("max_length", {min: "4", max: "8192", step: "1"}), search_minutes: number("search_minutes", {min: "0.05", step: "any"}), batch_size: number("batch_size", {min: "1", max: "8192", step: "1"})};
  const ways = new Place("div", {class: "fields"});
  const way = (name, choices, settings) => select(choices, settings.training[name] ?? "", value => set({training: {[name]: value || null, ...other(name, value)}}));
  const option = (one, model) => h("div", {class: "choice"}, h("input", {type: "radio", name: "model", id: `model-${one.model}`, checked: one.model === model, on: {change: () => take(one.model, one.learning_rate)}}),
    h("label", {for: `model-${one.model}`}, bdi(one.title)), h("small", {}, `${bytes(one.bytes)}, ${KIND[one.kind]}`));

  ask("api/models").then(answer => { list = answer.models; app.redraw(); }).catch(error => trouble.show(error.message, () => note("The models cannot be listed.", error.message)));

  function facts(result, {method, search_minutes: minutes}) {
    const epochs = result.steps_per_epoch < result.total_steps ? `, ${grouped(result.steps_per_epoch)} an epoch` : "";
    const rows = [["Steps", `${grouped(result.total_steps)}${epochs}`], ["Memory", `${bytes(result.memory_bytes)} of ${bytes(result.memory_available_bytes)} that are free`],
      ["Disk", `${bytes(result.disk_bytes)} of ${bytes(result.disk_available_bytes)} that are free`]];
    const memory = result.memory_bytes <= result.memory_available_bytes;
    const smaller = !memory && result.batch_size ? [button(`Take batches of ${result.batch_size}`, () => set({training: {batch_size: result.batch_size}}))] : [];
    return [result.few_rows && !method ? note("There are few rows for each label.", "Fine-tuning learns little from fewer than about 50. There are two other ways, and the studio can compare them.", [button("Compare them, and take the best", () => set({training: {method: "auto"}}))], "info") : null,
      result.fits ? null : note(memory ? "The disk has too little room." : "This needs more memory than there is.", memory ? "Free some space, or choose a smaller model." : "A smaller model, shorter texts or smaller batches need less.", smaller),
      h("section", {}, h("h2", {}, minutes ? ["The search takes ", time(60 * minutes), result.seconds ? [", a training of it about ", time(result.seconds)] : ""] : result.seconds ? ["It will take about ", time(result.seconds)] : "What it will take"),
        h("dl", {}, rows.map(([name, value]) => h("div", {class: "between"}, h("dt", {}, name), h("dd", {}, value)))))];
  }
  return {
    node: [heading, h("p", {class: "lead"}, "It starts from a model that has read many texts. A larger one needs more time, and mostly answers better."), models.node,
      h("div", {class: "fields"}, field("Another model", own, "A folder, or a name on the Hugging Face Hub"), field("Epochs: how often it reads all rows", numbers.epochs)),
      h("details", {}, h("summary", {}, "More settings"), h("div", {class: "fields"}, field("Learning rate", numbers.learning_rate, "Empty: 5e-5"), field("Tokens of a text", numbers.max_length, "Empty: 128"), field("Rows of a batch", numbers.batch_size, "Empty: 32"), field("Minutes to search for better settings", numbers.search_minutes, "Empty: no search")), ways.node),
      trouble.node, plan.node, go.node],
    async update(snap) {
      const settings = snap.settings, job = snap.jobs.plan;
      if (list) {
        models.show([list, settings.model], () => [h("legend", {class: "small"}, "Start from"), list.map(one => option(one, settings.model))]);
        if (!settings.model && list.length && list[0].kind !== "hub" && asked !== "first") {
          asked = "first";
          take(list[0].model, list[0].learning_rate);
        }
        if (document.activeElement !== own) own.value = list.some(one => one.model === settings.model) ? "" : settings.model;
      }
      for (const [name, input] of Object.entries(numbers)) if (document.activeElement !== input) input.value = settings.training[name] ?? "";
      ways.show([settings.task, settings.training], () => ["", "text-classification"].includes(settings.task) ? [field("How it learns", way("method", METHODS, settings)), field("Texts that are too long", way("long_text", LONG, settings))] : []);
      const key = JSON.stringify([settings, snap.files, snap.corrections]);
      if (job.state === "none" && settings.model && asked !== key && !app.running(snap)) {
        asked = key;
        app.act(() => ask(app.path("plan"), {}));
      }
      if (job.state === "running") plan.show("running", () => [h("progress", {"aria-label": "Planning"}), h("p", {class: "small"}, "A few steps are tried, to see how long it takes. A model that is not here yet is fetched first.")]);
      if (job.state === "failed") plan.show(job, () => note("There is no plan yet.", plain(job.error), [button("Try again", () => app.act(() => ask(app.path("plan"), {})))]));
      if (job.state === "done" && loadedFor !== key) {
        loadedFor = key;
        loaded = await ask(app.path("plan")).catch(() => null);
      }
      if (job.state === "done" && loaded) plan.show([loaded, settings.training], () => facts(loaded, settings.training));
      if (!settings.model) plan.show("none", () => h("p", {class: "lead"}, "Choose a model."));
      const running = app.running(snap);
      go.show([Boolean(settings.model), running?.name, snap.corrections], () => running ? button("See the training that runs", () => app.go("train"), "first")
        : settings.model ? [button(snap.corrections ? "Start, with the corrected labels" : "Start", async () => {
          if (await app.act(() => ask(app.path("runs"), {})) && await app.refresh()) app.go("train");
        }, "first"), button("Back", () => app.go("check"))] : []);
    },
  };
}

const PHASES = {starting: "The program starts.", loading: "The rows are read, and the model is loaded.", training: "", evaluating: "It answers the validation rows.", finishing: "The model is saved.", reporting: "The report is written."};
const NAMES = {accuracy: "Share of validation rows answered correctly", f1: "F1 on the validation rows", f1_micro: "F1 on the validation rows", mse: "Mean squared error on the validation rows", loss: "Loss on the validation rows"};

// The metric that chooses the best epoch, by those that there are.
function mainMetric(metrics) {
  if ("f1_micro" in metrics) return "f1_micro";  // several labels
  if ("mse" in metrics) return "mse";
  if ("exact_match" in metrics || "precision_weighted" in metrics) return "f1";  // answers; entities
  return ["accuracy", "spearman_cosine", "spearman"].find(name => name in metrics) || "loss";
}

// What a search has found: the trials, the best first.
function trials({trials: all, metric, greater_is_better: greater}) {
  const score = one => one.score === null ? -Infinity : greater ? one.score : -one.score;
  const names = [...new Set(all.flatMap(one => Object.keys(one.settings)))];
  return table("The settings that were tried, the best first", [head("trial", "number"), ...names.map(name => head(name.replaceAll("_", " "), "number")), head("steps", "number"), head(metric, "number"), head("outcome")],
    [...all].sort((one, other) => score(other) - score(one)).map(one => h("tr", {}, cell(String(one.number), "number"), names.map(name => cell(String(one.settings[name] ?? ""), "number")), cell(`${grouped(one.steps)} of ${grouped(one.total_steps)}`, "number"), cell(one.score === null ? "" : one.score.toPrecision(3), "number"), cell(one.number ? one.outcome : `${one.outcome}, the settings of the plan`))));
}

export function trainStep(app) {
  const heading = h("h1", {tabindex: "-1"}), lead = h("p", {class: "lead"}), bar = h("progress", {max: "1", value: "0", "aria-label": "Steps done"}), left = h("span"), right = h("span");
  const trouble = new Place("div"), charts = new Place("div"), go = new Place("div", {class: "go"}), notes = new Place("div"), others = new Place("div");
  let told = -1, searched = "";
  const act = (run, what) => () => app.act(() => ask(app.path(`runs/${run.name}/${what}`), {}));
  function buttons(run) {
    const {step, total_steps: total} = run.progress;
    const keep = step && step < total ? [button("End here, and keep the best", act(run, "finish"))] : [];
    if (run.state === "running") return [button("Stop for now", act(run, "stop")), keep];
    if (run.state === "stopping") return h("p", {class: "small"}, "It stops as soon as it has saved what it has learned.");
    if (run.state === "finishing") return h("p", {class: "small"}, "It learns no more. The best model so far is kept, and its report is written.");
    if (run.state === "done") return [button("See the result", () => app.go("result"), "first")];
    return [button(step ? "Go on" : "Try again", act(run, "resume"), "first"), keep, button("Change the plan", () => app.go("plan")), button("Throw this training away", act(run, "remove"))];
  }
  function showSearch(snap, run) {
    const {search, state} = run, scored = search?.trials.filter(one => one.score !== null) || [];
    const best = scored.length ? (search.greater_is_better ? Math.max : Math.min)(...scored.map(one => one.score)) : null, isShare = best !== null && !isError(search.metric) && best <= 1;
    const says = {running: "Searching.", stopping: "Stopping.", stopped: "Stopped.", failed: "It could not go on.", done: "Done."}[state];
    const name = search?.metric === "accuracy" ? "of the validation rows right" : search?.metric;
    heading.className = state === "failed" ? "stop" : "";
    heading.replaceChildren(says, ...(best === null ? [] : [" Best so far: ", h("em", {}, isShare ? percent(best) : best.toPrecision(3)), ` ${name}`]));
    lead.textContent = state === "running" ? "You may close this page; the search goes on. Come back to the same address." : search?.why && state === "done" ? `${plain(search.why)}.` : "";
    bar.hidden = state !== "running" && state !== "stopped";
    if (search?.budget) bar.value = Math.min(1, search.seconds / search.budget); else bar.removeAttribute("value");
    left.textContent = search ? counted(search.trials.length, "trial") : "";
    right.textContent = search?.budget && state === "running" ? `about ${time(Math.max(0, search.budget - search.seconds))} left` : "";
    trouble.show([state, run.error], () => run.error ? note(state === "failed" ? "What went wrong" : "It was interrupted.", plain(run.error)) : []);
    charts.show(search, () => search ? trials(search) : []);
    go.show([run.name, state], () => state === "running" ? button("Stop for now", act(run, "stop")) : state === "stopping" ? h("p", {class: "small"}, "It stops as soon as it has saved what it has found.")
      : state === "done" ? button("See the result", () => app.go("result"), "first") : [button("Go on", act(run, "resume"), "first"), button("Change the plan", () => app.go("plan")), button("Throw this search away", act(run, "remove"))]);
    notes.show(run.name, () => []);
    others.show([run.name, "search"], () => h("details", {}, h("summary", {}, "On the command line"), h("pre", {tabindex: "0"}, `cd ${quoted(snap.folder)}\nbertune tune --config ${run.name}.json --resume`)));
    if (searched && searched !== state) say(says);
    searched = state;
  }
  return {
    node: [heading, lead, bar, h("div", {class: "between"}, left, right), trouble.node, go.node, charts.node, notes.node, others.node],
    update(snap) {
      const run = app.running(snap) || snap.runs.at(-1);
      if (!run) {
        heading.textContent = "No training yet";
        lead.textContent = "";
        bar.hidden = true;
        charts.show(null, () => []), trouble.show(null, () => []);
        return go.show("none", () => button("Make a plan", () => app.go("plan"), "first"));
      }
      if (run.options?.budget) return showSearch(snap, run);
      const {progress} = run, evaluations = progress.evaluations, best = evaluations.findLast(one => one.best) || evaluations.at(-1);
      const name = best && mainMetric(best.metrics), isShare = best && !isError(name);
      // Metrics of answers are from 0 to 100.
      const of = metrics => "exact_match" in metrics && name === "f1" ? metrics.f1 / 100 : metrics[name];
      const value = best && (isShare ? percent(of(best.metrics)) : of(best.metrics).toPrecision(3));
      heading.className = run.state === "failed" ? "stop" : "";
      const say1 = {running: "Learning.", stopping: "Stopping.", finishing: "Ending.", stopped: "Stopped.", failed: "It could not go on.", done: "Done."}[run.state];
      const text = [say1, best ? " Best so far: " : "", best ? h("em", {}, value) : "", best ? ` ${isShare && name === "accuracy" ? "of the validation rows right" : name}` : ""];
      if (heading.textContent !== text.map(part => part.textContent ?? part).join("")) heading.replaceChildren(...text.filter(Boolean));
      lead.textContent = run.state === "running" ? PHASES[progress.phase] || "You may close this page; training goes on. Come back to the same address."
        : run.state === "stopped" ? "What it has learned so far is kept." : "";
      bar.hidden = run.state === "done";
      if (progress.total_steps) bar.value = progress.step / progress.total_steps; else bar.removeAttribute("value");
      if (run.state !== "running" && !progress.total_steps) bar.hidden = true;
      left.textContent = progress.total_steps ? `Step ${grouped(progress.step)} of ${grouped(progress.total_steps)}` : "";
      right.textContent = run.state === "running" && progress.seconds_left && progress.step < progress.total_steps ? `about ${time(progress.seconds_left)} left` : "";
      trouble.show([run.state, run.error], () => run.error ? note(run.state === "failed" ? "What went wrong" : "It was interrupted.", plain(run.error)) : []);
      charts.show([evaluations, progress.loss.at(-1)?.[0]], () => [
        evaluations.length ? h("figure", {}, h("figcaption", {}, NAMES[name] || shown(name), h("small", {}, "After each evaluation; filled: the best so far")), course(NAMES[name] || name, evaluations.map(one => [one.step, of(one.metrics), one.best]), progress.total_steps, isShare)) : null,
        progress.loss.length > 1 && progress.total_steps ? h("figure", {}, h("figcaption", {}, "Loss", h("small", {}, "How far its answers to the training rows are off; it should fall")), curve(progress.loss, progress.total_steps)) : null]);
      go.show([run.name, run.state, Boolean(progress.step), progress.step < progress.total_steps], () => buttons(run));
      notes.show(progress.notes, () => progress.notes.length ? h("details", {}, h("summary", {}, "Notes"), progress.notes.map(text => h("p", {class: "small"}, plain(text)))) : []);
      const rest = snap.runs.filter(one => one !== run);
      others.show([run.name, run.state === "running", rest.map(one => [one.name, one.state])], () => [h("details", {}, h("summary", {}, "On the command line"), h("pre", {tabindex: "0"}, `cd ${quoted(snap.folder)}\nbertune train --config ${run.name}.json --resume`)),
        rest.length ? h("section", {}, h("h2", {}, "Other trainings"), h("ul", {class: "list"}, rest.map(one => h("li", {}, `${one.name}: ${one.state}`, h("div", {class: "go"},
          one.state !== "done" && run.state !== "running" ? named(button("Go on", act(one, "resume")), `Go on with ${one.name}`) : null, named(button("Throw away", act(one, "remove")), `Throw ${one.name} away`)))))) : null]);
      if (told >= 0 && evaluations.length > told && best) say(`${evaluations.length} evaluations done, best so far ${value}`);
      if (told >= 0 && this.state && this.state !== run.state) say(say1);
      told = evaluations.length, this.state = run.state;
    },
  };
}
export const quoted = text => `'${shown(text).replaceAll("'", `'\\''`)}'`;
