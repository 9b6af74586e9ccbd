// One change of the disk that goes wrong, of all that a process makes.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <string>

#include "faults/disk.h"

namespace bertune::testing {

enum class Fault {
  none,
  no_space,
  io,
  permission,
  interrupted,
  short_write,
  death,
  power,
  power_with_journal
};

constexpr std::array kFaults = {
    Fault::no_space,    Fault::io,    Fault::permission, Fault::interrupted,
    Fault::short_write, Fault::death, Fault::power,      Fault::power_with_journal};
constexpr std::array kFaultNames = {"none",        "no space", "I/O error",  "no permission",      "a signal",
                                    "short write", "death",    "power loss", "power loss, journal"};

constexpr int kDead = 99;  // the exit status of a process that was to die

// Lets every change through but the one of number `at`.
class Injector : public writing::Watcher {
 public:
  Injector(const fs::path& root, Fault fault, std::size_t at) : disk_(root), fault_(fault), at_(at) {}

  ssize_t make(const writing::Change& change) override {
    const std::lock_guard lock(mutex_);
    const std::size_t number = calls_.size();
    calls_.push_back(static_cast<char>('a' + static_cast<int>(change.call)));
    if (fault_ == Fault::no_space && number >= at_ && grows(change)) return failed(change, ENOSPC);
    if (number != at_) return pass(change);
    switch (fault_) {
      case Fault::io:
        return failed(change, EIO);
      case Fault::permission:
        return failed(change, EACCES);
      case Fault::interrupted:
        return failed(change, EINTR);
      case Fault::short_write: {
        writing::Change part = change;
        if (part.bytes.size() > 1) part.bytes = part.bytes.first(part.bytes.size() / 2);
        return pass(part);
      }
      case Fault::power:
      case Fault::power_with_journal:
        disk_.lose_power(fault_ == Fault::power_with_journal);
        ::_exit(kDead);
      case Fault::death:
        ::_exit(kDead);
      case Fault::none:
      case Fault::no_space:
        break;
    }
    return pass(change);
  }

  // As file systems are that know neither exchanges nor links, of a memory card or of a network.
  void be_plain() { is_plain_ = true; }

  const std::string& calls() const { return calls_; }  // a letter each
  const Disk& disk() const { return disk_; }
  static bool is_write(char call) { return call == 'a' + static_cast<int>(writing::Call::write); }

 private:
  static bool grows(const writing::Change& change) {
    using writing::Call;
    return change.call == Call::write || change.call == Call::mkdir || change.call == Call::link ||
           change.call == Call::symlink || (change.call == Call::open && (change.flags & O_CREAT) != 0);
  }
  ssize_t pass(const writing::Change& change) {
    if (is_plain_ && change.call == writing::Call::exchange) return failed(change, EINVAL);
    if (is_plain_ && change.call == writing::Call::link) return failed(change, EPERM);
    const ssize_t result = writing::make(change);
    const int error = errno;
    if (result >= 0) disk_.apply(change, result);
    errno = error;
    return result;
  }
  ssize_t failed(const writing::Change& change, int error) {
    if (change.call == writing::Call::close) pass(change);  // it is closed all the same
    errno = error;
    return -1;
  }

  std::mutex mutex_;
  Disk disk_;
  Fault fault_;
  std::size_t at_;
  std::string calls_;
  bool is_plain_ = false;
};

}  // namespace bertune::testing
