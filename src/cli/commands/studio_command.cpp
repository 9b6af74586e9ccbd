#include "cli/commands/studio_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "bertune/error.h"
#include "cli/options/shared_options.h"
#include "cli/screen/messages.h"
#include "cli/screen/server_signals.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/writing.h"
#include "serve/http_server.h"
#include "studio/child.h"
#include "studio/models.h"
#include "studio/studio.h"
#include "studio/token.h"

namespace bertune::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kPort = 8765;
constexpr const char* kProgram = "/proc/self/exe";
// A page that leads to the studio, which a browser is shown in place of the link: everybody on the machine
// sees the arguments of a program.
constexpr const char* kDoor = "open-studio.html";

struct StudioFlags {
  fs::path projects;
  std::optional<int> port;
  bool no_browser = false;
  ScreenOptions screen;
};

fs::path projects_of(const StudioFlags& options) {
  if (!options.projects.empty()) return fs::absolute(options.projects);
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') throw UsageError("--projects is missing: there is no home folder");
  return fs::path(home) / "bertune-studio";
}

std::string door_to(const std::string& link) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Bertune studio</title>\n"
      "<meta http-equiv=\"refresh\" content=\"0;url={0}\"><p><a href=\"{0}\">Open the studio</a>, which must "
      "be "
      "running.</p>\n</html>\n",
      link);
}

bool has_screen() {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

void open_browser(const StudioFlags& options, const fs::path& door) {
  const fs::path opener = "/usr/bin/xdg-open";
  if (options.no_browser || !has_screen() || !path_exists(opener)) return;
  const studio::Child browser(
      {.program = opener, .arguments = {door.string()}, .folder = door.parent_path(), .survives = true});
}

// Another start on the same projects leads to the studio that is there.
void lead_to_running(const StudioFlags& options, const fs::path& projects) {
  print_notes({fmt::format("the studio of {} is running already", projects.string())});
  const fs::path door = projects / kDoor;
  if (!path_exists(door)) return;
  const std::string page = read_file(door, 65536);
  const std::size_t begin = page.find("url="), end = page.find('"', begin);
  if (begin != page.npos && end != page.npos)
    write_to_standard_output(fmt::format("READY {}\n", page.substr(begin + 4, end - begin - 4)));
  open_browser(options, door);
}

std::unique_ptr<serve::HttpServer> listen(const StudioFlags& options, studio::Studio& studio) {
  const int port = options.port.value_or(kPort);
  if (port < 0 || port > 65535)
    throw UsageError("port", fmt::format("`port` is {}; it must be 0 to 65535", port));
  serve::HttpOptions http{.port = static_cast<std::uint16_t>(port)};
  http.limits.body_bytes = std::size_t{4} << 20;
  http.limits.connections = 256;
  const auto open = [&studio](const serve::HttpRequest& head) { return studio.open(head); };
  try {
    return std::make_unique<serve::HttpServer>(http, open);
  } catch (const Error&) {
    if (options.port) throw;
    http.port = 0;  // another program has the usual one
    return std::make_unique<serve::HttpServer>(http, open);
  }
}

void run_studio(const StudioFlags& options) {
  const fs::path projects = projects_of(options);
  writing::make_folders(projects);
  const std::optional<FolderLock> lock = FolderLock::unless_taken(projects);
  if (!lock) return lead_to_running(options, projects);
  const std::string token = studio::token_of(projects);
  ServerSignals signals;
  studio::Studio studio({.program = kProgram,
                         .projects = projects,
                         .token = token,
                         .included = studio::included_models(kProgram),
                         .quit = [] { ::kill(::getpid(), SIGTERM); }});
  const std::unique_ptr<serve::HttpServer> server = listen(options, studio);
  const std::string link = fmt::format("http://127.0.0.1:{}/{}/", server->port(), token);
  studio::write_for_owner(projects / kDoor, door_to(link));
  write_to_standard_output(fmt::format("READY {}\n", link));
  open_browser(options, projects / kDoor);
  while (signals.wait() == ServerSignals::Kind::reload) continue;
  if (studio.has_running())
    print_notes({"training goes on without the studio; start it again to watch, or to stop it"});
}

}  // namespace

void add_studio_command(CLI::App& app) {
  const auto options = std::make_shared<StudioFlags>();
  CLI::App* command = app.add_subcommand(
      "studio", "Open a page on this machine: from a file of data to a model that is used");
  command->add_option("--projects", options->projects, "Folder of the projects (default: ~/bertune-studio)")
      ->type_name("FOLDER");
  command->add_option(
      "--port", options->port,
      "Port of this machine to listen on (default: 8765, or any that is free; 0: any that is free)");
  command->add_flag("--no-browser", options->no_browser, "Only print the link, and open no browser");
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune studio\n"
      "  bertune studio --projects my-projects --no-browser\n"
      "See docs/studio.md.");
  command->callback([options] { run_studio(*options); });
}

}  // namespace bertune::cli
