#include "train/optimizer_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/safetensors.h"
#include "distributed/ranks.h"
#include "kernels/host_access.h"

namespace bertune::train {
namespace {

namespace fs = std::filesystem;
using optim::Optimizer;
constexpr const char* kWhat = "the state of the optimizer";

// The numbers of a part of a state: their places in that of all, and in the part's.
struct Piece {
  std::size_t whole, own, size;
};

std::vector<Piece> pieces_of(const Parameters& parameters, Part part) {
  std::vector<Piece> pieces;
  std::size_t own = 0;
  if (const Parameter* words = parameters.tracked_rows()) {
    const auto width = static_cast<std::size_t>(words->shape.back());
    const std::size_t first = parameters.trainable_before(words->offset);
    for (std::int64_t row = part.index; row < words->shape.front(); row += part.count) {
      pieces.push_back({first + static_cast<std::size_t>(row) * width, own, width});
      own += width;
    }
  }
  for (const Parameters::Range& range : parameters.ranges_of(part)) {
    pieces.push_back({parameters.trainable_before(range.offset), own, range.size});
    own += range.size;
  }
  std::ranges::sort(pieces, {}, &Piece::whole);
  return pieces;
}

// Returns whether each rank has a part of a state; and how many numbers the whole has.
bool is_divided(const Optimizer::State& state, const Parameters& parameters) {
  return !state.on_host && !parameters.part().is_all();
}
std::size_t whole_size(const Optimizer::State& state, const Parameters& parameters) {
  return is_divided(state, parameters) ? parameters.trainable_count() : state.values.size();
}

// Calls use(piece) for what lies in [begin, end) of the whole.
template <typename Use>
std::size_t for_pieces(const std::vector<Piece>& pieces, std::size_t begin, std::size_t end, const Use& use) {
  std::size_t numbers = 0;
  auto piece = std::ranges::upper_bound(pieces, begin, {}, &Piece::whole);
  if (piece != pieces.begin()) --piece;
  for (; piece != pieces.end() && piece->whole < end; ++piece) {
    const std::size_t first = std::max(begin, piece->whole), last = std::min(end, piece->whole + piece->size);
    if (first >= last) continue;
    use(Piece{first - begin, piece->own + (first - piece->whole), last - first});
    numbers += last - first;
  }
  return numbers;
}

// A state whose parts the ranks have, part by part of the whole as it is written.
class Gathered {
 public:
  Gathered(const Parameters& parameters, distributed::Ranks& ranks) : ranks_(ranks) {
    for (int rank = 0; rank < ranks.size(); ++rank)
      pieces_.push_back(pieces_of(parameters, {rank, ranks.size()}));
  }

  void receive(std::span<const float> own, std::size_t begin, std::span<float> whole) {
    std::vector<std::vector<float>> parts(pieces_.size());
    for (int rank = 1; rank < ranks_.size(); ++rank) {
      std::vector<float>& part = parts[static_cast<std::size_t>(rank)];
      part.resize(for_pieces(of(rank), begin, begin + whole.size(), [](const Piece&) {}));
      ranks_.receive(rank, distributed::writable_bytes_of(part));
    }
    ranks_.wait(kWhat);
    for (int rank = 0; rank < ranks_.size(); ++rank) {
      const float* next = parts[static_cast<std::size_t>(rank)].data();
      for_pieces(of(rank), begin, begin + whole.size(), [&](const Piece& piece) {
        std::copy_n(rank == 0 ? own.data() + piece.own : next, piece.size, whole.data() + piece.whole);
        next += piece.size;
      });
    }
  }

  void send(std::span<const float> own, std::size_t begin, std::size_t size) {
    std::vector<float> part;
    for_pieces(of(ranks_.rank()), begin, begin + size, [&](const Piece& piece) {
      const auto first = own.begin() + static_cast<std::ptrdiff_t>(piece.own);
      part.insert(part.end(), first, first + static_cast<std::ptrdiff_t>(piece.size));
    });
    ranks_.send(0, distributed::bytes_of(part));
    ranks_.wait(kWhat);
  }

 private:
  const std::vector<Piece>& of(int rank) const { return pieces_[static_cast<std::size_t>(rank)]; }

  distributed::Ranks& ranks_;
  std::vector<std::vector<Piece>> pieces_;  // of each rank
};

constexpr std::size_t kPart = checkpoint::kPartBytes / sizeof(float);

// The states in the order in which a file has them.
std::vector<Optimizer::State> sorted_states(Optimizer& optimizer) {
  std::vector<Optimizer::State> states = optimizer.state();
  std::ranges::sort(states, {}, &Optimizer::State::name);
  return states;
}

// Fills the numbers on the first rank, and gives them to the others.
template <typename Read>
void read_for_all(std::span<float> numbers, const Read& read) {
  if (distributed::is_first()) read(numbers);
  if (distributed::Ranks* ranks = distributed::current())
    ranks->broadcast(std::as_writable_bytes(numbers), "the checkpoint");
}

void read_state(const checkpoint::SafetensorsFile& file, const fs::path& path, const std::string& name,
                std::span<float> values) {
  const auto index = file.find(name);
  if (!index || file.tensors()[*index].elements != values.size()) {
    throw Error(
        fmt::format("{}: holds no \"{}\" for {} numbers; the checkpoint is of another model or optimizer",
                    path.string(), name, values.size()));
  }
  file.read_f32(*index, values);
}

}  // namespace

void save_optimizer(const fs::path& path, Optimizer& optimizer, const Parameters& parameters) {
  std::vector<checkpoint::TensorView> tensors;
  std::deque<kernels::HostView<float>> views;
  std::optional<Gathered> gathered;
  if (!parameters.part().is_all()) gathered.emplace(parameters, *distributed::current());
  for (const Optimizer::State& state : optimizer.state()) {
    const std::span<const float> values =
        state.on_host ? state.values : views.emplace_back().see(state.values);
    const auto size = static_cast<std::int64_t>(whole_size(state, parameters));
    checkpoint::TensorView& tensor = tensors.emplace_back(checkpoint::f32_view(state.name, {size}, values));
    if (!is_divided(state, parameters)) continue;
    tensor.make = [&gathered, values](std::uint64_t offset, std::span<std::byte> part) {
      std::vector<float> whole(part.size() / sizeof(float));
      gathered->receive(values, static_cast<std::size_t>(offset) / sizeof(float), whole);
      std::ranges::copy(std::as_bytes(std::span(whole)), part.begin());
    };
  }
  checkpoint::write_safetensors(
      path, std::move(tensors),
      {{"optimizer", std::string(optimizer.name())}, {"step", std::to_string(optimizer.steps())}});
}

void send_optimizer(Optimizer& optimizer, const Parameters& parameters) {
  if (parameters.part().is_all()) return;
  Gathered gathered(parameters, *distributed::current());
  const std::size_t all = parameters.trainable_count();
  for (const Optimizer::State& state : sorted_states(optimizer)) {
    if (!is_divided(state, parameters)) continue;
    kernels::HostView<float> view;
    const std::span<const float> values = view.see(state.values);
    for (std::size_t begin = 0; begin < all; begin += kPart)
      gathered.send(values, begin, std::min(kPart, all - begin));
  }
}

void load_optimizer(const fs::path& path, Optimizer& optimizer, const Parameters& parameters,
                    std::int64_t step) {
  std::optional<checkpoint::SafetensorsFile> file;
  const std::string all = distributed::from_first(
      [&] {
        file.emplace(path);
        std::string lines;
        for (const checkpoint::StoredTensor& tensor : file->tensors()) lines += tensor.name + "\n";
        return lines;
      },
      "the checkpoint");
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < all.size(); begin += names.back().size() + 1)
    names.push_back(all.substr(begin, all.find('\n', begin) - begin));
  optimizer.expect_state(names);
  std::vector<Piece> own_pieces;
  if (!parameters.part().is_all()) own_pieces = pieces_of(parameters, parameters.part());
  for (const Optimizer::State& state : optimizer.state()) {
    const auto read = [&](std::span<float> numbers) {
      read_for_all(numbers, [&](std::span<float> values) { read_state(*file, path, state.name, values); });
    };
    if (state.on_host) {
      read(state.values);
    } else if (!is_divided(state, parameters)) {
      kernels::write_on_host(state.values, read);
    } else {
      std::vector<float> whole(whole_size(state, parameters));
      read(whole);
      kernels::write_on_host(state.values, [&](std::span<float> own) {
        for (const Piece& piece : own_pieces)
          std::copy_n(whole.data() + piece.whole, piece.size, own.data() + piece.own);
      });
    }
  }
  optimizer.set_steps(step);
}

std::uint64_t saved_numbers(Optimizer& optimizer, const Parameters& parameters) {
  std::uint64_t numbers = 0;
  for (const Optimizer::State& state : optimizer.state()) numbers += whole_size(state, parameters);
  return numbers;
}

}  // namespace bertune::train
