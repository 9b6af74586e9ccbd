#include "studio/progress.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/descriptor.h"

namespace bertune::studio {
namespace {

constexpr std::size_t kMostPoints = 400, kMostNotes = 50;

double number(const Json& event, const char* name) {
  const auto found = event.find(name);
  return found != event.end() && found->is_number() ? found->get<double>() : 0;
}

std::int64_t count(const Json& event, const char* name) {
  return static_cast<std::int64_t>(number(event, name));
}

}  // namespace

void Progress::read(const std::filesystem::path& file) {
  const Descriptor open(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (open.get() < 0) return;
  struct stat about {};
  if (::fstat(open.get(), &about) != 0) return;
  if (static_cast<std::uint64_t>(about.st_size) < offset_) *this = Progress();
  std::array<char, 65536> part;
  for (ssize_t got = 0;
       (got = ::pread(open.get(), part.data(), part.size(), static_cast<off_t>(offset_))) > 0;) {
    offset_ += static_cast<std::uint64_t>(got);
    rest_.append(part.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest_.find('\n', begin)) != rest_.npos; begin = end + 1)
      take(std::string_view(rest_).substr(begin, end - begin));
    rest_.erase(0, begin);
  }
}

void Progress::take(std::string_view line) {
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("event") || !event.at("event").is_string()) return;
  const std::string kind = event.at("event").get<std::string>();
  time_ = number(event, "time");
  if (kind == "step") {
    take_step(event);
  } else if (kind == "evaluation" && event.contains("metrics")) {
    evaluations_.push_back({{"epoch", number(event, "epoch")},
                            {"step", count(event, "step")},
                            {"best", event.value("best", Json()) == Json(true)},
                            {"metrics", event.at("metrics")}});
    phase_ = "training";
  } else if (kind == "evaluation_progress") {
    if (phase_ == "training") phase_ = "evaluating";
  } else if (kind == "run_planned") {
    total_ = count(event, "total_steps");
    phase_ = "training";
  } else if (kind == "resumed") {
    go_back_to(count(event, "step"));
  } else if (kind == "data_read") {
    begun_at_ = -1, phase_ = "loading";
    for (const char* name : {"train_rows", "validation_rows", "test_rows"}) facts_[name] = count(event, name);
  } else if (kind == "training_ended") {
    phase_ = "finishing";
  } else if (kind == "tested") {
    phase_ = "reporting";
  } else if ((kind == "note" || kind == "early_stop") && notes_.size() < kMostNotes) {
    const auto said = event.find(kind == "note" ? "text" : "why");
    if (said != event.end() && said->is_string()) notes_.push_back(said->get<std::string>());
  }
}

void Progress::take_step(const Json& event) {
  const std::int64_t before = step_;
  step_ = count(event, "step"), total_ = count(event, "total_steps"), epoch_ = number(event, "epoch");
  phase_ = "training";
  if (begun_at_ < 0) begun_at_ = step_, began_ = time_;
  const Point point{step_, number(event, "loss"), std::max<std::int64_t>(1, step_ - before)};
  if (loss_.empty() || loss_.back().steps >= points_of_) {
    loss_.push_back(point);
  } else {
    Point& last = loss_.back();
    const auto steps = static_cast<double>(last.steps), more = static_cast<double>(point.steps);
    last = {step_, (last.loss * steps + point.loss * more) / (steps + more), last.steps + point.steps};
  }
  if (loss_.size() < kMostPoints) return;
  for (std::size_t i = 0; 2 * i + 1 < loss_.size(); ++i) {
    const Point &one = loss_[2 * i], &other = loss_[2 * i + 1];
    const auto steps = static_cast<double>(one.steps), more = static_cast<double>(other.steps);
    loss_[i] = {other.step, (one.loss * steps + other.loss * more) / (steps + more), one.steps + other.steps};
  }
  loss_.resize(loss_.size() / 2);
  points_of_ = std::max(2 * points_of_, loss_.back().steps);
}

// A run that continues has forgotten what came behind its checkpoint.
void Progress::go_back_to(std::int64_t step) {
  step_ = step, begun_at_ = -1;
  std::erase_if(loss_, [&](const Point& point) { return point.step > step; });
  OrderedJson kept = OrderedJson::array();
  for (const OrderedJson& evaluation : evaluations_)
    if (evaluation.at("step").get<std::int64_t>() <= step) kept.push_back(evaluation);
  evaluations_ = std::move(kept);
}

std::optional<double> Progress::seconds_left() const {
  if (begun_at_ < 0 || step_ <= begun_at_ || total_ < step_) return std::nullopt;
  return (time_ - began_) / static_cast<double>(step_ - begun_at_) * static_cast<double>(total_ - step_);
}

OrderedJson Progress::json() const {
  OrderedJson json = {{"phase", phase_}, {"step", step_}, {"total_steps", total_}, {"epoch", epoch_}};
  json.update(facts_);
  if (const std::optional<double> seconds = seconds_left()) json["seconds_left"] = *seconds;
  json["loss"] = OrderedJson::array();
  for (const Point& point : loss_) json["loss"].push_back(OrderedJson::array({point.step, point.loss}));
  json["evaluations"] = evaluations_;
  json["notes"] = notes_;
  return json;
}

}  // namespace bertune::studio
