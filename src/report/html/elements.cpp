#include "report/html/elements.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/printable.h"
#include "core/utf8.h"

namespace bertune::report::html {
namespace {

std::string with_separators(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (auto place = static_cast<std::int64_t>(digits.size()) - 3; place > (value < 0 ? 1 : 0); place -= 3)
    digits.insert(static_cast<std::size_t>(place), ",");
  return digits;
}

std::string shortened(std::string_view text, std::size_t most) {
  std::string result;
  std::size_t at = 0, points = 0;
  while (at < text.size() && points < most) {
    const CodePoint point = decode_utf8(text, at);
    result += text.substr(at, point.bytes);
    at += point.bytes, ++points;
  }
  return at < text.size() ? result + "…" : result;
}

constexpr const char* kThin = "\u202f";  // before "%"

}  // namespace

std::string escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    at += point.bytes;
    switch (point.value) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      case '\n':
      case '\t':
        html += static_cast<char>(point.value);
        break;
      default:
        if (is_control(point.value)) {
          html += fmt::format("<mark>U+{:04X}</mark>", static_cast<std::uint32_t>(point.value));
        } else {
          append_utf8(html, point.value);
        }
    }
  }
  return html;
}

std::string name(std::string_view text) {
  if (text.empty()) return "<i>none</i>";
  std::string html;
  for (const char letter : escaped(shortened(text, 60))) {
    html += letter;
    if (letter == '_' || letter == '-') html += "<wbr>";  // where a line may end
  }
  return fmt::format("<bdi>{}</bdi>", html);
}

std::string quote(std::string_view text) {
  return fmt::format("<blockquote dir=\"auto\">{}</blockquote>",
                     text.empty() ? "<small>(empty)</small>" : escaped(text));
}

std::string beginning_of_row(const OrderedJson& row) {
  const auto beginning = [](const OrderedJson& value) {
    constexpr std::size_t kMost = 300;
    const std::string_view text = value.get_ref<const std::string&>(), begin = beginning_of(text, kMost);
    return "<span dir=\"auto\">" + escaped(begin) + (begin.size() < text.size() ? "…" : "") + "</span>";
  };
  std::string html = beginning(row.at("text"));
  if (row.contains("text_pair")) html += "<br>" + beginning(row.at("text_pair"));
  return html;
}

std::string marked(std::string_view text, std::span<const Mark> marks) {
  std::string html;
  std::size_t done = 0;
  for (const Mark& mark : marks) {
    if (mark.begin < done || mark.end < mark.begin || mark.end > text.size()) continue;
    html += escaped(text.substr(done, mark.begin - done));
    html += fmt::format("<span class=\"{0} {0}{1}\" title=\"{2:+.3g}\">{3}</span>",
                        mark.contribution > 0 ? "p" : "n", mark.shade, mark.contribution,
                        escaped(text.substr(mark.begin, mark.end - mark.begin)));
    done = mark.end;
  }
  return html + escaped(text.substr(done));
}

std::string marked_quote(std::string_view text, std::span<const Mark> marks) {
  return "<blockquote class=\"why\" dir=\"auto\">" + marked(text, marks) + "</blockquote>";
}

std::string number(double value, std::string_view shown) {
  return fmt::format("<data value=\"{}\">{}</data>", Json(value).dump(), shown);
}

std::string count(const OrderedJson& value) {
  if (!value.is_number()) return "–";
  const double number_value = value.get<double>();
  return fmt::format("<data value=\"{}\">{}</data>", value.dump(),
                     with_separators(std::llround(number_value)));
}

std::string decimal(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  return number(value, size != 0 && (size < 0.001 || size >= 1e6) ? fmt::format("{:.3g}", value)
                       : size < 10                                ? fmt::format("{:.3f}", value)
                                                                  : fmt::format("{:.4g}", value));
}

std::string percent(double value) { return number(value, fmt::format("{:.1f}{}%", 100 * value, kThin)); }

std::string interval(const OrderedJson& bounds, bool is_share) {
  if (!bounds.is_array() || bounds.size() != 2) return "";
  const double low = bounds[0], high = bounds[1];
  const auto shown = [&](double value) {
    return is_share ? number(value, fmt::format("{:.1f}", 100 * value)) : decimal(value);
  };
  return fmt::format("<span class=\"nb\">({}–{})</span>", shown(low), shown(high));
}

bool is_share(const std::string& metric) {
  return metric != "mae" && metric != "rmse" && metric != "pearson" && metric != "loss";
}

std::string metric_value(const std::string& metric, double value) {
  return is_share(metric) ? percent(value) : decimal(value);
}

std::string metric_name(const std::string& metric) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kNames = {{
      {"accuracy", "accuracy"},
      {"f1_macro", "F1, mean of the classes"},
      {"f1_micro", "F1 of all labels"},
      {"f1_samples", "F1, mean of the rows"},
      {"f1", "F1"},
      {"exact_match", "exactly right"},
      {"mae", "mean absolute error"},
      {"rmse", "root mean squared error"},
      {"pearson", "Pearson correlation"},
  }};
  for (const auto& [key, title] : kNames)
    if (key == metric) return std::string(title);
  return escaped(metric);
}

std::string section(std::string_view id, std::string_view question, std::string_view answer,
                    std::string_view evidence) {
  return fmt::format(
      "<section id=\"{0}\" aria-labelledby=\"h-{0}\"><div class=\"say\"><h2 "
      "id=\"h-{0}\">{1}</h2><p>{2}</p></div>\n"
      "<div class=\"show\">{3}</div></section>\n",
      id, question, answer, evidence);
}

std::string table(std::string_view caption, const std::vector<std::string>& titles,
                  const std::vector<std::vector<std::string>>& rows, std::string_view css) {
  const auto is_number = [&](std::size_t column) { return titles[column].starts_with(">"); };
  std::string html = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table "
      "class=\"{1}\"><caption>{0}</caption>"
      "<thead><tr>",
      caption, css);
  for (std::size_t column = 0; column < titles.size(); ++column) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", is_number(column) ? " class=\"r\"" : "",
                        titles[column].substr(is_number(column) ? 1 : 0));
  }
  html += "</tr></thead><tbody>";
  for (const std::vector<std::string>& row : rows) {
    html += "<tr>";
    for (std::size_t column = 0; column < row.size(); ++column) {
      html += column == 0
                  ? fmt::format("<th scope=\"row\">{}</th>", row[column])
                  : fmt::format("<td{}>{}</td>", is_number(column) ? " class=\"r\"" : "", row[column]);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

std::string folded(std::string_view summary, std::string_view content) {
  return fmt::format("<details><summary>{}</summary>{}</details>", summary, content);
}

std::string facts(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string html = "<dl class=\"facts\">";
  for (const auto& [term, value] : pairs) html += fmt::format("<dt>{}</dt><dd>{}</dd>", term, value);
  return html + "</dl>";
}

}  // namespace bertune::report::html
