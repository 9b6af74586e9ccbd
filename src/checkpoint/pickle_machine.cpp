#include "checkpoint/pickle_machine.h"

#include <iterator>

namespace bertune::checkpoint::pickled {
namespace {

constexpr std::size_t kMaxArguments = 8;

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

}  // namespace

void Machine::global_of_lines() {
  const std::string_view module = take_line(), name = take_line();
  push_global(module, name);
}

void Machine::global_of_stack() {
  const Index name = pop(), module = pop();
  push_global(as<std::string_view>(module, "a module's name"), as<std::string_view>(name, "a name"));
}

void Machine::push_global(std::string_view module, std::string_view name) {
  const auto global = find_global(module, name);
  if (!global) refuse(in_quotes(fmt::format("{}.{}", module.substr(0, 100), name.substr(0, 100))));
  push(*global);
}

// The state that torch attaches to a dict (_metadata: versions of the modules) is of no use here.
void Machine::build() {
  const Index state = pop();
  if (!std::holds_alternative<Dict>(values_[state])) refuse("BUILD with a state that is no dict");
  const Index target = pop();
  if (!std::holds_alternative<Dict>(values_[target])) {
    refuse(fmt::format("BUILD on {}", kind_name(values_[target])));
  }
  stack_.push_back(target);
}

void Machine::reduce() {
  const Index arguments = pop();
  const Tuple& tuple = as<Tuple>(arguments, "the arguments of a call");
  if (tuple.items.size() > kMaxArguments) refuse(fmt::format("a call with {} arguments", tuple.items.size()));
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
Dict Machine::ordered_dict(const std::vector<Index>& arguments) {
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

}  // namespace bertune::checkpoint::pickled
