#include "distributed/agreement.h"

#include <fmt/format.h>

#include "core/json.h"

namespace bertune::distributed {

void require_same(Ranks& ranks, const Facts& facts) {
  constexpr std::size_t kLongest = 60;
  ranks.set_doing("the checks before the first step");
  Json own = Json::array();
  for (const auto& [name, value] : facts) own.push_back({name, value});
  const std::vector<std::string> all = ranks.gather(dump_json(own, -1), "what is compared");
  std::string differences;
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    const Json other = parse_json(all[rank], "the facts of a rank");
    for (std::size_t i = 0; i < facts.size(); ++i) {
      const std::string value = other.at(i).at(1);
      if (value == facts[i].second) continue;
      differences += fmt::format("\n  {}: {}", ranks.name(static_cast<int>(rank)), facts[i].first);
      if (value.size() + facts[i].second.size() <= kLongest)
        differences += fmt::format(": {}, not {}", value, facts[i].second);
    }
  }
  if (differences.empty()) return ranks.barrier("the checks of rank 0");
  throw Error(fmt::format("all ranks must work on the same, and these are not those of {}:{}", ranks.name(0),
                          differences));
}

}  // namespace bertune::distributed
