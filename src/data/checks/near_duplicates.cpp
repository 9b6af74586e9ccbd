#include "data/checks/near_duplicates.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "core/hash.h"
#include "core/parallel.h"
#include "core/utf8.h"
#include "data/splits/text_index.h"

namespace bertune::data {
namespace {

// A pair of Jaccard similarity s becomes a candidate with probability 1 - (1 - s^8)^16: .95 at .8, .06 at .5.
constexpr std::size_t kBands = 16, kRowsPerBand = 8, kHashes = kBands * kRowsPerBand;
constexpr std::size_t kLetters = 5, kWords = 3, kFewestShingles = 16;
constexpr std::size_t kLongText = 400;  // bytes on average from which on shingles are words
constexpr std::int64_t kBlock = 1024;
constexpr std::size_t kCandidates = 8;  // of each band and kind that a row is compared with

using Shingles = std::vector<std::uint64_t>;  // hashes, ascending and different

struct Item {
  std::uint32_t set;
  std::int64_t row;
};

// The multipliers and summands of the hash functions (multiply-shift; Dietzfelbinger et al. 1997).
struct HashFunctions {
  std::array<std::uint64_t, kHashes> multiply, add;
  HashFunctions() {
    std::uint64_t state = 0x9E3779B97F4A7C15ULL;
    const auto next = [&] {  // SplitMix64
      std::uint64_t value = state += 0x9E3779B97F4A7C15ULL;
      value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
      value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
      return value ^ (value >> 31);
    };
    for (std::size_t i = 0; i < kHashes; ++i) multiply[i] = next() | 1, add[i] = next();
  }
};

// Makes the shingles of texts; keeps its buffers from one to the next.
class Shingler {
 public:
  explicit Shingler(bool words) : words_(words) {}

  const Shingles& of(const TextPair& texts) {
    fold(texts, folded_);
    starts_.clear();
    for (std::size_t i = 0; i < folded_.size(); ++i) {
      const bool begins = words_ ? is_space(folded_[i]) : !continues_character(folded_[i]);
      if (begins || i == 0) starts_.push_back(i);
    }
    starts_.push_back(folded_.size());
    const std::size_t length = words_ ? kWords : kLetters;
    shingles_.clear();
    for (std::size_t i = 0; i + length < starts_.size(); ++i) {
      const std::size_t begin = starts_[i], end = starts_[i + length];
      shingles_.push_back(quick_hash(std::string_view(folded_).substr(begin, end - begin)));
    }
    std::ranges::sort(shingles_);
    shingles_.erase(std::unique(shingles_.begin(), shingles_.end()), shingles_.end());
    return shingles_;
  }

 private:
  static bool is_space(char character) { return character == ' ' || character == '\n'; }

  bool words_;
  std::string folded_;
  std::vector<std::size_t> starts_;
  Shingles shingles_;
};

double jaccard(const Shingles& left, const Shingles& right) {
  std::size_t common = 0;
  for (std::size_t i = 0, k = 0; i < left.size() && k < right.size();) {
    common += left[i] == right[k] ? 1 : 0;
    const bool left_is_less = left[i] < right[k], right_is_less = right[k] < left[i];
    i += right_is_less ? 0 : 1;
    k += left_is_less ? 0 : 1;
  }
  return static_cast<double>(common) / static_cast<double>(left.size() + right.size() - common);
}

class NearSearch {
 public:
  explicit NearSearch(std::span<const NearSet> sets) : sets_(sets) {
    std::size_t bytes = 0;
    for (std::size_t set = 0; set < sets.size(); ++set) {
      near_.emplace_back(sets[set].compared.size());
      for (std::size_t row = 0; row < sets[set].compared.size(); ++row) {
        if (!sets[set].compared[row]) continue;
        const TextPair pair = sets[set].texts.texts(static_cast<std::int64_t>(row));
        if (pair.first.size() + pair.second.size() < kFewestShingles) continue;
        bytes += pair.first.size() + pair.second.size();
        items_.push_back({static_cast<std::uint32_t>(set), static_cast<std::int64_t>(row)});
      }
    }
    words_ = bytes > kLongText * items_.size();
  }

  std::vector<std::vector<NearRow>> find() {
    sign();
    for (std::size_t band = 0; band < kBands; ++band) look_into(band);
    return std::move(near_);
  }

 private:
  const Shingles& shingles_of(const Item& item, Shingler& shingler) const {
    return shingler.of(sets_[item.set].texts.texts(item.row));
  }
  NearRow& near(const Item& item) { return near_[item.set][static_cast<std::size_t>(item.row)]; }

  // Computes the key of each item's signature in each band. Items with too few shingles get a key of 0.
  void sign() {
    const HashFunctions functions;
    const auto size = static_cast<std::int64_t>(items_.size());
    keys_.resize(items_.size() * kBands);
    parallel_for(block_count(size, kBlock), [&](std::int64_t block) {
      Shingler shingler(words_);
      std::array<std::uint32_t, kHashes> least;
      for (std::int64_t i = block * kBlock; i < std::min(size, (block + 1) * kBlock); ++i) {
        const auto item = static_cast<std::size_t>(i);
        const Shingles& shingles = shingles_of(items_[item], shingler);
        if (shingles.size() < kFewestShingles) continue;
        least.fill(std::numeric_limits<std::uint32_t>::max());
        for (const std::uint64_t shingle : shingles) {
          for (std::size_t k = 0; k < kHashes; ++k) {
            const std::uint64_t hash = functions.multiply[k] * shingle + functions.add[k];
            least[k] = std::min(least[k], static_cast<std::uint32_t>(hash >> 32));
          }
        }
        const std::string_view bytes(reinterpret_cast<const char*>(least.data()), sizeof(least));
        constexpr std::size_t kBytes = sizeof(least) / kBands;
        for (std::size_t band = 0; band < kBands; ++band)
          keys_[band * items_.size() + item] = quick_hash(bytes.substr(band * kBytes, kBytes)) | 1;
      }
    });
  }

  // Compares the items that have a key in common. Each item is written by the thread that has its place.
  void look_into(std::size_t band) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
    for (std::size_t item = 0; item < items_.size(); ++item) {
      if (const std::uint64_t key = keys_[band * items_.size() + item]; key != 0)
        order.emplace_back(key, static_cast<std::uint32_t>(item));
    }
    std::ranges::sort(order);
    std::vector<std::uint32_t> first(order.size());  // of those with the same key
    for (std::size_t i = 1; i < order.size(); ++i)
      first[i] = order[i].first == order[i - 1].first ? first[i - 1] : static_cast<std::uint32_t>(i);
    const auto size = static_cast<std::int64_t>(order.size());
    parallel_for(block_count(size, kBlock), [&](std::int64_t block) {
      Shingler own(words_), other(words_);
      for (std::int64_t i = block * kBlock; i < std::min(size, (block + 1) * kBlock); ++i) {
        const auto place = static_cast<std::size_t>(i);
        if (first[place] != place) compare(order, first[place], place, own, other);
      }
    });
  }

  void compare(const std::vector<std::pair<std::uint64_t, std::uint32_t>>& order, std::size_t first,
               std::size_t place, Shingler& own, Shingler& other) {
    const Item& item = items_[order[place].second];
    NearRow& found = near(item);
    const Shingles* shingles = nullptr;
    const auto is_near = [&](const Item& candidate) {
      if (shingles == nullptr) shingles = &shingles_of(item, own);
      return jaccard(*shingles, shingles_of(candidate, other)) >= kNearlyEqual;
    };
    for (std::size_t k = 1; found.earlier < 0 && k <= std::min(kCandidates, place - first); ++k) {
      const Item& candidate = items_[order[place - k].second];
      if (candidate.set != item.set) break;
      if (is_near(candidate)) found.earlier = candidate.row;
    }
    for (std::size_t k = first; item.set > 0 && found.trained < 0 && k < std::min(place, first + kCandidates);
         ++k) {
      const Item& candidate = items_[order[k].second];
      if (candidate.set != 0) break;
      if (is_near(candidate)) found.trained = candidate.row;
    }
  }

  std::span<const NearSet> sets_;
  std::vector<std::vector<NearRow>> near_;
  std::vector<Item> items_;
  std::vector<std::uint64_t> keys_;  // [bands, items]
  bool words_ = false;
};

}  // namespace

std::vector<std::vector<NearRow>> near_duplicates(std::span<const NearSet> sets) {
  return NearSearch(sets).find();
}

}  // namespace bertune::data
