#include "server/app/flags.h"

#include <gtest/gtest.h>

namespace meerkat::app {
namespace {

TEST(Flags, HaveUpstreamsNamesAndDefaults) {
  const auto outcome = Flags::Parse({});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  const Flags& flags = outcome->flags;
  EXPECT_EQ(flags.text("storage.tsdb.path"), "data/");
  EXPECT_EQ(flags.duration("query.timeout"), std::chrono::minutes(2));
  EXPECT_EQ(flags.integer("query.max-samples"), 50'000'000);
  EXPECT_FALSE(flags.on("web.enable-lifecycle"));
  EXPECT_EQ(flags.list("web.listen-address"), (std::vector<std::string>{"0.0.0.0:9090"}));
  EXPECT_EQ(flags.all().at("alertmanager.listen-address"), ":9093");
}

TEST(Flags, TakeBothSpellingsAndLists) {
  const auto outcome = Flags::Parse({"--web.enable-lifecycle", "--storage.tsdb.path", "/x",
                                     "--enable-feature=a,b", "--enable-feature", "c",
                                     "--alertmanager.listen-address=", "--no-config.auto-reload",
                                     "--storage.tsdb.retention.size=10GB"});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  const Flags& flags = outcome->flags;
  EXPECT_TRUE(flags.on("web.enable-lifecycle"));
  EXPECT_EQ(flags.text("storage.tsdb.path"), "/x");
  EXPECT_TRUE(flags.feature("b"));
  EXPECT_TRUE(flags.feature("c"));
  EXPECT_TRUE(flags.list("alertmanager.listen-address").empty());
  EXPECT_EQ(flags.bytes("storage.tsdb.retention.size"), 10ULL << 30);
}

TEST(Flags, RefuseInOneClearLine) {
  const auto error = [](std::vector<std::string> args) {
    const auto outcome = Flags::Parse(std::move(args));
    return outcome.ok() ? "" : outcome.error().message();
  };
  EXPECT_EQ(
      error({"--web.listen-adress=x"}),
      "unknown flag --web.listen-adress (did you mean --web.listen-address?); see meerkat --help");
  EXPECT_EQ(error({"surplus"}), "unexpected argument \"surplus\"; see meerkat --help");
  EXPECT_EQ(error({"--query.timeout=2x"}),
            "--query.timeout: unknown unit \"x\" in duration \"2x\"");
  EXPECT_EQ(error({"--log.level=loud"}),
            "--log.level: must be one of debug, info, warn, error, got \"loud\"");
  EXPECT_EQ(error({"--query.max-samples=many"}),
            "--query.max-samples: not a whole number: \"many\"");
}

TEST(Flags, HelpIsGroupedAndVersionIsTold) {
  const auto help = Flags::Parse({"--help"});
  ASSERT_TRUE(help.ok());
  EXPECT_NE(help->message.find("Alert manager"), std::string::npos);
  EXPECT_NE(help->message.find("\n  --storage.tsdb.path=data/           Folder"),
            std::string::npos);
  EXPECT_NE(help->message.find("\n  --web.enable-lifecycle              Allow"), std::string::npos);
  EXPECT_EQ(help->message.find("samples-per-chunk"), std::string::npos);
  EXPECT_NE(Flags::Parse({"--version"})->message.find("meerkat, version"), std::string::npos);
}

}  // namespace
}  // namespace meerkat::app
