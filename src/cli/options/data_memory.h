// The memory that the data of a command may take, before they are kept in files.
#pragma once

namespace bertune::cli {

// Reads it from the environment: BERTUNE_DATA_MEMORY, "4GiB", or half of what the machine has free, divided
// among the `processes` that share it; and from TMPDIR the folder of the files, /var/tmp without it. Throws
// UsageError for a size that is none.
void settle_data_memory(int processes);

}  // namespace bertune::cli
