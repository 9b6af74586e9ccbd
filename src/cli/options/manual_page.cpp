// Manual pages, in the macros of man(7).
#include <fmt/format.h>

#include <string>

#include "cli/options/option_table.h"

namespace bertune::cli {
namespace {

// Text as it is: no line of it is a request, and hyphens of flags can be copied and searched for.
std::string roff(std::string_view text) {
  std::string result;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) result += "\\&";
    begins_line = c == '\n';
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

std::string item(std::string_view title, std::string_view value, std::string_view text) {
  const std::string placeholder = value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(value));
  return fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(title), placeholder, roff(text));
}

std::string options_of(const CommandRow& command) {
  std::string text, group;
  for (const OptionRow& option : command.options) {
    if (option.group != group) text += fmt::format(".SS {}\n", roff(option.group));
    group = option.group;
    const std::string title =
        option.short_flag.empty() ? option.flag : fmt::format("{}, {}", option.short_flag, option.flag);
    text += item(title, option.value, option.text);
  }
  return text;
}

std::string page_name(const CommandRow& command) {
  return command.name.empty() ? "bertune" : fmt::format("bertune-{}", command.name);
}

}  // namespace

std::string manual_page(const std::vector<CommandRow>& table, const CommandRow& command) {
  const bool is_program = command.name.empty();
  const std::string name = page_name(command);
  const std::string summary = command.text.substr(0, command.text.find('\n'));
  std::string text = fmt::format(
      ".TH {} 1 \"\" \"bertune {}\" \"Bertune manual\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}\n"
      ".SH DESCRIPTION\n{}\n",
      name, BERTUNE_VERSION, name, roff(summary), roff(command.usage), roff(command.text));
  if (is_program) {
    text += ".SH COMMANDS\n";
    for (const CommandRow& other : table)
      if (!other.name.empty()) text += item(other.name, {}, other.text);
  }
  text += fmt::format(".SH OPTIONS\n{}", options_of(command));
  if (!command.footer.empty()) text += fmt::format(".SH EXAMPLES\n.nf\n{}\n.fi\n", roff(command.footer));
  text += ".SH SEE ALSO\n";
  for (const CommandRow& other : table)
    if (is_program != other.name.empty())
      text += fmt::format(".BR {} (1){}\n", roff(page_name(other)),
                          &other == &table.back() || !is_program ? "" : ",");
  return text;
}

}  // namespace bertune::cli
