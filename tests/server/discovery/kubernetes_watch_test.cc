#include "server/discovery/kubernetes_watch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace meerkat::discovery {
namespace {

std::string Line(const std::string& type, const std::string& name, const std::string& version) {
  const std::string named = name.empty() ? "" : R"("name":")" + name + R"(","namespace":"ns",)";
  return R"({"type":")" + type + R"(","object":{"metadata":{)" + named + R"("resourceVersion":")" +
         version + "\"}}}\n";
}

// A feed that listed pod a at version 5, and what it then heard.
struct Watched {
  explicit Watched(std::string_view body, std::size_t piece = 1000) {
    const auto page = ParseKubernetesPage(
        R"({"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a","namespace":"ns"}}]})");
    feed.TakeList(page->objects, page->version);
    feed.BeginWatch();
    for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
      feed.TakePiece(body.substr(0, piece), [this](KubernetesFeed::Event event) {
        events += event == KubernetesFeed::Event::kAdd      ? "add "
                  : event == KubernetesFeed::Event::kDelete ? "delete "
                                                            : "update ";
      });
    }
  }
  std::string keys() const {
    std::string list;
    for (const auto& [key, object] : feed.objects()) list += key + " ";
    return list;
  }

  KubernetesFeed feed;
  std::string events;
};

TEST(KubernetesFeed, EventsChangeTheListHoweverTheyArrive) {
  const std::string body =
      Line("ADDED", "b", "6") + Line("MODIFIED", "a", "7") + "\n" + Line("DELETED", "a", "8");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, body.size()}) {
    const Watched watched(body, piece);
    EXPECT_EQ(watched.events, "add update delete ") << piece;
    EXPECT_EQ(watched.keys(), "ns/b ") << piece;
    EXPECT_EQ(watched.feed.version(), "8") << piece;
  }
}

TEST(KubernetesFeed, ABookmarkMovesThePlaceAndNothingElse) {
  const Watched watched(Line("BOOKMARK", "", "99"));
  EXPECT_EQ(watched.feed.version(), "99");
  EXPECT_EQ(watched.events, "");
}

TEST(KubernetesFeed, AWatchBegunAnewForgetsHalfALine) {
  Watched watched(R"({"type":"ADD)");
  watched.feed.BeginWatch();
  watched.feed.TakePiece(Line("ADDED", "b", "6"), [](KubernetesFeed::Event) {});
  EXPECT_EQ(watched.keys(), "ns/a ns/b ");
}

// An event passed over would be missing until its object changes again.
TEST(KubernetesFeed, WhatIsNoEventMeansListingAgain) {
  for (const std::string& line :
       {Line("ERROR", "a", "6"), Line("WHATEVER", "a", "6"), Line("ADDED", "", "6"),
        Line("ADDED", "b", ""), Line("BOOKMARK", "", ""), std::string("{\"type\":\"ADDED\"}\n"),
        std::string("{\"type\":\n"), std::string("[]\n"), std::string(17 << 20, ' ')}) {
    const Watched watched(line + Line("ADDED", "c", "9"), 1 << 20);
    EXPECT_EQ(watched.feed.version(), "") << line.substr(0, 100);
    EXPECT_EQ(watched.keys(), "ns/a ") << "and what was known stays: " << line.substr(0, 100);
    EXPECT_TRUE(watched.feed.listed());
  }
}

// A list without a version leaves no place to watch from: it would be asked for without end.
TEST(KubernetesPage, AListHasAVersion) {
  for (const char* body : {"", "[]", "{}", R"({"items":[]})", R"({"metadata":{"continue":""}})"}) {
    EXPECT_FALSE(ParseKubernetesPage(body)) << body;
  }
  const auto page = ParseKubernetesPage(R"({"metadata":{"continue":"c"},"items":[{},1]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, "c");
  EXPECT_TRUE(page->objects.empty()) << "an object has a name";
}

}  // namespace
}  // namespace meerkat::discovery
