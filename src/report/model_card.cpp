#include "report/model_card.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/file.h"
#include "core/printable.h"

namespace bertune::report {
namespace {

constexpr const char* kCardFile = "README.md";
constexpr const char* kWritten = "<!-- Written by bertune.";

// A text of data in Markdown: one line, without markup.
std::string plain(const std::string& text) {
  std::string result;
  for (const char letter : printable(text)) {
    if (letter == '<') {
      result += "&lt;";
    } else {
      if (std::string_view("\\`*_[]|#&").find(letter) != std::string_view::npos) result += '\\';
      result += letter;
    }
  }
  return result;
}

// A text as YAML takes it in quotes; JSON's are a part of YAML's.
std::string quoted(const std::string& text) {
  return Json(printable(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The value of a setting in the text of run.yaml; empty without one.
std::string setting_of(const OrderedJson& facts, const std::string& name) {
  const std::string yaml = facts.value("settings", "");
  const std::size_t begin = yaml.find("\n" + name + ": \"");
  if (begin == yaml.npos) return "";
  const std::size_t from = begin + name.size() + 4, to = yaml.find('"', from);
  return to == yaml.npos ? "" : yaml.substr(from, to - from);
}

// The name on the Hub of what was trained on, without its commit; empty for a folder.
std::string base_model(const OrderedJson& facts) {
  std::string name = setting_of(facts, "model");
  if (name.empty() || path_exists(name) || std::ranges::count(name, '/') > 1) return "";
  name.resize(std::min(name.size(), name.find('@')));
  return name;
}

std::string hub_metric(const std::string& metric) { return metric.starts_with("f1") ? "f1" : metric; }

std::string head(const OrderedJson& facts) {
  const std::string task = facts.value("task", "");
  const bool embeds = task == "sentence-embedding";
  std::string yaml =
      fmt::format("---\nlibrary_name: {}\npipeline_tag: {}\n",
                  embeds ? "sentence-transformers" : "transformers", embeds ? "sentence-similarity" : task);
  const std::string base = base_model(facts);
  if (!base.empty()) yaml += fmt::format("base_model: {}\n", quoted(base));
  yaml += "tags:\n- bertune\n- bert\nmetrics:\n";
  for (const OrderedJson& one : facts.at("metrics"))
    yaml += fmt::format("- {}\n", one.at("name").get<std::string>());
  const OrderedJson& headline = facts.at("headline");
  yaml += fmt::format(
      "model-index:\n- name: {}\n  results:\n  - task:\n      type: {}\n      name: {}\n    dataset:\n      "
      "type: {}\n      name: {}\n"
      "      split: {}\n    metrics:\n",
      quoted(facts.value("name", "")), embeds ? "sentence-similarity" : task,
      embeds ? "sentence-similarity" : task,
      quoted(std::filesystem::path(headline.value("path", "")).stem().string()),
      quoted(std::filesystem::path(headline.value("path", "")).filename().string()),
      headline.at("set").get<std::string>());
  for (const OrderedJson& one : facts.at("metrics")) {
    const std::string name = one.at("name");
    yaml += fmt::format("    - type: {}\n      name: {}\n      value: {}\n", hub_metric(name), name,
                        one.at("value").dump());
  }
  return yaml + "---\n";
}

std::string value_text(double value, bool share) {
  return share ? fmt::format("{:.1f}%", 100 * value) : fmt::format("{:.4f}", value);
}

std::string results(const OrderedJson& facts) {
  const OrderedJson& headline = facts.at("headline");
  std::string text = fmt::format(
      "## Results\n\nOn the {} {} rows of {}{}:\n\n| metric | value | 95% interval |\n| --- | --- | --- |\n",
      headline.at("rows").dump(), headline.at("set").get<std::string>(),
      plain(std::filesystem::path(headline.value("path", "")).filename().string()),
      headline.at("set") == "test" ? "" : ", which chose the epoch and so flatter");
  for (const OrderedJson& one : facts.at("metrics")) {
    const std::string name = one.at("name");
    const bool share = name != "mae" && name != "rmse" && name != "pearson";
    text += fmt::format("| {} | {} | {} |\n", plain(name), value_text(one.at("value"), share),
                        one.contains("interval") ? value_text(one.at("interval")[0], share) + " to " +
                                                       value_text(one.at("interval")[1], share)
                                                 : "");
  }
  if (!facts.contains("labels_table")) return text;
  text += "\n| label | rows | found | right of those given | F1 |\n| --- | --- | --- | --- | --- |\n";
  for (const OrderedJson& one : facts.at("labels_table")) {
    text += fmt::format("| {} | {} | {} | {} | {:.3f} |\n", plain(one.at("label").get<std::string>()),
                        one.at("support").dump(), value_text(one.at("recall"), true),
                        value_text(one.at("precision"), true), one.at("f1").get<double>());
  }
  return text;
}

std::string use(const OrderedJson& facts) {
  const std::string task = facts.value("task", "");
  if (task == "sentence-embedding")
    return "```python\nfrom sentence_transformers import SentenceTransformer\n\nmodel = "
           "SentenceTransformer(\"this-folder\")\n```\n";
  if (task == "multiple-choice")
    return "```python\nfrom transformers import AutoModelForMultipleChoice\n\nmodel = "
           "AutoModelForMultipleChoice.from_pretrained(\"this-folder\")\n```\n";
  if (task == "question-answering")
    return "```python\nfrom transformers import AutoModelForQuestionAnswering\n\nmodel = "
           "AutoModelForQuestionAnswering.from_pretrained(\"this-folder\")\n```\n";
  return fmt::format(
      "```python\nfrom transformers import pipeline\n\nmodel = pipeline(\"{}\", \"this-folder\")\n```\n",
      task);
}

std::string training(const OrderedJson& facts) {
  std::string text = "## Training\n\n";
  const OrderedJson run = facts.value("run", OrderedJson::object());
  const std::string base = base_model(facts);
  if (!base.empty()) text += fmt::format("Fine-tuned from {}. ", plain(base));
  if (run.contains("train_rows"))
    text += fmt::format("{} training rows, {:.3g} epochs, {:.0f} steps.\n", run.at("train_rows").dump(),
                        run.value("epochs", 0.0), run.value("steps", 0.0));
  if (facts.contains("settings"))
    text +=
        fmt::format("\n<details><summary>All settings (run.yaml)</summary>\n\n~~~yaml\n{}~~~\n\n</details>\n",
                    facts.at("settings").get<std::string>());
  return text + fmt::format("\nTrained with bertune {}.\n", plain(facts.value("version", "")));
}

}  // namespace

std::string model_card(const OrderedJson& facts) {
  return fmt::format(
      "{}\n{} Remove this line to keep your own changes. -->\n\n# {}\n\nA BERT model for {}{}.\n\n"
      "## Intended use\n\nTexts like those that it was tested on. Say here who may use it, for what, and for "
      "what not.\n\n{}\n{}\n{}",
      head(facts), kWritten, plain(facts.value("name", "")), facts.value("task", ""),
      facts.value("labels", 0) > 1 ? fmt::format(" with {} labels", facts.value("labels", 0)) : "",
      use(facts), results(facts), training(facts));
}

void write_model_card(const std::filesystem::path& folder, const OrderedJson& facts) {
  const std::filesystem::path path = folder / kCardFile;
  if (path_exists(path) && read_file(path, 1 << 24).find(kWritten) == std::string::npos) return;
  write_file_atomically(path, model_card(facts));
}

}  // namespace bertune::report
