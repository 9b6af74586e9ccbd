// The stack machine that runs a pickle of tensors (pickle.h), and refuses what is none.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/pickle.h"
#include "checkpoint/pickle_values.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint::pickled {

// Bounds on what a small pickle can make the reader allocate; a state dict of a thousand tensors has 20,000
// values.
inline constexpr std::size_t kMaxValues = 1'000'000;
inline constexpr std::size_t kMaxPickleBytes = std::size_t{64} << 20;

class Machine {
 public:
  // Makes a machine for the pickle that begins at `begin`.
  Machine(std::span<const std::byte> file, const std::string& where, std::size_t begin = 0)
      : text_(reinterpret_cast<const char*>(file.data()), std::min(file.size(), begin + kMaxPickleBytes)),
        where_(where),
        position_(begin) {}

  // Runs to the end of the pickle, whose value is `root()` then.
  void run();
  std::size_t end() const { return position_; }

  // Return that value as a state dict, a number, a flag or names; each throws Error if it is something else.
  std::vector<PickledTensor> state_dict();
  const Dict& innermost(const Dict& dict) const;
  std::int64_t number() { return as<std::int64_t>(root(), "a number"); }
  std::optional<bool> flag(std::string_view name);  // of a dict; nothing where it has none of that name
  std::vector<std::string_view> names();
  // The storages that the pickle speaks of, by name.
  std::unordered_map<std::string_view, PickledStorage> storages() const;

  [[noreturn]] void damaged(std::string_view what) const {
    throw Error(fmt::format("{}: its pickle is damaged near byte {}: {}; {}", where_, position_, what,
                            repair_hint(where_)));
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw Error(fmt::format(
        "{}: its pickle uses {}, which a table of tensors has no need of. Bertune never executes code from a "
        "checkpoint. If you trust the file, load it in Python and save the model as model.safetensors "
        "(save_pretrained); otherwise get the model elsewhere",
        where_, what));
  }

  std::string_view take(std::uint64_t count) {
    if (count > text_.size() - position_) damaged("it ends too early");
    const std::string_view taken = text_.substr(position_, static_cast<std::size_t>(count));
    position_ += static_cast<std::size_t>(count);
    return taken;
  }

  template <typename Number>
  Number take_number() {
    Number number{};
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }

  std::string_view take_line() {
    const std::size_t end = text_.find('\n', position_);
    if (end == std::string_view::npos) damaged("it ends too early");
    const std::string_view line = take(end - position_);
    take(1);
    return line;
  }

  void push(Value value) {
    if (values_.size() >= kMaxValues) damaged("it holds more values than a table of tensors can");
    values_.push_back(std::move(value));
    stack_.push_back(static_cast<Index>(values_.size() - 1));
  }

  Index pop() {
    if (stack_.empty() || (!marks_.empty() && marks_.back() == stack_.size())) damaged("its stack is empty");
    const Index top = stack_.back();
    stack_.pop_back();
    return top;
  }

  std::vector<Index> pop_to_mark() {
    if (marks_.empty()) damaged("it has no mark on its stack");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Index> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  std::vector<Index> pop_several(std::size_t count) {
    std::vector<Index> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  // The value of the stack's top, which stays there.
  template <typename Kind>
  Kind& top(std::string_view expected) {
    const Index index = pop();
    stack_.push_back(index);
    return as<Kind>(index, expected);
  }

  template <typename Kind>
  Kind& as(Index index, std::string_view expected) {
    Kind* value = std::get_if<Kind>(&values_[index]);
    if (value == nullptr) damaged(fmt::format("{} where {} belongs", kind_name(values_[index]), expected));
    return *value;
  }

  Index root() {
    if (stack_.empty() || !marks_.empty()) damaged("its stack is empty");
    return stack_.back();
  }

  std::int64_t take_long() {
    const std::string_view bytes = take(take_number<std::uint8_t>());
    if (bytes.size() > sizeof(std::int64_t)) damaged("an integer of more than 64 bits");
    std::uint64_t number = !bytes.empty() && (bytes.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    return static_cast<std::int64_t>(number);
  }

  void protocol() {
    const auto version = take_number<std::uint8_t>();
    if (version > 5) damaged(fmt::format("protocol {} is unknown", version));
  }

  void append(const std::vector<Index>& items) {
    auto& list = top<List>("a list").items;
    list.insert(list.end(), items.begin(), items.end());
  }

  void set_items(const std::vector<Index>& items) {
    if (items.size() % 2 != 0) damaged("a key without a value");
    auto& dict = top<Dict>("a dict").items;
    for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
  }

  void put(std::uint32_t slot) {
    const Index index = pop();
    stack_.push_back(index);
    memo_[slot] = index;
  }

  void get(std::uint32_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) damaged("it refers to a value that it never stored");
    stack_.push_back(found->second);
  }

  // checkpoint/pickle_machine.cpp
  void global_of_lines();
  void global_of_stack();
  void push_global(std::string_view module, std::string_view name);
  // The state that torch attaches to a dict (_metadata: versions of the modules) is of no use here.
  void build();
  void reduce();
  // Python 2 makes it from a list of pairs.
  Dict ordered_dict(const std::vector<Index>& arguments);

  // checkpoint/pickle_storages.cpp
  std::vector<std::int64_t> integers(Index index, std::string_view what);
  // Arguments: storage, offset, shape, strides, then settings that weights have no use for; version 3 has the
  // dtype after them, because its storage is untyped.
  Tensor rebuild_tensor(const std::vector<Index>& items, std::size_t least, std::size_t most, bool untyped);
  static std::size_t width_of(const Storage& storage);
  // `available`: elements that the tensor may reach.
  void require_inside(const Tensor& tensor, std::uint64_t available) const;
  // ("storage", type, key, device, number of elements), and in the format before torch 1.6 a part of it to
  // see, which is None but for views of torch before 0.4.
  void persistent();
  // (name, first element, number of elements)
  void see_part(Index view, Storage& storage);

  struct Instruction {
    unsigned char opcode;
    void (*run)(Machine&);
  };
  static const Instruction kInstructions[];

  std::string_view text_;
  const std::string& where_;
  std::size_t position_ = 0;
  std::vector<Value> values_;
  std::vector<Index> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, Index> memo_;
  std::size_t copied_ = 0;  // values
};

}  // namespace bertune::checkpoint::pickled
