#include "kernels/matmul.h"

#include <dnnl.h>
#include <fmt/format.h>

#include "bertune/error.h"

namespace bertune::kernels {

void onednn_matmul(const Matmul& op) {
  if (op.m == 0 || op.n == 0) return;
  const dnnl_status_t status =
      dnnl_sgemm(op.transpose_a ? 'T' : 'N', op.transpose_b ? 'T' : 'N', op.m, op.n, op.k, 1.0F, op.a, op.lda,
                 op.b, op.ldb, op.accumulate ? 1.0F : 0.0F, op.c, op.ldc);
  if (status != dnnl_success) {
    throw Error(fmt::format("oneDNN failed on a {} x {} x {} matrix product (status {})", op.m, op.n, op.k,
                            static_cast<int>(status)));
  }
}

}  // namespace bertune::kernels
