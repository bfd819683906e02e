#include "alerting/route.h"

#include <gtest/gtest.h>

#include "alerting/route/dispatcher.h"
#include "tests/alerting/world.h"

namespace meerkat::alerting {
namespace {

RouteConfig Node(const std::string& receiver, std::vector<std::string> matchers,
                 std::vector<RouteConfig> routes = {}) {
  RouteConfig route;
  route.receiver = receiver;
  for (const std::string& text : matchers) route.matchers.push_back(MatcherOf(text));
  route.routes = std::move(routes);
  return route;
}

std::string Receivers(const RoutingTree& tree, const Labels& labels) {
  std::string out;
  for (const Route* route : tree.Match(labels)) out += route->receiver + " ";
  return out;
}

TEST(RoutingTree, TheFirstMatchingChildWinsUnlessItContinues) {
  RouteConfig root =
      Node("default", {}, {Node("a", {"x=1"}), Node("b", {"x=~1|2"}), Node("c", {"x=~.+"})});
  root.routes[0].continue_matching = true;
  const RoutingTree tree(root);
  EXPECT_EQ(Receivers(tree, {{"x", "1"}}), "a b ");
  EXPECT_EQ(Receivers(tree, {{"x", "2"}}), "b ");
  EXPECT_EQ(Receivers(tree, {{"x", "3"}}), "c ");
  EXPECT_EQ(Receivers(tree, {{"y", "3"}}), "default ");
}

TEST(RoutingTree, ChildrenInheritAndNodesTakeWhatNoChildTakes) {
  RouteConfig root =
      Node("default", {},
           {Node("team", {"team=x"}, {Node("", {"sev=mail"}), Node("page", {"sev=page"})})});
  root.group_by = {{"alertname"}};
  root.routes[0].group_by = {{"svc"}};
  root.routes[0].group_wait = Millis(5);
  root.labels = {{"from", "root"}};
  root.routes[0].labels = {{"also", "team"}};
  const RoutingTree tree(root);
  EXPECT_EQ(Receivers(tree, {{"team", "x"}}), "team ");
  EXPECT_EQ(Receivers(tree, {{"team", "x"}, {"sev", "page"}}), "page ");
  const Route* mail = tree.Match({{"team", "x"}, {"sev", "mail"}})[0];
  EXPECT_EQ(mail->receiver, "team");
  EXPECT_EQ(mail->group_by, std::vector<std::string>{"svc"});
  EXPECT_EQ(mail->group_wait, Millis(5));
  EXPECT_EQ(mail->repeat_interval, std::chrono::hours(4));
  EXPECT_EQ(mail->labels, (Templates{{"also", "team"}, {"from", "root"}}));
}

// What Alertmanager 0.33 makes of the same.
TEST(AlertLess, OrdersByJobInstanceAndLabels) {
  const std::vector<Labels> in_order = {{{"n", "7"}, {"job", "a"}, {"instance", "b"}},
                                        {{"n", "3"}, {"job", "a"}, {"instance", "z"}},
                                        {{"n", "4"}, {"job", "a"}},
                                        {{"n", "2"}, {"job", "b"}},
                                        {{"n", "5"}, {"instance", "a"}},
                                        {{"n", "6"}, {"instance", "b"}, {"x", "y"}},
                                        {{"n", "1"}},
                                        {{"n", "9"}, {"zz", "x"}},
                                        {{"n", "0"}, {"aa", "w"}},
                                        {{"n", "8"}, {"aa", "x"}}};
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    for (std::size_t j = 0; j < in_order.size(); ++j) {
      Alert a;
      Alert b;
      a.labels = in_order[i];
      b.labels = in_order[j];
      EXPECT_EQ(AlertLess(a, b), i < j) << in_order[i].Get("n") << " " << in_order[j].Get("n");
    }
  }
}

TEST(Route, GroupKeysNameThePathAndTheGroup) {
  RouteConfig root = Node("default", {}, {Node("t", {"team=x", "a!=\"1\""})});
  root.group_by = {{"alertname", "dc", "absent"}};
  const RoutingTree tree(root);
  const Labels labels{{"alertname", "X"}, {"dc", "d1"}, {"team", "x"}};
  const Route* route = tree.Match(labels)[0];
  EXPECT_EQ(route->GroupKey(route->GroupLabels(labels)),
            R"({}/{a!="1",team="x"}:{alertname="X", dc="d1"})");
  root.group_by.reset();
  const RoutingTree one_group(root);
  EXPECT_EQ(one_group.root().GroupKey(one_group.root().GroupLabels(labels)), "{}:{}");
  root.group_by_all = true;
  const RoutingTree alone(root);
  EXPECT_EQ(alone.root().GroupLabels(labels), labels);
}

}  // namespace
}  // namespace meerkat::alerting
