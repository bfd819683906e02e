#include "server/commands/amtool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace meerkat::commands {
namespace {

using Words = std::vector<std::string>;

std::string WriteFile(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(path) << text;
  return path.string();
}

std::string Arranged(const Words& given, const Words& files = {}) {
  const auto args = AmtoolArguments(given, files);
  if (!args) return "error: " + args.error().message();
  std::string out;
  for (const std::string& word : *args) out += (out.empty() ? "" : "|") + word;
  return out;
}

TEST(AmtoolArguments, FlagsInFrontGoBehindTheCommand) {
  EXPECT_EQ(Arranged({"--alertmanager.url", "http://a", "-o", "json", "silence", "add", "x=y"}),
            "silence|add|--alertmanager.url|http://a|-o|json|x=y");
  EXPECT_EQ(Arranged({"--alertmanager.url=http://a", "-v", "config", "routes", "test", "a=b"}),
            "config|routes|test|--alertmanager.url=http://a|-v|a=b");
  EXPECT_EQ(Arranged({"alert", "name"}), "alert|name");
}

TEST(AmtoolArguments, WithoutACommandThereIsHelp) {
  EXPECT_EQ(Arranged({}), "help");
  EXPECT_EQ(Arranged({"--alertmanager.url=http://a"}), "help");
  EXPECT_EQ(Arranged({"--version"}), "--version");
  EXPECT_EQ(Arranged({"--nonsense"}), "--nonsense");
}

TEST(AmtoolArguments, TheFirstConfigurationFileWinsAndTheCommandLineOverBoth) {
  const Words files = {
      WriteFile("home.yml", "alertmanager.url: http://home\nauthor: me\ncomment_required: false\n"),
      WriteFile("etc.yml", "alertmanager.url: http://etc\noutput: extended\nunheard-of: 1\n"),
      "/nonexistent/config.yml"};
  EXPECT_EQ(Arranged({"alert"}, files), "alert|--alertmanager.url=http://home|--output=extended");
  EXPECT_EQ(Arranged({"-o", "json", "silence", "add", "x=y"}, files),
            "silence|add|--alertmanager.url=http://home|--output=extended|--author=me|"
            "--no-require-comment|-o|json|x=y");
}

TEST(AmtoolArguments, AFileThatDoesNotReadIsRefused) {
  EXPECT_TRUE(Arranged({"alert"}, {WriteFile("bad.yml", "a: [\n")}).starts_with("error: "));
}

}  // namespace
}  // namespace meerkat::commands
