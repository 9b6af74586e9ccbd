// The time of an exchange of gradients against that of a step: what more machines would gain. A model, whose
// only inputs are a link, a step and the sizes of what is sent; it agrees with what train does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::distributed {

// Messages that are sent at once take `latency` + bytes / `bandwidth`, and each one the time of a call.
struct Link {
  std::string name;
  double latency = 0;    // seconds
  double bandwidth = 0;  // bytes per second, in each direction
};

inline constexpr double kSecondsOfCall = 2e-6;  // for a message, of the processor

// The usual links: 1, 10 and 25 Gbit/s Ethernet, and InfiniBand of 100 Gbit/s, with what TCP or RDMA leave of
// them.
const std::vector<Link>& usual_links();

// "10GbE", or one of one's own as microseconds and Gbit/s: "30,8.5". Throws UsageError otherwise.
Link link_from_string(std::string_view text);

// A part of the dense gradient that is sent while the rest is computed.
struct EarlyBytes {
  double bytes = 0;
  double ready = 0;  // as a share of the time until the gradient is complete
};

// The step of one machine, and what it sends.
struct Workload {
  double step_seconds = 0;             // of computing, with its share of the examples
  double update_seconds = 0;           // of it, for the optimizer's step, which begins when all is sent
  double dense_bytes = 0;              // of the gradient without the word embeddings
  double word_bytes = 0;               // of a row of the word embeddings; 0: they are not trained
  std::int64_t vocabulary = 0;         // rows of the word embeddings
  double tokens = 0;                   // of a step
  std::vector<EarlyBytes> early = {};  // of dense_bytes, in the order in which they are sent
};

// Returns the bytes of the gradients that a step of so many machines adds up: all of the dense ones, and the
// rows of words that one of the machines has read.
double gradient_bytes(const Workload& work, std::int64_t machines);

// Returns how many different words so many tokens of text hold, of a vocabulary whose words are in the order
// of their frequency, by Zipf's law.
double expected_words(double tokens, std::int64_t vocabulary);

// Returns the seconds that a step's exchange takes: a sum of pieces, numbers, and the pieces given to all,
// each machine sending 2 (R - 1) / R of the bytes.
double exchange_seconds(double bytes, std::int64_t machines, const Link& link);

struct Scaling {
  std::int64_t machines = 1;
  double bytes = 0;       // of the gradients
  double waiting = 0;     // seconds, from the complete gradient to its sum over all machines
  double efficiency = 1;  // the share of the time in which machines compute
  double speedup() const { return static_cast<double>(machines) * efficiency; }
};
Scaling scaling_of(const Workload& work, std::int64_t machines, const Link& link);

// Returns the largest power of two of machines, at most `most`, that compute for 60 % of the time at least;
// 1: a second machine is of little use.
std::int64_t useful_machines(const Workload& work, const Link& link, std::int64_t most);

}  // namespace bertune::distributed
