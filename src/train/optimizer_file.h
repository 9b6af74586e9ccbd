// optimizer.safetensors of a checkpoint: the state of an optimizer as one process has it, also where several
// have a part each.
#pragma once

#include <cstdint>
#include <filesystem>

#include "bertune/optim.h"
#include "bertune/parameters.h"

namespace bertune::train {

// Writes the states. Where the parameters have a part, the other ranks send theirs meanwhile
// (send_optimizer).
void save_optimizer(const std::filesystem::path& path, optim::Optimizer& optimizer,
                    const Parameters& parameters);

// Sends the first rank this one's part of all states; nothing where each rank has the whole.
void send_optimizer(optim::Optimizer& optimizer, const Parameters& parameters);

// Restores the states, which the first rank reads for all. Throws Error where the file is of another model or
// optimizer.
void load_optimizer(const std::filesystem::path& path, optim::Optimizer& optimizer,
                    const Parameters& parameters, std::int64_t step);

// Returns how many numbers such a file has.
std::uint64_t saved_numbers(optim::Optimizer& optimizer, const Parameters& parameters);

}  // namespace bertune::train
