#include "report/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

namespace bertune::report {
namespace {

constexpr double kRedraw = 0.1;       // seconds between redraws on a terminal
constexpr double kPlainAtLeast = 30;  // and between lines of a log: no more than this
constexpr double kPlainAtMost = 1;    // nor less than this
constexpr double kMemory = 20;        // seconds after which an old rate counts for a third
constexpr int kLargestBar = 30, kSmallestBar = 8;
constexpr const char* kClearLine = "\r\x1b[K";

std::string rate_text(double rate) { return fmt::format("{:.{}f}", rate, rate < 10 ? 1 : 0); }

// Returns the loss with enough digits to see it move.
std::string loss_text(double loss) {
  if (!std::isfinite(loss)) return fmt::format("{}", loss);
  if (loss != 0 && std::abs(loss) < 0.01) return fmt::format("{:.1e}", loss);
  return fmt::format("{:.3f}", loss);
}

std::string bar_text(double share, int width) {
  const int filled = std::clamp(static_cast<int>(share * width), 0, width);
  std::string bar(static_cast<std::size_t>(filled), '=');
  if (filled < width) bar += '>';
  bar.resize(static_cast<std::size_t>(width), ' ');
  return "[" + bar + "]";
}

}  // namespace

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::function<void(std::int64_t done, std::int64_t all)> progress_of_long_work(std::ostream& out,
                                                                               std::string label,
                                                                               ProgressOptions options) {
  options.only_when_long = true;
  return [&out, label = std::move(label), options = std::move(options),
          bar = std::make_shared<std::optional<ProgressBar>>()](std::int64_t done, std::int64_t all) {
    if (!*bar) bar->emplace(out, label, all, options);
    (*bar)->update(done);
    if (done == all) (*bar)->finish();
  };
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const auto whole = static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, 1e12)));
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest)
                   : fmt::format("{}:{:02}", minutes, rest);
}

ProgressBar::ProgressBar(std::ostream& out, std::string label, std::int64_t total, ProgressOptions options)
    : out_(&out),
      label_(printable(label)),
      total_(total),
      options_(std::move(options)),
      done_(options_.already_done),
      start_(options_.since.value_or(options_.clock())),
      last_update_(start_),
      last_shown_(start_) {}

ProgressBar::~ProgressBar() {
  try {
    if (!finished_) clear();
  } catch (const std::exception&) {  // a stream that throws is no reason to end the program
  }
}

void ProgressBar::measure(double now, std::int64_t done, std::int64_t tokens) {
  const double fading = std::exp(-(now - last_update_) / kMemory);
  recent_done_ = recent_done_ * fading + static_cast<double>(done - done_);
  recent_tokens_ = recent_tokens_ * fading + static_cast<double>(std::max<std::int64_t>(tokens - tokens_, 0));
  recent_seconds_ = recent_seconds_ * fading + (now - last_update_);
  done_ = done;
  tokens_ = std::max(tokens_, tokens);
  last_update_ = now;
}

void ProgressBar::update(std::int64_t done, std::optional<double> loss, std::int64_t tokens) {
  if (options_.quiet) return;
  const double now = options_.clock();
  if (paused_) last_update_ = now;
  measure(now, done, tokens);
  if (loss) loss_ = loss;
  const bool redraw_anyway = options_.terminal.interactive && (paused_ || shown_done_ < 0);
  paused_ = finished_ = false;
  if (options_.terminal.interactive) {
    if (redraw_anyway || now - last_shown_ >= kRedraw) draw(now);
    return;
  }
  const auto tenth = [this](std::int64_t part) { return total_ > 0 ? part * 10 / total_ : 0; };
  const bool due =
      !options_.only_when_long && tenth(done_) > tenth(shown_done_ < 0 ? options_.already_done : shown_done_);
  const double waited = now - last_shown_;
  if (waited >= kPlainAtLeast || (due && waited >= kPlainAtMost)) write_plain(now);
}

double ProgressBar::seconds_left() const {
  if (recent_done_ <= 0 || recent_seconds_ <= 0) return HUGE_VAL;
  return static_cast<double>(total_ - done_) * recent_seconds_ / recent_done_;
}

void ProgressBar::draw(double now) {
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 0;
  const std::string elapsed = format_duration(now - start_);
  std::string head = fmt::format("{} {}", label_, done_);
  if (total_ > 0) head += fmt::format("/{}", total_);
  // The most useful first: those that do not fit are left out from the end.
  std::vector<std::string> parts;
  if (total_ > 0) parts.push_back(fmt::format("{:3.0f}%", std::floor(100 * share)));
  if (loss_) parts.push_back("loss " + loss_text(*loss_));
  if (total_ > 0) parts.push_back("ETA " + format_duration(seconds_left()));
  if (tokens_ > 0) parts.push_back(rate_text(recent_tokens_ / std::max(recent_seconds_, 1e-9)) + " tokens/s");
  parts.push_back(elapsed + " elapsed");
  // The last column stays free: writing into it wraps the line on some terminals.
  const int room = options_.terminal.width - 1;
  std::string tail;
  for (const std::string& part : parts) {
    if (display_width(head) + static_cast<int>(tail.size() + part.size()) + 2 <= room) tail += "  " + part;
  }
  const int spare = room - display_width(head) - static_cast<int>(tail.size()) - 3;
  if (total_ > 0 && spare >= kSmallestBar) head += " " + bar_text(share, std::min(spare, kLargestBar));
  *out_ << kClearLine << shorten(head + tail, std::max(room, 1)) << std::flush;
  on_screen_ = true;
  last_shown_ = now;
  shown_done_ = done_;
}

void ProgressBar::write_plain(double now) {
  std::string line = fmt::format("{} {}", label_, done_);
  if (total_ > 0) {
    line += fmt::format("/{}  {:.0f}%", total_,
                        std::floor(100.0 * static_cast<double>(done_) / static_cast<double>(total_)));
  }
  if (loss_) line += "  loss " + loss_text(*loss_);
  if (tokens_ > 0) line += "  " + rate_text(recent_tokens_ / std::max(recent_seconds_, 1e-9)) + " tokens/s";
  if (total_ > 0 && done_ < total_) {
    line += "  ETA " + format_duration(seconds_left());
  } else {
    line += "  " + format_duration(now - start_) + " elapsed";
  }
  *out_ << line << "\n" << std::flush;
  last_shown_ = now;
  shown_done_ = done_;
}

void ProgressBar::clear() {
  if (!on_screen_) return;
  *out_ << kClearLine << std::flush;
  on_screen_ = false;
}

void ProgressBar::message(std::string_view line) {
  if (options_.quiet) return;
  const bool drawn = on_screen_;
  clear();
  *out_ << line << "\n" << std::flush;
  if (drawn) draw(options_.clock());
}

void ProgressBar::pause() {
  clear();
  paused_ = true;
}

void ProgressBar::finish() {
  if (options_.quiet || finished_) return;
  clear();
  finished_ = true;
  const bool anything = options_.only_when_long ? shown_done_ >= 0 : done_ > options_.already_done;
  if (!options_.terminal.interactive && anything && shown_done_ != done_) write_plain(options_.clock());
}

}  // namespace bertune::report
