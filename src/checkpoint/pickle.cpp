#include "checkpoint/pickle.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/pickle_machine.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint {
namespace pickled {

// Returns the state dict within a checkpoint of training (Lightning's "state_dict", others'
// "model_state_dict"), or the dict itself, where it has no such entry.
const Dict& Machine::innermost(const Dict& dict) const {
  for (const std::string_view wanted : {"state_dict", "model_state_dict"}) {
    for (const auto& [key, value] : dict.items) {
      const auto* name = std::get_if<std::string_view>(&values_[key]);
      const Dict* inner = std::get_if<Dict>(&values_[value]);
      if (name != nullptr && *name == wanted && inner != nullptr) return *inner;
    }
  }
  return dict;
}

std::vector<PickledTensor> Machine::state_dict() {
  const Value& result = values_[root()];
  const Dict* outer = std::get_if<Dict>(&result);
  if (outer == nullptr) {
    throw Error(fmt::format("{}: holds {} where a dict of tensors belongs; save model.state_dict()", where_,
                            kind_name(result)));
  }
  const Dict* dict = &innermost(*outer);
  std::vector<PickledTensor> tensors;
  std::unordered_set<std::string_view> names;
  for (const auto& [key, value] : dict->items) {
    const auto name = as<std::string_view>(key, "a tensor's name");
    const Tensor* tensor = std::get_if<Tensor>(&values_[value]);
    if (tensor == nullptr) {
      throw Error(fmt::format(
          "{}: its entry {} is {}, not a tensor: a training checkpoint? Save the model's weights alone "
          "(save_pretrained, or torch.save(model.state_dict(), ...))",
          where_, in_quotes(name), kind_name(values_[value])));
    }
    if (!names.insert(name).second) damaged(fmt::format("it names {} twice", in_quotes(name)));
    tensors.push_back({std::string(name), tensor->dtype, tensor->shape, tensor->strides, tensor->offset,
                       std::string(tensor->storage), tensor->storage_bytes});
  }
  return tensors;
}

std::optional<bool> Machine::flag(std::string_view name) {
  std::optional<bool> found;
  for (const auto& [key, value] : as<Dict>(root(), "a dict").items) {
    const auto* text = std::get_if<std::string_view>(&values_[key]);
    if (text != nullptr && *text == name) found = as<Boolean>(value, "a truth value").value;
  }
  return found;
}

std::vector<std::string_view> Machine::names() {
  std::vector<std::string_view> texts;
  for (const Index item : as<List>(root(), "a list").items)
    texts.push_back(as<std::string_view>(item, "a storage's name"));
  return texts;
}

std::unordered_map<std::string_view, PickledStorage> Machine::storages() const {
  std::unordered_map<std::string_view, PickledStorage> result;
  for (const Value& value : values_) {
    const auto* storage = std::get_if<Storage>(&value);
    if (storage == nullptr) continue;
    const PickledStorage one{std::string(storage->key), storage->elements, width_of(*storage)};
    const PickledStorage& first = result.try_emplace(storage->key, one).first->second;
    if (first.elements != one.elements || first.width != one.width) damaged("two sizes for one storage");
  }
  return result;
}

}  // namespace pickled

using pickled::Machine;

std::vector<PickledTensor> read_state_dict(std::span<const std::byte> pickle, const std::string& where) {
  Machine machine(pickle, where);
  machine.run();
  return machine.state_dict();
}

std::size_t legacy_magic_bytes(std::span<const std::byte> file) {
  // 0x1950a86a20f9469cfc6c, as LONG1 with its length, and STOP.
  constexpr std::string_view kMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  constexpr std::size_t kProtocol = 2, kFrame = 9;  // bytes of the instructions that may stand before
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with('\x80')) return 0;
  for (const std::size_t before : {kProtocol, kProtocol + kFrame}) {
    if (text.size() > before && text.substr(before).starts_with(kMagic)) return before + kMagic.size();
  }
  return 0;
}

PickledFile read_legacy_pickles(std::span<const std::byte> file, const std::string& where) {
  constexpr std::int64_t kVersion = 1001;
  Machine version(file, where, legacy_magic_bytes(file));
  version.run();
  if (const std::int64_t number = version.number(); number != kVersion)
    throw Error(fmt::format("{}: is of version {} of torch's format before 1.6; {} is the one that is known",
                            where, number, kVersion));
  Machine system(file, where, version.end());
  system.run();
  if (!system.flag("little_endian").value_or(true))
    throw Error(fmt::format("{}: was not saved on a little-endian machine; save it again on one", where));
  Machine weights(file, where, system.end());
  weights.run();
  Machine order(file, where, weights.end());
  order.run();
  PickledFile result{weights.state_dict(), {}, order.end()};
  auto storages = weights.storages();
  for (const std::string_view name : order.names()) {
    const auto found = storages.find(name);
    if (found == storages.end()) order.damaged(fmt::format("no tensor has the storage {}", in_quotes(name)));
    result.storages.push_back(std::move(found->second));
    storages.erase(found);
  }
  if (!storages.empty())
    order.damaged(fmt::format("it lacks the storage {}", in_quotes(storages.begin()->first)));
  return result;
}

}  // namespace bertune::checkpoint
