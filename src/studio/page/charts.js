// Charts: a share with its interval, the course of a training, and scores as bars.
import {h, s, between, percent, grouped, bdi, shown} from "./dom.js";

const at = share => `${(100 * share).toFixed(2)}%`;

// One share from 0 to 100 %: [{label, small, value, interval, base}].
export function ranges(rows) {
  return rows.map(({label, small, value, interval, base}) => h("div", {class: "range"},
    h("span", {}, bdi(label), small ? h("small", {class: "small"}, ` ${small}`) : null),
    h("span", {}, s("svg", {"aria-hidden": "true"}, [0, .25, .5, .75, 1].map(place => s("line", {class: "grid", x1: at(place), x2: at(place), y1: "0", y2: "100%"})),
      interval ? s("line", {class: `interval ${base ? "base" : ""}`, x1: at(interval[0]), x2: at(interval[1]), y1: "50%", y2: "50%"}) : null,
      s("circle", {class: `dot ${base ? "base" : ""}`, cx: at(Math.min(1, Math.max(0, value))), cy: "50%", r: "6"}))),
    h("span", {}, h("b", {}, percent(value)), interval ? h("small", {class: "small"}, ` (${between(interval)})`) : null)));
}

// A metric after each evaluation, by the step.
export function course(name, points, total, isShare) {
  const values = points.map(([, value]) => value);
  const most = isShare ? 1 : Math.max(...values, 1e-9) * 1.1, least = isShare ? 0 : Math.min(0, ...values);
  const x = step => at(total ? step / total : 0), y = value => at(1 - (value - least) / (most - least));
  const words = value => isShare ? (100 * value).toFixed(1) : value.toPrecision(3);
  const marks = isShare ? [0, .25, .5, .75, 1] : [least, (least + most) / 2, most];
  const label = points.length ? `${name}: ${points.map(([step, value]) => `step ${step}: ${words(value)}`).join(", ")}` : `${name}: no result yet`;
  return h("div", {class: "plot"}, s("svg", {role: "img", "aria-label": label},
    marks.map(value => [s("line", {class: "grid", x1: "0", x2: "100%", y1: y(value), y2: y(value)}),
      s("text", {x: "-8", y: y(value), dy: "4", "text-anchor": "end"}, words(value) + (isShare && value === 1 ? " %" : ""))]),
    [0, .5, 1].map(place => s("text", {x: at(place), y: "100%", dy: "20", "text-anchor": "middle"}, place ? `step ${grouped(place * total)}` : "start")),
    points.map(([step, value, best], i) => [s("circle", {class: best ? "dot" : "dot base", cx: x(step), cy: y(value), r: "5.5"}),
      i === points.length - 1 || best ? s("text", {x: x(step), y: y(value), dx: "9", dy: "-6"}, words(value)) : null])));
}

// The loss of all steps so far.
export function curve(points, total) {
  const most = Math.max(...points.map(([, loss]) => loss), 1e-9) * 1.05;
  const path = points.map(([step, loss], i) => `${i ? "L" : "M"}${(1000 * step / total).toFixed(1)} ${(1000 - 1000 * loss / most).toFixed(1)}`).join("");
  const last = points.at(-1);
  return h("div", {class: "plot"}, s("svg", {role: "img", "aria-label": `Loss: from ${points[0][1].toPrecision(3)} at step ${points[0][0]} to ${last[1].toPrecision(3)} at step ${last[0]}`},
    [0, most / 2, most].map(value => [s("line", {class: "grid", x1: "0", x2: "100%", y1: at(1 - value / most), y2: at(1 - value / most)}),
      s("text", {x: "-8", y: at(1 - value / most), dy: "4", "text-anchor": "end"}, value.toPrecision(2))]),
    s("svg", {width: "100%", height: "100%", viewBox: "0 0 1000 1000", preserveAspectRatio: "none"}, s("path", {class: "curve", d: path})),
    s("text", {x: at(last[0] / total), y: at(1 - last[1] / most), dx: "8", dy: "4"}, last[1].toPrecision(3))));
}

// Scores of labels, the first marked.
export function bars(scores) {
  return h("ul", {class: "bars"}, scores.map(([label, score], i) => h("li", {}, bdi(label),
    s("svg", {"aria-hidden": "true"}, s("rect", {class: "track", y: "40%", width: "100%", height: "20%"}),
      s("rect", {class: i ? "bar" : "bar on", width: at(Math.max(.004, Math.min(1, score))), height: "100%"})),
    h("span", {class: "n"}, percent(score)))));
}

// A text with the words that an answer comes from; `contributions` are in points of the score.
export function marked(text, words, contributions) {
  const letters = [...text], made = h("p", {class: "quote", dir: "auto"});
  let place = 0;
  words.forEach((word, i) => {
    const points = contributions[i];
    const kind = points >= 15 ? "for2" : points >= 5 ? "for1" : points <= -15 ? "not2" : points <= -5 ? "not1" : "";
    made.append(shown(letters.slice(place, word.start).join("")));
    const content = shown(letters.slice(word.start, word.end).join(""));
    made.append(kind ? h("span", {class: kind, title: `${points > 0 ? "+" : ""}${points.toFixed(0)} points`}, content) : content);
    place = word.end;
  });
  made.append(shown(letters.slice(place).join("")));
  return made;
}
