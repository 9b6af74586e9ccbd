// Elements, words and requests. Text from files and models becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children.flat(9)) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
export const $ = id => document.getElementById(id);

// Marks that turn the direction of writing are shown, so that they cannot turn it.
const MARKS = {"\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI"};
export const shown = text => String(text).replace(/[\u202a-\u202e\u2066-\u2069]/g, mark => `⟨${MARKS[mark]}⟩`)
  .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, letter => String.fromCharCode(0x2400 + (letter === "\u007f" ? 0x21 : letter.charCodeAt(0))));
export const bdi = text => h("bdi", {dir: "auto"}, shown(text));
export const quote = text => h("p", {class: "quote", dir: "auto"}, shown(text));
export const button = (text, act, kind = "") => h("button", {type: "button", class: `button ${kind}`, on: {click: act}}, text);

export const percent = share => `${(100 * share).toFixed(1)}\u202f%`;
export const between = ([low, high]) => `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`;
export const isError = metric => ["mse", "rmse", "mae", "loss"].includes(metric);  // no share: the less, the better
export const measured = (metric, value) => isError(metric) ? value.toPrecision(3) : percent(value);
export const grouped = number => Math.round(number).toLocaleString("en");
export const counted = (number, what) => `${grouped(number)} ${what}${number === 1 ? "" : "s"}`;
export function bytes(number) {
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]])
    if (number >= size) return `${(number / size).toFixed(number < 10 * size ? 1 : 0)} ${unit}`;
  return `${number} bytes`;
}
export function time(seconds) {
  if (seconds < 90) return counted(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  return `${(seconds / 3600).toFixed(1)} hours`;
}
// Options that messages name in backticks, or as flags, in words.
export const plain = text => shown(text).replace(/`([a-z_]+)(=[^`]*)?`/g, (_, name, value = "") => `“${name.replaceAll("_", " ")}${value.replace("=", " = ")}”`)
  .replace(/--([a-z][a-z-]*)/g, (_, name) => `“${name.replaceAll("-", " ")}”`);

export function say(text) { $("status").textContent = text; }

export function note(title, text, buttons = [], kind = "") {
  return h("div", {class: `note ${kind}`, role: kind ? null : "alert"}, h("p", {}, h("b", {}, title)), text ? h("p", {}, text) : null,
    buttons.length ? h("div", {class: "go"}, buttons) : null);
}

// A table that scrolls where it is wider than the page.
export function table(caption, heads, rows) {
  return h("div", {class: "scroll", role: "region", tabindex: "0", "aria-label": caption}, h("table", {}, h("caption", {}, caption),
    h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)));
}
export const head = (text, kind) => h("th", {scope: "col", class: kind}, text);
export const cell = (content, kind) => h("td", {class: kind, dir: kind === "text" ? "auto" : null}, content);

// A control that its words alone do not tell from others.
export function named(control, label) {
  control.setAttribute("aria-label", label);
  return control;
}

let numbers = 0;
export function field(label, control, hint) {
  control.id = control.id || `field-${++numbers}`;
  const words = hint ? h("p", {class: "small", id: `${control.id}-hint`}, hint) : null;
  if (words) control.setAttribute("aria-describedby", words.id);
  return h("div", {class: "field"}, h("label", {for: control.id}, label), control, words);
}
export const select = (options, value, act) => {
  const made = h("select", {on: {change: event => act(event.target.value)}}, options.map(([id, text]) => h("option", {value: id}, shown(text))));
  made.value = value;
  return made;
};

// Until something is asked again: what goes on, and a program that does not answer.
const GOES_ON = 400, AWAY = 1000;
export const pause = (milliseconds = GOES_ON) => new Promise(done => setTimeout(done, milliseconds));

// What the program answers; an Error with its sentence where it refuses.
export async function ask(path, body) {
  let reply;
  try {
    reply = await fetch(path, body === undefined ? {} : {method: "POST", body: body instanceof Blob ? body : JSON.stringify(body)});
  } catch {
    throw Object.assign(new Error("The program does not answer. Is it running?"), {away: true});
  }
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw Object.assign(new Error(plain(answer.error || `status ${reply.status}`)), {status: reply.status});
  return answer;
}

// A place on the page that is made anew when what it shows has changed, and only then: what has the focus stays.
export class Place {
  constructor(tag = "div", attributes = {}) { this.node = h(tag, attributes); }
  show(key, make) {
    const text = JSON.stringify(key);
    if (text === this.key) return;
    this.key = text;
    const focused = this.node.contains(document.activeElement) ? document.activeElement.id : "";
    this.node.replaceChildren(...[make()].flat(9).filter(child => child));
    if (focused && $(focused)) $(focused).focus();
  }
}

// A file goes in pieces, of which the browser has one in memory at a time.
const PIECE = 2000000;
export async function upload(project, file, progress) {
  const path = `api/projects/${project}/uploads`, {upload: number} = await ask(path, {name: file.name, bytes: file.size});
  for (let sent = 0, tries = 0; ;) {
    try {
      const answer = await ask(`${path}/${number}/${sent}`, file.slice(sent, sent + PIECE));
      sent = answer.received, tries = 0;
      progress(sent / file.size);
      if (answer.name) return answer.name;
    } catch (error) {
      if (!error.away || ++tries > 30) throw error;
      await pause(AWAY);
    }
  }
}
export function dropzone(label, hint, act, id = "file") {
  const input = h("input", {type: "file", multiple: true, id, on: {change: () => { act([...input.files]); input.value = ""; }}});
  const zone = h("div", {class: "drop", on: {
    dragover: event => { event.preventDefault(); zone.classList.add("over"); },
    dragleave: () => zone.classList.remove("over"),
    drop: event => { event.preventDefault(); zone.classList.remove("over"); act([...event.dataTransfer.files]); }}},
    h("label", {for: id}, label), input, h("p", {class: "small"}, hint));
  return zone;
}
