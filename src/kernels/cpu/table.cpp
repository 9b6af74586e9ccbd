// The table of one instruction set.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/operations.h"
#include "kernels/host_memory.h"

#define BERTUNE_QUOTED(name) BERTUNE_QUOTED_LITERALLY(name)
#define BERTUNE_QUOTED_LITERALLY(name) #name

namespace bertune::kernels::BERTUNE_ISA {

const OpTable kTable = {.name = BERTUNE_QUOTED(BERTUNE_ISA),
#if defined(__AVX512BF16__)
                        .bf16 = true,
#endif
                        .host_memory = true,
                        .allocate = host::allocate,
                        .release = host::release,
                        .commit = host::commit,
                        .upload = host::copy,
                        .download = host::copy,
                        .packed_size = packed_size,
#define BERTUNE_ENTRY(name, Op) .name = name,
                        BERTUNE_OPERATIONS(BERTUNE_ENTRY)
#undef BERTUNE_ENTRY
};

}  // namespace bertune::kernels::BERTUNE_ISA
