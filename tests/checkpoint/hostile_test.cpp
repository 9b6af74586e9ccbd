// Replays of the fuzz target: every single bit of small files flipped, and seeded random damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "checkpoint_fixtures.h"
#include "core/random.h"
#include "fuzz/checkpoint_fuzz.h"

namespace bertune {
namespace {

using testing::as_span;
using testing::CheckpointReader;
using testing::contents;
using testing::fixture;
using testing::run_checkpoint_reader;

struct Seed {
  CheckpointReader reader;
  std::string file;
};

// The pickle of a torch archive, which is stored as it is: from its protocol mark to the STOP before the next
// entry.
std::string pickle_of(const std::string& archive) {
  const std::size_t begin = archive.find("\x80\x02"), end = archive.find("PK", begin);
  return archive.substr(begin, end - begin);
}

std::vector<Seed> seeds() {
  const std::string layouts = contents(fixture("layouts") / "pytorch_model.bin");
  return {{CheckpointReader::safetensors, contents(fixture("classifier") / "model.safetensors")},
          {CheckpointReader::config, contents(fixture("classifier") / "config.json")},
          {CheckpointReader::pickle, pickle_of(layouts)},
          {CheckpointReader::torch_archive, layouts},
          {CheckpointReader::torch_archive, contents(fixture("malicious") / "pytorch_model.bin")},
          {CheckpointReader::torch_stream, contents(fixture("legacy") / "pytorch_model.bin")},
          {CheckpointReader::torch_stream, contents(fixture("legacy_protocol4") / "pytorch_model.bin")},
          {CheckpointReader::torch_stream, contents(fixture("legacy_views") / "pytorch_model.bin")}};
}

TEST(Hostile, SeedsAreReadBeforeTheyAreDamaged) {
  for (const Seed& seed : seeds()) {
    const bool malicious = seed.file.find("posix") != std::string::npos;
    EXPECT_EQ(run_checkpoint_reader(seed.reader, as_span(seed.file)), !malicious);
  }
}

TEST(Hostile, NoSingleFlippedByteDoesMoreThanAnError) {
  for (const Seed& seed : seeds()) {
    std::string file = seed.file;
    for (char& byte : file) {
      const char original = byte;
      for (const int flip : {0x01, 0x80, 0xff}) {
        byte = static_cast<char>(original ^ flip);
        ASSERT_NO_THROW(run_checkpoint_reader(seed.reader, as_span(file)));
      }
      byte = original;
    }
  }
}

TEST(Hostile, NoTruncationDoesMoreThanAnError) {
  for (const Seed& seed : seeds()) {
    for (std::size_t length = 0; length < seed.file.size(); ++length) {
      const std::string part = seed.file.substr(0, length);
      ASSERT_NO_THROW(run_checkpoint_reader(seed.reader, as_span(part))) << length;
    }
  }
}

// One to eight changes: a byte, a run of bytes copied, removed or repeated, a number that tends to break
// sizes.
std::string mutated(std::string file, Random& random) {
  constexpr std::array<std::string_view, 6> kPieces = {
      "18446744073709551615", "-1", "\xff\xff\xff\xff", "[[", "}", "PK"};
  for (std::uint64_t change = random.below(8) + 1; change > 0 && !file.empty(); --change) {
    const std::size_t at = random.below(file.size());
    const std::size_t length = std::min<std::size_t>(random.below(32) + 1, file.size() - at);
    switch (random.below(6)) {
      case 0:
        file[at] = static_cast<char>(random.next());
        break;
      case 1:
        file.erase(at, length);
        break;
      case 2:
        file.insert(random.below(file.size()), file.substr(at, length));
        break;
      case 3:
        file.insert(at, kPieces[random.below(kPieces.size())]);
        break;
      case 4:
        file.replace(at, length, file.substr(random.below(file.size()), length));
        break;
      default:
        file[at] = static_cast<char>(file[at] ^ (1 << random.below(8)));
    }
  }
  return file;
}

TEST(Hostile, NoRandomDamageDoesMoreThanAnError) {
  constexpr int kRounds = 4000;
  Random random(42, 0);
  for (const Seed& seed : seeds()) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string file = mutated(seed.file, random);
      ASSERT_NO_THROW(run_checkpoint_reader(seed.reader, as_span(file))) << round;
    }
  }
}

}  // namespace
}  // namespace bertune
