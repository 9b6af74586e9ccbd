#include "cli/commands/serve_command.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/threads.h"
#include "cli/config/run_config.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/line_log.h"
#include "cli/screen/messages.h"
#include "cli/screen/server_signals.h"
#include "core/file.h"
#include "serve/priority.h"
#include "serve/server.h"
#include "train/arguments.h"

namespace bertune::cli {
namespace {

struct ServeOptions {
  std::vector<std::string> models;
  HubFlags hub;
  std::string host = "127.0.0.1";
  int port = 8080;
  std::filesystem::path api_key_file, admin_key_file, certificate, private_key;
  bool allow_anonymous = false, no_page = false, access_log = false;
  std::vector<std::string> allowed_hosts, cors_origins;
  double max_batch_ms = 50, deadline = 30, drain_timeout = 30;
  std::int64_t max_queue_tokens = 65536, max_connections = 4096, max_body_bytes = 2'000'000;
  std::optional<std::int64_t> max_length;
  std::optional<Precision> precision = Precision::fp32;
  std::optional<double> threshold, min_confidence;
  LongTextOptions long_text;
  tasks::QuestionAnsweringOptions question_answering;
  ThreadOptions threads;
  ScreenOptions screen;
};

// A name that stands in addresses and headers as it is.
std::string clean_name(std::string name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";
  for (char& letter : name)
    if (kAllowed.find(letter) == kAllowed.npos) letter = '-';
  return name.empty() ? "model" : name;
}

// "NAME=MODEL", a folder, or a name on the hub.
serve::ModelSource source_of(const std::string& asked, const ServeOptions& options) {
  const std::size_t sign = path_exists(asked) ? asked.npos : asked.find('=');
  const std::filesystem::path model = sign == asked.npos ? asked : asked.substr(sign + 1);
  std::string name = sign == asked.npos ? model.string() : asked.substr(0, sign);
  if (sign == asked.npos && path_exists(model)) name = std::filesystem::canonical(model).filename().string();
  serve::ModelSource source{.name = clean_name(name)};
  source.folder = options.hub.find(model, options.screen.hides_progress());
  source.options.base = options.hub.find_base(source.folder, options.screen.hides_progress());
  source.options.max_length = options.max_length;
  source.options.long_text = options.long_text;
  source.options.precision = train::precision_of(options.precision);
  source.options.threshold = options.threshold;
  source.options.min_confidence = options.min_confidence;
  source.options.doc_stride = options.question_answering.doc_stride;
  source.options.n_best_size = options.question_answering.n_best_size;
  source.options.max_answer_length = options.question_answering.max_answer_length;
  source.options.null_score_diff_threshold = options.question_answering.null_score_diff_threshold;
  return source;
}

std::vector<serve::ModelSource> sources_of(const ServeOptions& options) {
  if (const auto least = options.min_confidence; least && !(*least >= 0 && *least <= 1))
    throw UsageError("min_confidence", fmt::format("`min_confidence` is {}; it must be from 0 to 1", *least));
  std::vector<serve::ModelSource> sources;
  for (const std::string& asked : options.models) {
    serve::ModelSource source = source_of(asked, options);
    for (const serve::ModelSource& other : sources) {
      if (other.name == source.name)
        throw UsageError(fmt::format("two models are named {0}; give one another name: other={1}",
                                     source.name, source.folder.string()));
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

// A key a line.
std::vector<std::string> keys_in(const std::filesystem::path& file) {
  std::vector<std::string> keys;
  const std::string text = read_file_or_pipe(file, 1 << 20);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string key = text.substr(at, end - at);
    while (!key.empty() && (key.back() == '\r' || key.back() == ' ')) key.pop_back();
    if (!key.empty()) keys.push_back(std::move(key));
    at = end + 1;
  }
  if (keys.empty()) throw Error(fmt::format("{}: holds no key; a line is one", file.string()));
  return keys;
}

serve::Protection protection_of(const ServeOptions& options) {
  serve::Protection protection{.allowed_hosts = options.allowed_hosts,
                               .cors_origins = options.cors_origins,
                               .is_loopback = serve::is_loopback(options.host)};
  if (!options.api_key_file.empty()) {
    protection.keys = keys_in(options.api_key_file);
  } else if (const char* key = std::getenv("BERTUNE_API_KEY"); key != nullptr && *key != '\0') {
    protection.keys = {key};
  }
  if (!options.admin_key_file.empty()) protection.admin_keys = keys_in(options.admin_key_file);
  if (!protection.is_loopback && protection.keys.empty() && !options.allow_anonymous) {
    throw UsageError("host", fmt::format("other machines can reach `host={}`: give `api_key_file`, or "
                                         "`allow_anonymous` if anybody may ask",
                                         options.host));
  }
  return protection;
}

serve::HttpOptions http_options_of(const ServeOptions& options) {
  if (options.port < 0 || options.port > 65535)
    throw UsageError("port", fmt::format("`port` is {}; it must be 0 to 65535", options.port));
  if (options.certificate.empty() != options.private_key.empty())
    throw UsageError("`ssl_cert_file` and `ssl_key_file` go together");
  if (options.max_connections < 1 || options.max_body_bytes < 1)
    throw UsageError("`max_connections` and `max_body_bytes` must be at least 1");
  serve::HttpOptions http{.host = options.host,
                          .port = static_cast<std::uint16_t>(options.port),
                          .certificate = options.certificate,
                          .private_key = options.private_key};
  http.limits.connections = static_cast<std::size_t>(options.max_connections);
  http.limits.body_bytes = static_cast<std::size_t>(options.max_body_bytes);
  return http;
}

serve::ServiceOptions service_options_of(const ServeOptions& options) {
  constexpr double kLongest = 1e8;  // seconds, three years: the clock counts nanoseconds
  const auto is_time = [](double value) { return value >= 0 && value <= kLongest; };
  if (!is_time(options.max_batch_ms) || !is_time(options.deadline) || options.deadline == 0 ||
      !is_time(options.drain_timeout) || options.max_queue_tokens < 1)
    throw UsageError(
        "`max_batch_ms`, `deadline`, `drain_timeout` and `max_queue_tokens` must be above 0, and the times "
        "at most 100000000");
  serve::ServiceOptions service;
  service.scheduler.max_batch = std::chrono::milliseconds(static_cast<std::int64_t>(options.max_batch_ms));
  service.scheduler.max_queue_tokens = options.max_queue_tokens;
  service.protection = protection_of(options);
  service.deadline = std::chrono::milliseconds(static_cast<std::int64_t>(1000 * options.deadline));
  service.workers = std::clamp(num_threads(), 2, 4);
  service.has_page = !options.no_page;
  return service;
}

// A connection is a file to the system, which lets a process have few unless it asks for more.
void allow_many_connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void reload(serve::Server& server) {
  try {
    server.load();
    print_notes({"the models were loaded again"});
  } catch (const std::exception& error) {
    warn(fmt::format("the models stay as they were: {}", error.what()));
  }
}

void run_server(const ServeOptions& options) {
  use_threads(options.threads);
  allow_many_connections();
  std::optional<LineLog> log;
  serve::ServiceOptions service = service_options_of(options);
  if (options.access_log)
    service.log = [&written = log.emplace()](std::string line) { written.add(std::move(line)); };
  serve::Server server(http_options_of(options), sources_of(options), std::move(service));
  ServerSignals signals;  // from here on, for systemd may ask to load again as soon as it knows of the first
  server.load();
  write_to_standard_output(fmt::format("READY {}\n", server.url()));
  serve::yield_to_network();  // when it loads again
  while (signals.wait() == ServerSignals::Kind::reload) reload(server);
  const auto timeout = std::chrono::seconds(static_cast<std::int64_t>(options.drain_timeout));
  if (server.drain(timeout, [&] { return signals.stops_again(); })) return;
  if (signals.stops_again()) std::_Exit(1);  // a batch that runs is not waited for
  throw Error(
      fmt::format("not all requests were answered within {} s of the signal to stop", timeout.count()));
}

void add_options(CLI::App& command, ServeOptions& options) {
  const std::string network = "Network", limits = "Limits";
  command.add_option("--host", options.host, "Address to listen on; any but the loopback needs a key")
      ->group(network)
      ->capture_default_str();
  command
      .add_option("--port", options.port, "Port to listen on (0: any free port, which the READY line names)")
      ->group(network)
      ->capture_default_str();
  command
      .add_option(
          "--api-key-file", options.api_key_file,
          "File of keys, one per line; a request must bring one of them (BERTUNE_API_KEY: a single key)")
      ->group(network);
  command
      .add_flag("--allow-anonymous", options.allow_anonymous,
                "Listen on addresses other than the loopback without a key")
      ->group(network);
  command.add_option("--admin-key-file", options.admin_key_file, "File of keys for POST /admin/reload")
      ->group(network);
  command
      .add_option("--allowed-host", options.allowed_hosts,
                  "Further host name that requests may use for this server")
      ->join(',')
      ->group(network);
  command.add_option("--cors-origin", options.cors_origins, "Site whose pages may send requests")
      ->group(network);
  command
      .add_option("--ssl-cert-file", options.certificate,
                  "PEM file of a certificate: serve HTTPS in place of HTTP")
      ->group(network);
  command.add_option("--ssl-key-file", options.private_key, "PEM file of the certificate's key")
      ->group(network);
  command.add_option("--max-batch-ms", options.max_batch_ms, "Most milliseconds per batch, as measured")
      ->group(limits)
      ->capture_default_str();
  command
      .add_option("--max-queue-tokens", options.max_queue_tokens, "Most tokens that wait; more are refused")
      ->group(limits)
      ->capture_default_str();
  command.add_option("--deadline", options.deadline, "Most seconds until an answer, waiting included")
      ->group(limits)
      ->capture_default_str();
  command
      .add_option("--drain-timeout", options.drain_timeout,
                  "Most seconds to finish open requests after SIGTERM")
      ->group(limits)
      ->capture_default_str();
  command.add_option("--max-connections", options.max_connections, "Most open connections")
      ->group(limits)
      ->capture_default_str();
  command.add_option("--max-body-bytes", options.max_body_bytes, "Most bytes of a request")
      ->group(limits)
      ->capture_default_str();
  command.add_flag("--no-page", options.no_page, "Do not serve the page for people at /");
  command.add_flag("--access-log", options.access_log,
                   "Print one line of JSON per request on standard error, without texts");
}

}  // namespace

void add_serve_command(CLI::App& app) {
  const auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Answer over HTTP, with models of any head");
  add_run_config(*command);
  command
      ->add_option(
          "models", options->models,
          "Folders of fine-tuned models, or their names on the Hugging Face Hub; NAME=MODEL serves one under "
          "your own name. The first answers requests that name none")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  options->hub.add_to(*command);
  add_options(*command, *options);
  add_long_text_options(*command, options->long_text, "as in training by default");
  add_question_answering_options(*command, options->question_answering);
  command->add_option(
      "--threshold", options->threshold,
      "Multi-label: probability above which a label counts (default: best on validation, or 0.5)");
  command->add_option(
      "--min-confidence,--min_confidence", options->min_confidence,
      "Classes and choices: score below which the label is null, where a request does not say");
  command->add_option("--max-length,--max_seq_length", options->max_length,
                      "Tokens per text (default: as in training)");
  add_threads_option(*command, options->threads);
  add_precision_option(*command, options->precision);
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune serve my-model\n"
      "  curl localhost:8080/v1/predict -d '{\"inputs\": \"where is my parcel?\"}'\n"
      "SIGTERM ends the server after open requests; SIGHUP loads its models again.\n"
      "See docs/serving.md.");
  command->callback([options] { run_server(*options); });
}

}  // namespace bertune::cli
