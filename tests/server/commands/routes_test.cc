#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "server/commands/alert.h"
#include "server/commands/arguments.h"
#include "server/commands/check_alertmanager.h"

namespace meerkat::commands {
namespace {

constexpr std::string_view kConfig = R"(
route:
  receiver: default
  routes:
  - receiver: a
    matchers: [ 'x="1"', 'y=~"b.*"' ]
    continue: true
    routes: [ { receiver: c, matchers: [ 'z!="3"' ] } ]
  - receiver: b
    matchers: [ 'x=~"1|2"' ]
receivers: [ { name: default }, { name: a }, { name: b }, { name: c } ]
)";

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran Call(const std::vector<Command>& commands, std::string_view name,
         std::vector<std::string> args) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  for (const Command& command : commands) {
    if (command.name == name) return {command.run(args, {in, out, err}), out.str(), err.str()};
  }
  return {-1, "", "no such command"};
}

struct CommandTest : ::testing::Test {
  CommandTest() {
    path = ::testing::TempDir() + "routes_test_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".yml";
    Write(kConfig);
  }
  ~CommandTest() override { std::remove(path.c_str()); }
  void Write(std::string_view text) { std::ofstream(path) << text; }
  std::string path;
};

TEST_F(CommandTest, RoutesShowDrawsTheTree) {
  const Ran ran = Call(RoutesCommands(), "routes show", {"--config.file=" + path});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, R"(Routing tree:
.
└── default-route  receiver: default
    ├── {x="1",y=~"b.*"}  continue: true  receiver: a
    │   └── {z!="3"}  receiver: c
    └── {x=~"1|2"}  receiver: b

)");
}

TEST_F(CommandTest, RoutesTestNamesTheReceivers) {
  const Ran ran = Call(RoutesCommands(), "routes test", {"--config.file", path, "x=1", "y=\"bb\""});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "c,b\n");
  const Ran verified = Call(RoutesCommands(), "routes test",
                            {"--config.file=" + path, "--verify.receivers=a", "x=1", "y=bb"});
  EXPECT_EQ(verified.code, 1);
  EXPECT_EQ(verified.out, "c,b\nWARNING: Expected receivers did not match resolved receivers.\n");
}

TEST_F(CommandTest, TemplateRenderUsesTheDefaults) {
  const Ran ran =
      Call(RoutesCommands(), "template render",
           {"--template.text={{ template \"slack.default.title\" . }} {{ .Alerts.Firing | len }}"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "[FIRING:1] grouplabelvalue1 grouplabelvalue2  1");
}

TEST_F(CommandTest, CheckTellsWhatItFound) {
  const Ran good = Call(CheckAlertmanagerCommands(), "check alertmanager", {path});
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out, "Checking '" + path +
                          "'  SUCCESS\nFound:\n - global config\n - route\n - 0 inhibit rules\n"
                          " - 4 receivers\n - 0 templates\n\n");
  Write("route: { receiver: b }\nreceivers: [ { name: a } ]\n");
  const Ran bad = Call(CheckAlertmanagerCommands(), "check alertmanager", {path});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out, "Checking '" + path + "'  FAILED: " + path +
                         ":1:1: route: undefined receiver \"b\" used in route\n\n");
}

TEST(Arguments, SortsFlagsFromWords) {
  constexpr FlagRule kRules[] = {{"comment", 'c'}, {"quiet", 'q', false}};
  const std::vector<std::string> args = {"x=1", "-c", "why", "--quiet", "--comment=so", "--", "-y"};
  const auto parsed = Arguments::Parse(args, kRules);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->words(), (std::vector<std::string>{"x=1", "-y"}));
  EXPECT_EQ(parsed->Values("comment"), (std::vector<std::string>{"why", "so"}));
  EXPECT_TRUE(parsed->On("quiet"));
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"--nosuch"}, {"-c"}, {"-z"}, {"-qx"}}) {
    EXPECT_FALSE(Arguments::Parse(bad, kRules).ok()) << bad[0];
  }
}

}  // namespace
}  // namespace meerkat::commands
