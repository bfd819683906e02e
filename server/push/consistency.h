#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "server/push/group.h"

namespace meerkat::push {

// Knows which families and metrics all groups hold, so that a push is checked against them without
// looking at them again. Threads: one at a time.
class Consistency {
 public:
  void Add(const std::string& key, const Group& group);
  void Remove(const std::string& key, const Group& group);

  // What stands against `group` taking the place of the group `key`: types that differ, metrics
  // that exist twice, names that collide with parts of histograms and summaries, labels that are
  // none. Upstream's words, several of them under `2 error(s) occurred:`.
  Result<> Check(const std::string& key, const Group& group) const;

 private:
  struct Holder {
    std::string key;
    FamilyType type = FamilyType::kUntyped;
  };
  // The type a family has in groups other than `key`; nullopt: no other has it.
  std::optional<FamilyType> TypeElsewhere(std::string_view family, const std::string& key) const;
  std::string Collision(const std::string& key, const Group& group, const Family& family) const;

  std::unordered_map<std::string, std::vector<Holder>> families_;
  std::unordered_map<std::uint64_t, std::string> owners_;  // by the hash of name and labels
};

}  // namespace meerkat::push
