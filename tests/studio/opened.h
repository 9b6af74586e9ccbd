// A studio in a temporary folder, and what is asked of it without a network.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "core/folder_lock.h"
#include "core/json.h"
#include "studio/studio.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"

namespace bertune::testing {

inline constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

class Heard : public serve::Exchange {
 public:
  void send(serve::HttpResponse response) override { promise_.set_value(std::move(response)); }
  bool is_gone() const override { return false; }
  serve::HttpResponse wait() { return promise_.get_future().get(); }

 private:
  std::promise<serve::HttpResponse> promise_;
};

class Opened {
 public:
  Opened() { open(); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {  // trainings outlive the studio: those of a test that failed end here
    studio.reset();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(files.path()))
      if (entry.is_directory())
        if (const std::optional<int> process = FolderLock::holder(entry.path()); process && *process > 1)
          ::kill(*process, SIGKILL);
  }

  // Ends the studio, and starts another one on the same projects.
  void open() {
    studio.reset();
    studio = std::make_unique<studio::Studio>(studio::StudioOptions{
        .program = BERTUNE_PROGRAM, .projects = files.path() / "projects", .token = kToken});
  }

  serve::HttpResponse raw(const std::string& method, const std::string& path, const std::string& body = "",
                          serve::Headers headers = {{"Host", "127.0.0.1:8765"}}) {
    const serve::HttpRequest request{
        .method = method, .path = path, .query = "", .body = body, .headers = std::move(headers)};
    const serve::Opened opened = studio->open(request);
    if (opened.refusal) return *opened.refusal;
    const auto exchange = std::make_shared<Heard>();
    opened.answer(request, exchange);
    return exchange->wait();
  }
  serve::HttpResponse ask(const std::string& path, const std::string& body = "",
                          const char* method = nullptr) {
    return raw(method != nullptr ? method
               : body.empty()    ? "GET"
                                 : "POST",
               std::string("/") + kToken + path, body);
  }
  int status(const std::string& path, const std::string& body = "") { return ask(path, body).status; }
  OrderedJson json(const std::string& path, const std::string& body = "") {
    const serve::HttpResponse response = ask(path, body);
    if (response.status != 200) throw std::runtime_error(response.body);
    return OrderedJson::parse(response.body);
  }

  std::string create(const std::string& name = "Films") {
    return json("/api/projects", OrderedJson({{"name", name}}).dump()).at("id").get<std::string>();
  }
  static std::string path_of(const std::string& id, const std::string& rest = "") {
    return "/api/projects/" + id + (rest.empty() ? "" : "/" + rest);
  }
  std::filesystem::path folder(const std::string& id) const { return files.path() / "projects" / id; }

  // Sends a file in two pieces, and returns its name in the project.
  std::string send(const std::string& id, const std::string& name, const std::string& content) {
    const std::string number =
        json(path_of(id, "uploads"), OrderedJson({{"name", name}, {"bytes", content.size()}}).dump())
            .at("upload");
    const std::size_t half = content.size() / 2;
    OrderedJson answer;
    if (half > 0) answer = json(path_of(id, "uploads/" + number + "/0"), content.substr(0, half));
    answer = json(path_of(id, "uploads/" + number + "/" + std::to_string(half)), content.substr(half));
    return answer.at("name");
  }
  // A project of short texts with a tiny model.
  std::string prepared(double epochs = 1) {
    const std::string id = create();
    send(id, "train.csv", tiny_dataset(96));
    send(id, "test.csv", tiny_dataset(32, 2000));
    const auto model = files.path() / "model";
    if (!std::filesystem::exists(model)) write_tiny_checkpoint(model);
    json(path_of(id, "settings"), OrderedJson({{"model", model.string()},
                                               {"training", {{"epochs", epochs}, {"learning_rate", 0.001}}}})
                                      .dump());
    return id;
  }

  // Waits until the project's snapshot fits; fails after a minute.
  template <typename Fits>
  OrderedJson wait(const std::string& id, const Fits& fits) {
    for (int i = 0; i < 6000; ++i) {
      OrderedJson snapshot = studio->snapshot(id);
      if (fits(snapshot)) return snapshot;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("waited for a minute: " + studio->snapshot(id).dump());
  }
  OrderedJson wait_for_job(const std::string& id, const std::string& job) {
    return wait(id, [&](const OrderedJson& now) { return now.at("jobs").at(job).at("state") != "running"; });
  }
  OrderedJson wait_for_run(const std::string& id, const std::string& state) {
    return wait(id, [&](const OrderedJson& now) {
      return !now.at("runs").empty() && now.at("runs").back().at("state") == state;
    });
  }

  TemporaryDirectory files;
  std::unique_ptr<studio::Studio> studio;
};

}  // namespace bertune::testing
