// Steps of optimizers.
#include "operations/suite.h"

namespace bertune::kernels::bench {

template <typename Step>
void Suite::add_update(const std::string& name, const Shape& shape,
                       void (*operation)(const UpdateList<Step>&), const Step& rule,
                       const std::vector<float * Step::*>& states,
                       const std::vector<float * Step::*>& positive_states) const {
  // Values are read and written, as are states; gradients are read.
  const double arrays = 3 + 2 * static_cast<double>(states.size() + positive_states.size());
  add_vectors(name, shape, arrays, [=](Memory& memory, std::int64_t size) {
    Step op = rule;
    op.size = size;
    op.values = memory.take(size), op.gradients = memory.take(size);
    for (float* Step::*state : states) op.*state = memory.take(size);
    for (float* Step::*state : positive_states) op.*state = memory.take_positive(size);
    return [=] { operation({.ranges = &op, .range_count = 1}); };
  });
}

void Suite::adam_step(const Shape& shape) const {
  add_update<AdamStep>("adamw_step", shape, ops().adam_step,
                       {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .value_scale = 1 - 5e-7, .rate = 5e-5},
                       {&AdamStep::exp_avg}, {&AdamStep::exp_avg_sq});
}

void Suite::sgd_step(const Shape& shape) const {
  add_update<SgdStep>("sgd_momentum_step", shape, ops().sgd_step, {.rate = 1e-6, .momentum = 0.9},
                      {&SgdStep::momentum_buffer}, {});
}

void Suite::adamax_step(const Shape& shape) const {
  add_update<AdamaxStep>("adamax_step", shape, ops().adamax_step,
                         {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .rate = 1e-6}, {&AdamaxStep::exp_avg},
                         {&AdamaxStep::exp_inf});
}

void Suite::adagrad_step(const Shape& shape) const {
  add_update<AdagradStep>("adagrad_step", shape, ops().adagrad_step, {.eps = 1e-10, .rate = 1e-6}, {},
                          {&AdagradStep::sum});
}

void Suite::adadelta_step(const Shape& shape) const {
  add_update<AdadeltaStep>("adadelta_step", shape, ops().adadelta_step,
                           {.rho = 0.9, .eps = 1e-6, .rate = 1e-6}, {},
                           {&AdadeltaStep::square_avg, &AdadeltaStep::acc_delta});
}

void Suite::rmsprop_step(const Shape& shape) const {
  add_update<RmspropStep>("rmsprop_step", shape, ops().rmsprop_step,
                          {.alpha = 0.99, .eps = 1e-8, .rate = 1e-6}, {}, {&RmspropStep::square_avg});
}

void Suite::asgd_step(const Shape& shape) const {
  add_update<AsgdStep>("asgd_step", shape, ops().asgd_step, {.rate = 1e-6}, {&AsgdStep::average}, {});
}

void Suite::rprop_step(const Shape& shape) const {
  add_update<RpropStep>("rprop_step", shape, ops().rprop_step,
                        {.etaminus = 0.5, .etaplus = 1.2, .step_size_min = 1e-6, .step_size_max = 1e-5},
                        {&RpropStep::previous}, {&RpropStep::step_size});
}

void Suite::lion_step(const Shape& shape) const {
  add_update<LionStep>("lion_step", shape, ops().lion_step, {.beta1 = 0.9, .beta2 = 0.99, .rate = 1e-6},
                       {&LionStep::exp_avg}, {});
}

void Suite::square_sums(const Shape& shape) const {
  add_vectors("square_sums", shape, 1, [=](Memory& memory, std::int64_t size) {
    const std::int64_t rows = Memory::kVocabulary;
    const SquareSums op{rows, size / rows, memory.take(size), memory.take(rows), memory.take(size / rows)};
    return [op] { ops().square_sums(op); };
  });
}

void Suite::factored_update(const Shape& shape) const {
  add_vectors("factored_update", shape, 2, [=](Memory& memory, std::int64_t size) {
    const std::int64_t rows = Memory::kVocabulary;
    const FactoredUpdate op{.rows = rows,
                            .columns = size / rows,
                            .gradients = memory.take(size),
                            .row = memory.take_positive(rows),
                            .column = memory.take_positive(size / rows),
                            .floor = 1e-30,
                            .update = memory.take(size)};
    return [op] { ops().factored_update(op); };
  });
}

// These operations are not worth a bench: Adafactor's averages have a number per row and column, a diagonal
// one per row.
void Suite::decay_average(const Shape&) const {}
void Suite::add_to_diagonal(const Shape&) const {}

}  // namespace bertune::kernels::bench
