#include "alerting/route.h"

#include <algorithm>

#include "base/quote.h"

namespace meerkat::alerting {
namespace {

std::unique_ptr<const Route> Build(const RouteConfig& config, const Route* parent,
                                   std::size_t place) {
  auto route = std::make_unique<Route>();
  if (parent != nullptr) {
    route->receiver = parent->receiver;
    route->group_by = parent->group_by;
    route->group_by_all = parent->group_by_all;
    route->group_wait = parent->group_wait;
    route->group_interval = parent->group_interval;
    route->repeat_interval = parent->repeat_interval;
    route->labels = parent->labels;
  }
  if (!config.receiver.empty()) route->receiver = config.receiver;
  if (config.group_by_all || config.group_by) {
    route->group_by_all = config.group_by_all;
    route->group_by = config.group_by.value_or(std::vector<std::string>{});
    std::sort(route->group_by.begin(), route->group_by.end());
  }
  route->group_wait = config.group_wait.value_or(route->group_wait);
  route->group_interval = config.group_interval.value_or(route->group_interval);
  route->repeat_interval = config.repeat_interval.value_or(route->repeat_interval);
  for (const auto& [name, text] : config.labels) {
    const auto known = std::find_if(route->labels.begin(), route->labels.end(),
                                    [&name](const auto& label) { return label.first == name; });
    if (known != route->labels.end()) {
      known->second = text;
    } else {
      route->labels.emplace_back(name, text);
    }
  }
  std::sort(route->labels.begin(), route->labels.end());
  route->mute_time_intervals = config.mute_time_intervals;
  route->active_time_intervals = config.active_time_intervals;
  route->continue_matching = config.continue_matching;
  route->matchers = config.matchers;
  SortMatchers(route->matchers);

  const std::string own = MatchersText(route->matchers);
  route->key = parent == nullptr ? own : parent->key + "/" + own;
  route->id = parent == nullptr ? own : parent->id + "/" + own + "/" + std::to_string(place);
  std::size_t number = 0;
  for (const RouteConfig& child : config.routes) {
    route->routes.push_back(Build(child, route.get(), number++));
  }
  return route;
}

void Collect(const Route& route, const Labels& labels, std::vector<const Route*>& out) {
  const std::size_t before = out.size();
  for (const auto& child : route.routes) {
    if (!AllMatch(child->matchers, labels)) continue;
    Collect(*child, labels, out);
    if (!child->continue_matching) break;
  }
  if (out.size() == before) out.push_back(&route);
}

}  // namespace

RoutingTree::RoutingTree(const RouteConfig& config) : root_(Build(config, nullptr, 0)) {}

std::vector<const Route*> RoutingTree::Match(const Labels& labels) const {
  std::vector<const Route*> out;
  Collect(*root_, labels, out);
  return out;
}

std::set<std::string> RoutingTree::Receivers() const {
  std::set<std::string> receivers;
  std::vector<const Route*> open = {root_.get()};
  while (!open.empty()) {
    const Route& route = *open.back();
    open.pop_back();
    receivers.insert(route.receiver);
    for (const auto& child : route.routes) open.push_back(child.get());
  }
  return receivers;
}

Labels Route::GroupLabels(const Labels& alert_labels) const {
  return group_by_all ? alert_labels : alert_labels.Keep(group_by);
}

std::string Route::GroupKey(const Labels& group_labels) const {
  return key + ":" + LabelSetText(group_labels);
}

std::string LabelSetText(const Labels& labels) {
  std::string out = "{";
  for (const Label label : labels) {
    if (out.size() > 1) out += ", ";
    out += label.name;
    out += '=';
    out += Quote(label.value);
  }
  out += '}';
  return out;
}

}  // namespace meerkat::alerting
