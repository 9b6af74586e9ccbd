// The calls and references of a pickle that make storages and tensors.
#include "checkpoint/pickle_machine.h"

namespace bertune::checkpoint::pickled {
namespace {

constexpr std::size_t kMaxRank = 8;
constexpr std::size_t kMaxStorageKey = 32;

}  // namespace

std::vector<std::int64_t> Machine::integers(Index index, std::string_view what) {
  const Tuple& tuple = as<Tuple>(index, what);
  if (tuple.items.size() > kMaxRank) damaged(fmt::format("{} of {} dimensions", what, tuple.items.size()));
  std::vector<std::int64_t> numbers;
  for (const Index item : tuple.items) {
    numbers.push_back(as<std::int64_t>(item, "a number"));
    if (numbers.back() < 0) damaged(fmt::format("a negative number in {}", what));
  }
  return numbers;
}

// Arguments: storage, offset, shape, strides, then settings that weights have no use for; version 3 has the
// dtype after them, because its storage is untyped.
Tensor Machine::rebuild_tensor(const std::vector<Index>& items, std::size_t least, std::size_t most,
                               bool untyped) {
  if (items.size() < least || items.size() > most) damaged("a tensor with a wrong number of arguments");
  const Storage storage = as<Storage>(items[0], "a storage");
  Tensor tensor;
  if (untyped) {
    const Global& dtype = as<Global>(items[6], "a dtype");
    if (dtype.kind != GlobalKind::dtype) damaged("a tensor without a dtype");
    tensor.dtype = dtype.dtype;
  } else if (storage.dtype) {
    tensor.dtype = *storage.dtype;
  } else {
    damaged("a tensor without a dtype");
  }
  const auto bytes = checked_multiply(storage.elements, width_of(storage));
  const std::int64_t offset = as<std::int64_t>(items[1], "an offset");
  if (!bytes || offset < 0) damaged("a storage that cannot be");
  tensor.storage = storage.key;
  tensor.storage_bytes = *bytes;
  tensor.offset = static_cast<std::uint64_t>(offset);
  tensor.shape = integers(items[2], "a shape");
  tensor.strides = integers(items[3], "strides");
  require_inside(tensor, storage.seen * width_of(storage) / size_of(tensor.dtype));
  tensor.offset += storage.first;
  return tensor;
}

std::size_t Machine::width_of(const Storage& storage) { return storage.dtype ? size_of(*storage.dtype) : 1; }

// `available`: elements that the tensor may reach.
void Machine::require_inside(const Tensor& tensor, std::uint64_t available) const {
  const auto elements = element_count(tensor.shape);
  if (!elements || tensor.strides.size() != tensor.shape.size()) damaged("a shape that cannot be");
  if (*elements == 0) return;
  std::optional<std::uint64_t> last = tensor.offset;
  for (std::size_t i = 0; i < tensor.shape.size() && last; ++i) {
    const auto step = checked_multiply(static_cast<std::uint64_t>(tensor.shape[i] - 1),
                                       static_cast<std::uint64_t>(tensor.strides[i]));
    last = step ? checked_add(*last, *step) : std::nullopt;
  }
  // A tensor with more elements than its storage would be a view of repeated rows: no weights are saved so.
  if (!last || *last >= available || *elements > available)
    damaged("a tensor that reaches beyond its storage");
}

// ("storage", type, key, device, number of elements), and in the format before torch 1.6 a part of it to
// see, which is None but for views of torch before 0.4.
void Machine::persistent() {
  const Index id = pop();
  const std::vector<Index>& items = as<Tuple>(id, "a storage's description").items;
  if (items.size() < 5 || items.size() > 6 || as<std::string_view>(items[0], "\"storage\"") != "storage") {
    damaged("a storage's description that cannot be");
  }
  const Global type = as<Global>(items[1], "a storage type");
  const auto key = as<std::string_view>(items[2], "a storage's name");
  const auto elements = as<std::int64_t>(items[4], "a storage's size");
  const bool typed = type.kind == GlobalKind::storage_type;
  if ((!typed && type.kind != GlobalKind::untyped_storage) || elements < 0 || key.size() > kMaxStorageKey) {
    damaged("a storage's description that cannot be");
  }
  const auto size = static_cast<std::uint64_t>(elements);
  Storage storage{typed ? std::optional(type.dtype) : std::nullopt, key, size, 0, size};
  if (items.size() == 6 && !std::holds_alternative<None>(values_[items[5]])) see_part(items[5], storage);
  push(storage);
}

// (name, first element, number of elements)
void Machine::see_part(Index view, Storage& storage) {
  const std::vector<Index>& items = as<Tuple>(view, "a part of a storage").items;
  if (items.size() != 3) damaged("a part of a storage that cannot be");
  const auto first = as<std::int64_t>(items[1], "an offset"), seen = as<std::int64_t>(items[2], "a size");
  const auto size = static_cast<std::int64_t>(storage.elements);
  if (first < 0 || seen < 0 || first > size || seen > size - first || !storage.dtype)
    damaged("a part that reaches beyond its storage");
  storage.first = static_cast<std::uint64_t>(first);
  storage.seen = static_cast<std::uint64_t>(seen);
}

}  // namespace bertune::checkpoint::pickled
