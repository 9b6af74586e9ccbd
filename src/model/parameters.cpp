#include "bertune/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "bertune/error.h"
#include "core/aligned_buffer.h"

namespace bertune {

struct Parameters::Storage {
  AlignedBuffer<float> values, gradients;
  std::unordered_map<std::string_view, std::size_t> by_name;  // views into layout_
};

Parameters::Parameters(std::vector<Parameter> layout)
    : layout_(std::move(layout)), storage_(std::make_unique<Storage>()) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < layout_.size(); ++i) {
    Parameter& parameter = layout_[i];
    parameter.offset = total;
    parameter.size = 1;
    for (const std::int64_t extent : parameter.shape) parameter.size *= static_cast<std::size_t>(extent);
    total += parameter.size;
    storage_->by_name.emplace(parameter.name, i);
  }
  storage_->values = AlignedBuffer<float>(total);
}

Parameters::Parameters(Parameters&&) noexcept = default;
Parameters& Parameters::operator=(Parameters&&) noexcept = default;
Parameters::~Parameters() = default;

std::size_t Parameters::count() const { return storage_->values.size(); }

std::span<float> Parameters::values() { return storage_->values.span(); }
std::span<const float> Parameters::values() const { return std::as_const(storage_->values).span(); }

// Allocated when first asked for: a model that only predicts has none.
std::span<float> Parameters::gradients() {
  if (storage_->gradients.size() == 0) storage_->gradients = AlignedBuffer<float>(count());
  return storage_->gradients.span();
}
std::span<const float> Parameters::gradients() const { return const_cast<Parameters*>(this)->gradients(); }

const Parameter* Parameters::find(std::string_view name) const {
  const auto found = storage_->by_name.find(name);
  return found == storage_->by_name.end() ? nullptr : &layout_[found->second];
}

namespace {

const Parameter& required(const Parameter* parameter, std::string_view name) {
  if (parameter == nullptr) throw Error(fmt::format("the model has no parameter \"{}\"", name));
  return *parameter;
}

}  // namespace

std::span<float> Parameters::value(std::string_view name) {
  const Parameter& parameter = required(find(name), name);
  return values().subspan(parameter.offset, parameter.size);
}
std::span<const float> Parameters::value(std::string_view name) const {
  const Parameter& parameter = required(find(name), name);
  return values().subspan(parameter.offset, parameter.size);
}
std::span<float> Parameters::gradient(std::string_view name) {
  const Parameter& parameter = required(find(name), name);
  return gradients().subspan(parameter.offset, parameter.size);
}

void Parameters::zero_grad() { std::ranges::fill(gradients(), 0.0F); }

}  // namespace bertune
