// Communicator is the interface of what carries messages between the ranks of a job: MPI, or threads of one
// process. It knows of no sums and of no shapes (distributed/ranks.h, distributed/tree_sum.h).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bertune::distributed {

// A rank's last words: why it fails, or, from rank 0, that the job ends.
struct Notice {
  int from = 0;
  int code = 0;  // the exit code of the process
  std::string text;
};

// One thread uses a communicator at a time: always the one that made it, unless any_thread().
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual bool any_thread() const = 0;

  // Post a message to or from another rank; the bytes must stay where they are until progress() returns true.
  // The messages from one rank to another arrive in the order in which they are posted, and a receive takes
  // the whole of one send, of the same size.
  virtual void post_send(int to, std::span<const std::byte> bytes) = 0;
  virtual void post_receive(int from, std::span<std::byte> bytes) = 0;
  // Carries on what was posted, without waiting; returns whether all of it is done. Throws Error where the
  // transport fails.
  virtual bool progress() = 0;
  // Gives up what was posted and is not done: the memory of receives may be freed.
  virtual void give_up() = 0;
  // Returns the other rank of the first message that is not done; -1 if there is none.
  virtual int awaited() const = 0;

  // Returns the seconds since a rank was last heard from. Rank 0 hears from all, and all hear from rank 0;
  // of others, and where nobody listens, it is 0.
  virtual double silence(int rank) const = 0;
  // Tells another rank one's last words. Does not wait for a rank that does not listen.
  virtual void tell(int to, int code, std::string_view text) = 0;
  // Returns the next notice that has arrived.
  virtual std::optional<Notice> heard() = 0;

  // Waits for all ranks to leave, at most so long; returns whether they have. Nothing can be sent after it.
  virtual bool leave(double seconds) = 0;
  // Ends all processes of the job, at once.
  [[noreturn]] virtual void abort(int code) = 0;
};

}  // namespace bertune::distributed
