#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "alerting/config.h"
#include "base/labels.h"

namespace meerkat::alerting {

// A node of the routing tree with everything inherited filled in. Immutable.
struct Route {
  std::string key;  // {}/{severity="page"}: the matchers from the root down
  std::string id;   // the key, told apart from routes with the same matchers by its place
  std::string receiver;
  std::vector<std::string> group_by;  // sorted
  bool group_by_all = false;
  Millis group_wait = std::chrono::seconds(30);
  Millis group_interval = std::chrono::minutes(5);
  Millis repeat_interval = std::chrono::hours(4);
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  Templates labels;

  std::vector<Matcher> matchers;  // sorted
  bool continue_matching = false;
  std::vector<std::unique_ptr<const Route>> routes;

  // The labels of the group an alert with `labels` belongs to here.
  Labels GroupLabels(const Labels& labels) const;
  std::string GroupKey(const Labels& group_labels) const;
};

// Who is told about what. Threads: any.
class RoutingTree {
 public:
  explicit RoutingTree(const RouteConfig& config);

  const Route& root() const { return *root_; }
  // The routes that take an alert with these labels, in the order of the file; never empty.
  std::vector<const Route*> Match(const Labels& labels) const;
  // All that some route names.
  std::set<std::string> Receivers() const;

 private:
  std::unique_ptr<const Route> root_;
};

// {a="b", c="d"}: a label set as group keys and log lines show it.
std::string LabelSetText(const Labels& labels);

}  // namespace meerkat::alerting
