// libFuzzer entry: the first byte picks the reader, the rest is its file.
#include "fuzz/checkpoint_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bertune::testing;
  if (size == 0) return 0;
  const auto reader = static_cast<CheckpointReader>(data[0] % kCheckpointReaders);
  run_checkpoint_reader(reader, std::as_bytes(std::span(data, size)).subspan(1));
  return 0;
}
