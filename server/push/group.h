#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "server/push/family.h"

namespace meerkat::push {

inline constexpr std::string_view kPushTime = "push_time_seconds";
inline constexpr std::string_view kFailureTime = "push_failure_time_seconds";

// A grouping key: names and values, `job` among them, sorted.
using GroupLabels = std::map<std::string, std::string>;

// The labels as one text that no other group has.
std::string KeyOf(const GroupLabels& labels);

// What is held of one grouping key. Immutable once it is shared. Threads: any.
struct Group {
  struct Entry {
    Timestamp pushed{};
    Family family;
  };
  GroupLabels labels;
  // By name, the two push times among them.
  std::map<std::string, std::shared_ptr<const Entry>, std::less<>> families;
  std::optional<Timestamp> expires;

  bool last_push_successful() const;
};

// One of the two families that tell when a group was pushed last, or when a push of it failed.
Family PushTimeFamily(std::string_view name, const GroupLabels& labels,
                      std::optional<Timestamp> at);

// Gives every metric the labels of its group, which win over its own, and an empty `instance` if it
// has none: so a scrape with honor_labels does not add the one of the server.
void Ground(Family& family, const GroupLabels& labels);

// How a group is kept: JSON, its families in the text format.
std::string Serialize(const Group& group);
Result<Group> Deserialize(std::string_view text);

}  // namespace meerkat::push
