// Numbers in a row, and sums over them.
#include "operations/suite.h"

namespace bertune::kernels::bench {

void Suite::fill(const Shape& shape) const {
  add_vectors("fill", shape, 1, [](Memory& memory, std::int64_t size) {
    return [all = Segment{memory.take(size), size}] { ops().fill({&all, 1, 0.5F}); };
  });
}

// The factor is 1: repeated, any other would end at zero or infinity.
void Suite::scale(const Shape& shape) const {
  add_vectors("scale", shape, 2, [](Memory& memory, std::int64_t size) {
    return [op = Scale{size, memory.take(size), 1}] { ops().scale(op); };
  });
}

void Suite::copy(const Shape& shape) const {
  add_vectors("copy", shape, 2, [](Memory& memory, std::int64_t size) {
    return [op = Copy{size, memory.take(size), memory.take(size)}] { ops().copy(op); };
  });
}

void Suite::equal(const Shape& shape) const {
  add_vectors("equal", shape, 2, [](Memory& memory, std::int64_t size) {
    return [op = Equal{size, memory.take(size), memory.take(size), memory.result()}] { ops().equal(op); };
  });
}

void Suite::axpby(const Shape& shape) const {
  add_vectors("axpby", shape, 3, [](Memory& memory, std::int64_t size) {
    return [op = Axpby{size, 0.5, memory.take(size), 0.5, memory.take(size)}] { ops().axpby(op); };
  });
}

void Suite::dot(const Shape& shape) const {
  add_vectors("dot", shape, 2, [](Memory& memory, std::int64_t size) {
    return [op = Dot{size, memory.take(size), memory.take(size), memory.result()}] { ops().dot(op); };
  });
}

void Suite::add_reduction(const std::string& name, const Shape& shape,
                          void (*operation)(const Reduction&)) const {
  add_vectors(name, shape, 1, [=](Memory& memory, std::int64_t size) {
    return [=, op = Reduction{size, memory.take(size), memory.result()}] { operation(op); };
  });
}

void Suite::abs_sum(const Shape& shape) const { add_reduction("abs_sum", shape, ops().abs_sum); }

void Suite::abs_max(const Shape& shape) const { add_reduction("abs_max", shape, ops().abs_max); }

void Suite::sum_of_squares(const Shape& shape) const {
  add_vectors("sum_of_squares", shape, 1, [](Memory& memory, std::int64_t size) {
    return [all = ConstSegment{memory.take(size), size}, sum = memory.result()] {
      ops().sum_of_squares({&all, 1, sum});
    };
  });
}

}  // namespace bertune::kernels::bench
