#include "kernels/context.h"

namespace bertune::kernels {
namespace {

thread_local const Context* used = nullptr;

}  // namespace

const Context& Context::in_use() {
  static const Context kOfTheMachine;
  return used != nullptr ? *used : kOfTheMachine;
}

Context::Use::Use(const Context& context) : context_(context), before_(used) {
  used = &context_;
  if (context.pool != nullptr) pool_.emplace(*context.pool);
}
Context::Use::~Use() { used = before_; }

const OpTable& ops() { return used != nullptr ? *used->ops : machine_ops(); }

}  // namespace bertune::kernels
