#include "checkpoint/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/pickle_values.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint {
namespace {

using namespace pickled;

// Bounds on what a small pickle can make the reader allocate; a state dict of a thousand tensors has 20,000
// values.
constexpr std::size_t kMaxValues = 1'000'000;
constexpr std::size_t kMaxPickleBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxArguments = 8;
constexpr std::size_t kMaxRank = 8;
constexpr std::size_t kMaxStorageKey = 32;

// The instructions that make objects of classes, for the message that refuses them.
std::string instruction_name(unsigned char opcode) {
  switch (opcode) {
    case 'i':
      return "the pickle instruction INST (make an object of a class)";
    case 'o':
      return "the pickle instruction OBJ (make an object of a class)";
    case 0x81:
      return "the pickle instruction NEWOBJ (make an object of a class)";
    case 0x92:
      return "the pickle instruction NEWOBJ_EX (make an object of a class)";
    default:
      return fmt::format("the pickle instruction 0x{:02x}", opcode);
  }
}

class Machine {
 public:
  // Of the pickle that begins at `begin`.
  Machine(std::span<const std::byte> file, const std::string& where, std::size_t begin = 0)
      : text_(reinterpret_cast<const char*>(file.data()), std::min(file.size(), begin + kMaxPickleBytes)),
        where_(where),
        position_(begin) {}

  // Runs to the end of the pickle, whose value is `root()` then.
  void run();
  std::size_t end() const { return position_; }

  // What that value is read as; each throws Error where it is something else.
  std::vector<PickledTensor> state_dict();
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

  void global_of_lines() {
    const std::string_view module = take_line(), name = take_line();
    push_global(module, name);
  }

  void global_of_stack() {
    const Index name = pop(), module = pop();
    push_global(as<std::string_view>(module, "a module's name"), as<std::string_view>(name, "a name"));
  }

  void push_global(std::string_view module, std::string_view name) {
    const auto global = find_global(module, name);
    if (!global) refuse(in_quotes(fmt::format("{}.{}", module.substr(0, 100), name.substr(0, 100))));
    push(*global);
  }

  // The state that torch attaches to a dict (_metadata: versions of the modules) is of no use here.
  void build() {
    const Index state = pop();
    if (!std::holds_alternative<Dict>(values_[state])) refuse("BUILD with a state that is no dict");
    const Index target = pop();
    if (!std::holds_alternative<Dict>(values_[target])) {
      refuse(fmt::format("BUILD on {}", kind_name(values_[target])));
    }
    stack_.push_back(target);
  }

  void reduce() {
    const Index arguments = pop();
    const Tuple& tuple = as<Tuple>(arguments, "the arguments of a call");
    if (tuple.items.size() > kMaxArguments)
      refuse(fmt::format("a call with {} arguments", tuple.items.size()));
    const std::vector<Index> items = tuple.items;  // a copy: pushing moves the values
    const Index callee = pop();
    if (!std::holds_alternative<Global>(values_[callee]))
      refuse(fmt::format("a call of {}", kind_name(values_[callee])));
    switch (std::get<Global>(values_[callee]).kind) {
      case GlobalKind::ordered_dict:
        return push(ordered_dict(items));
      case GlobalKind::size:
        if (items.size() != 1) damaged("torch.Size takes one tuple");
        as<Tuple>(items[0], "a shape");
        return stack_.push_back(items[0]);
      case GlobalKind::parameter:
      case GlobalKind::rebuild_parameter:
        if (items.empty() || items.size() > 3) damaged("a parameter is made from a tensor and two settings");
        as<Tensor>(items[0], "a tensor");
        return stack_.push_back(items[0]);
      case GlobalKind::rebuild_tensor:
        return push(rebuild_tensor(items, 4, 4, false));
      case GlobalKind::rebuild_tensor_v2:
        return push(rebuild_tensor(items, 6, 7, false));
      case GlobalKind::rebuild_tensor_v3:
        return push(rebuild_tensor(items, 7, 8, true));
      default:
        refuse("a call of a storage type or dtype");
    }
  }

  // Python 2 makes it from a list of pairs.
  Dict ordered_dict(const std::vector<Index>& arguments) {
    Dict dict;
    if (arguments.empty()) return dict;
    const List* list = std::get_if<List>(&values_[arguments[0]]);
    if (list == nullptr || arguments.size() > 1) refuse("an OrderedDict made from arguments");
    copied_ += list->items.size();  // one list may be the argument of many calls
    if (copied_ > kMaxValues) damaged("it holds more values than a table of tensors can");
    for (const Index item : list->items) {
      const std::vector<Index>* pair = nullptr;
      if (const auto* as_list = std::get_if<List>(&values_[item])) pair = &as_list->items;
      if (const auto* as_tuple = std::get_if<Tuple>(&values_[item])) pair = &as_tuple->items;
      if (pair == nullptr || pair->size() != 2) refuse("an OrderedDict made from what are no pairs");
      dict.items.emplace_back(pair->front(), pair->back());
    }
    return dict;
  }

  std::vector<std::int64_t> integers(Index index, std::string_view what) {
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
  Tensor rebuild_tensor(const std::vector<Index>& items, std::size_t least, std::size_t most, bool untyped) {
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

  static std::size_t width_of(const Storage& storage) { return storage.dtype ? size_of(*storage.dtype) : 1; }

  // `available`: elements that the tensor may reach.
  void require_inside(const Tensor& tensor, std::uint64_t available) const {
    const auto elements = element_count(tensor.shape);
    if (!elements || tensor.strides.size() != tensor.shape.size()) damaged("a shape that cannot be");
    if (*elements == 0) return;
    std::optional<std::uint64_t> last = tensor.offset;
    for (std::size_t i = 0; i < tensor.shape.size() && last; ++i) {
      const auto step = checked_multiply(static_cast<std::uint64_t>(tensor.shape[i] - 1),
                                         static_cast<std::uint64_t>(tensor.strides[i]));
      last = step ? checked_add(*last, *step) : std::nullopt;
    }
    // More elements than the storage has would be a view of repeated rows: no weights are saved so.
    if (!last || *last >= available || *elements > available)
      damaged("a tensor that reaches beyond its storage");
  }

  // ("storage", type, key, device, number of elements), and in the format before torch 1.6 a part of it to
  // see, which is None but for views of torch before 0.4.
  void persistent() {
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
  void see_part(Index view, Storage& storage) {
    const std::vector<Index>& items = as<Tuple>(view, "a part of a storage").items;
    if (items.size() != 3) damaged("a part of a storage that cannot be");
    const auto first = as<std::int64_t>(items[1], "an offset"), seen = as<std::int64_t>(items[2], "a size");
    const auto size = static_cast<std::int64_t>(storage.elements);
    if (first < 0 || seen < 0 || first > size || seen > size - first || !storage.dtype)
      damaged("a part that reaches beyond its storage");
    storage.first = static_cast<std::uint64_t>(first);
    storage.seen = static_cast<std::uint64_t>(seen);
  }

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

// The instructions that a state dict uses, of all that protocols 2 to 5 have.
const Machine::Instruction Machine::kInstructions[] = {
    {0x80, [](Machine& m) { m.protocol(); }},                                         // PROTO
    {0x95, [](Machine& m) { m.take(sizeof(std::uint64_t)); }},                        // FRAME
    {'N', [](Machine& m) { m.push(None{}); }},                                        // NONE
    {0x88, [](Machine& m) { m.push(Boolean{true}); }},                                // NEWTRUE
    {0x89, [](Machine& m) { m.push(Boolean{false}); }},                               // NEWFALSE
    {'K', [](Machine& m) { m.push(std::int64_t{m.take_number<std::uint8_t>()}); }},   // BININT1
    {'M', [](Machine& m) { m.push(std::int64_t{m.take_number<std::uint16_t>()}); }},  // BININT2
    {'J', [](Machine& m) { m.push(std::int64_t{m.take_number<std::int32_t>()}); }},   // BININT
    {0x8a, [](Machine& m) { m.push(m.take_long()); }},                                // LONG1
    {'G', [](Machine& m) { m.take(sizeof(double)), m.push(Opaque{}); }},              // BINFLOAT
    {'U', [](Machine& m) { m.push(m.take(m.take_number<std::uint8_t>())); }},         // SHORT_BINSTRING
    {'T', [](Machine& m) { m.push(m.take(m.take_number<std::uint32_t>())); }},        // BINSTRING
    {0x8c, [](Machine& m) { m.push(m.take(m.take_number<std::uint8_t>())); }},        // SHORT_BINUNICODE
    {'X', [](Machine& m) { m.push(m.take(m.take_number<std::uint32_t>())); }},        // BINUNICODE
    {0x8d, [](Machine& m) { m.push(m.take(m.take_number<std::uint64_t>())); }},       // BINUNICODE8
    {'(', [](Machine& m) { m.marks_.push_back(m.stack_.size()); }},                   // MARK
    {'0', [](Machine& m) { m.pop(); }},                                               // POP
    {')', [](Machine& m) { m.push(Tuple{}); }},                                       // EMPTY_TUPLE
    {'t', [](Machine& m) { m.push(Tuple{m.pop_to_mark()}); }},                        // TUPLE
    {0x85, [](Machine& m) { m.push(Tuple{m.pop_several(1)}); }},                      // TUPLE1
    {0x86, [](Machine& m) { m.push(Tuple{m.pop_several(2)}); }},                      // TUPLE2
    {0x87, [](Machine& m) { m.push(Tuple{m.pop_several(3)}); }},                      // TUPLE3
    {']', [](Machine& m) { m.push(List{}); }},                                        // EMPTY_LIST
    {'a', [](Machine& m) { m.append(m.pop_several(1)); }},                            // APPEND
    {'e', [](Machine& m) { m.append(m.pop_to_mark()); }},                             // APPENDS
    {'}', [](Machine& m) { m.push(Dict{}); }},                                        // EMPTY_DICT
    {'s', [](Machine& m) { m.set_items(m.pop_several(2)); }},                         // SETITEM
    {'u', [](Machine& m) { m.set_items(m.pop_to_mark()); }},                          // SETITEMS
    {'q', [](Machine& m) { m.put(m.take_number<std::uint8_t>()); }},                  // BINPUT
    {'r', [](Machine& m) { m.put(m.take_number<std::uint32_t>()); }},                 // LONG_BINPUT
    {0x94, [](Machine& m) { m.put(static_cast<std::uint32_t>(m.memo_.size())); }},    // MEMOIZE
    {'h', [](Machine& m) { m.get(m.take_number<std::uint8_t>()); }},                  // BINGET
    {'j', [](Machine& m) { m.get(m.take_number<std::uint32_t>()); }},                 // LONG_BINGET
    {'c', [](Machine& m) { m.global_of_lines(); }},                                   // GLOBAL
    {0x93, [](Machine& m) { m.global_of_stack(); }},                                  // STACK_GLOBAL
    {'R', [](Machine& m) { m.reduce(); }},                                            // REDUCE
    {'b', [](Machine& m) { m.build(); }},                                             // BUILD
    {'Q', [](Machine& m) { m.persistent(); }},                                        // BINPERSID
};

void Machine::run() {
  constexpr unsigned char kStop = '.';
  for (;;) {
    const auto opcode = static_cast<unsigned char>(take(1)[0]);
    if (opcode == kStop) return;
    const auto* known =
        std::find_if(std::begin(kInstructions), std::end(kInstructions),
                     [&](const Instruction& instruction) { return instruction.opcode == opcode; });
    if (known == std::end(kInstructions)) refuse(instruction_name(opcode));
    known->run(*this);
  }
}

std::vector<PickledTensor> Machine::state_dict() {
  const Value& result = values_[root()];
  const Dict* dict = std::get_if<Dict>(&result);
  if (dict == nullptr) {
    throw Error(fmt::format("{}: holds {} where a dict of tensors belongs; save model.state_dict()", where_,
                            kind_name(result)));
  }
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

}  // namespace

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
