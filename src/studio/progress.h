// Progress tells how far a training is, from the lines that `bertune train --events` writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace bertune::studio {

class Progress {
 public:
  // Reads what the file has since the last time. A file that became shorter is read anew.
  void read(const std::filesystem::path& file);
  // Takes one line. What is no event is left out.
  void take(std::string_view line);

  // {"phase", "step", "total_steps", "epoch", "loss": [[step, loss], ...], "evaluations": [...],
  // "seconds_left", "train_rows", ...}; what is not known yet is left out. `loss` has at most 400 points,
  // means of neighbors.
  OrderedJson json() const;

 private:
  struct Point {
    std::int64_t step = 0;
    double loss = 0;
    std::int64_t steps = 1;  // that it is the mean of
  };

  void take_step(const Json& event);
  void go_back_to(std::int64_t step);
  std::optional<double> seconds_left() const;

  std::uint64_t offset_ = 0;
  std::string rest_;  // of a line whose end is not there yet
  std::string phase_ = "starting";
  std::int64_t step_ = 0, total_ = 0, begun_at_ = -1;  // begun_at_: the first step of this start
  double epoch_ = 0, time_ = 0, began_ = 0;
  std::int64_t points_of_ = 1;  // steps a point, of new ones
  std::vector<Point> loss_;
  OrderedJson evaluations_ = OrderedJson::array(), notes_ = OrderedJson::array(),
              facts_ = OrderedJson::object();
};

}  // namespace bertune::studio
