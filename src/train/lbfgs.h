// Minimization of smooth functions by L-BFGS (Nocedal and Wright, algorithm 7.4), in double.
#pragma once

#include <cstddef>
#include <vector>

namespace bertune::train {

// A function of [size] coordinates that starts at zero.
class Objective {
 public:
  struct At {
    double value = 0;
    double steepest = 0;  // the largest part of the gradient
  };
  virtual ~Objective() = default;
  virtual std::size_t size() const = 0;
  // Returns what the function is at a point, and writes its gradient there.
  virtual At operator()(const std::vector<double>& point, std::vector<double>& gradient) const = 0;
  // The scalar product of two points or gradients: another one where the coordinates are not those of
  // orthogonal axes.
  virtual double dot(const std::vector<double>& a, const std::vector<double>& b) const;
};

// Returns the point where no part of the gradient is above `tolerance`, or that was reached after
// `most_steps` or as low as doubles tell.
std::vector<double> minimize(const Objective& objective, double tolerance, int most_steps);

}  // namespace bertune::train
