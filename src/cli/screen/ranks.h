// The program as one rank of several, which a launcher (mpirun, srun) has started: who joins, who speaks, and
// how all of them end together.
#pragma once

#include <string_view>

namespace bertune::cli {

// Returns whether this process is the one that prints and writes. Before join_ranks() the launcher's
// variables say so.
bool is_first_rank();

// Returns how many processes the launcher has started.
int launched_ranks();
// Returns how many of them share this machine; all where the launcher does not say.
int ranks_of_machine();

// Ends commands that one process runs. Throws UsageError under a launcher of several, naming what can be run.
void require_one_process(std::string_view command);

// From now on this process does work of its own, and speaks for itself.
void work_apart();

// Makes this process one of the ranks (distributed::current()) for the rest of its life, if a launcher has
// started several; else it does nothing. All but the first are silent from then on. Throws Error where the
// ranks do not find one another.
void join_ranks();

// Returns the threads that are this rank's part of its machine; 0 for a process that is alone.
int threads_of_rank();

// The end of a process: whether it tells why, and its exit code.
struct RankEnd {
  bool tells = true;
  int code = 0;
};
// Ends the job for a failure, or a stop, of this rank. The first rank tells its own and ends the others; the
// others leave their words to it, and speak themselves only where it does not answer.
RankEnd end_ranks(std::string_view message, int code);

// Ends this rank because the first has ended the job.
void follow_the_first_rank();

// Returns when all ranks have done their work; does nothing for a process that is alone.
void await_ranks();

// Leaves the job; the last call of the process.
void leave_ranks(int code);

}  // namespace bertune::cli
