#include "server/commands/texts.h"

#include <gtest/gtest.h>

#include "server/commands/arguments.h"

namespace meerkat::commands {
namespace {

constexpr FlagRule kFlags[] = {{"lint", '\0', true, "all", "It's what to look for."},
                               {"quiet", 'q', false, "", "Say nothing."},
                               {"server", '\0', true, "URL", "Whom to ask.", true}};
constexpr app::FlagSpec kServerFlags[] = {
    {"web.listen-address", app::FlagSpec::Kind::kList, "0.0.0.0:9090", "Web", "Address."},
    {"old.flag", app::FlagSpec::Kind::kString, "", "", "Hidden."}};

const Command kCommands[] = {
    {"check config", "FILE…", "Check files.", nullptr, kFlags},
    {"man", "", "Print the man page.", nullptr},
    {"silence add", "[--id=ID] [--force] -c WHY MATCHER…", "Silence.", nullptr}};
const CommandLineTables kTables{kCommands, kServerFlags};

TEST(Texts, HelpNamesEveryFlag) {
  EXPECT_EQ(HelpOf(kCommands[0]),
            "usage: meerkat check config --server=URL [FLAG…] FILE…\n\n"
            "Check files.\n\n"
            "Flags:\n"
            "      --lint=all    It's what to look for.\n"
            "  -q, --quiet       Say nothing.\n"
            "      --server=URL  Whom to ask.\n");
  EXPECT_EQ(HelpOf(kCommands[1], "promtool"),
            "usage: promtool man\n\n"
            "Print the man page.\n");
  EXPECT_EQ(ListOf(kCommands, "man"), "  meerkat man  Print the man page.\n");
}

TEST(Texts, CompletionKnowsWordsAndFlags) {
  const std::string bash = BashCompletion(kTables);
  EXPECT_NE(bash.find("'') next='check man silence' flags='--web.listen-address='; break ;;"),
            std::string::npos)
      << bash;
  EXPECT_NE(bash.find("'check config') next='' flags='--lint= --quiet --server='; break ;;"),
            std::string::npos);
  EXPECT_NE(bash.find("'silence add') next='' flags='--id= --force'; break ;;"), std::string::npos);
  const std::string zsh = ZshCompletion(kTables);
  EXPECT_NE(zsh.find("'--lint=:It'\\''s what to look for.'"), std::string::npos) << zsh;
  const std::string fish = FishCompletion(kTables);
  EXPECT_NE(fish.find("-l 'lint' -r -d 'It\\'s what to look for.'"), std::string::npos) << fish;
  EXPECT_NE(fish.find("-l 'quiet' -s q -d"), std::string::npos);
}

TEST(Texts, TheManPageShowsWhatIsNotHidden) {
  const std::string page = ManPage(kTables, "1.2");
  EXPECT_NE(page.find(".B \\-\\-web.listen\\-address=0.0.0.0:9090\nAddress.\n"), std::string::npos);
  EXPECT_EQ(page.find("old.flag"), std::string::npos);
  EXPECT_NE(page.find(".SS \"meerkat check config \\-\\-server=URL [FLAG…] FILE…\""),
            std::string::npos);
}

TEST(Arguments, FlagsAndWordsAreChecked) {
  const auto parse = [](std::vector<std::string> args, std::string_view words) -> std::string {
    auto parsed = Arguments::Parse(args, kFlags, words);
    if (!parsed) return parsed.error().message();
    std::string text = parsed->Value("lint", "all") + (parsed->On("quiet") ? " quiet" : "");
    for (const std::string& word : parsed->words()) text += " " + word;
    return text;
  };
  const struct {
    std::vector<std::string> args;
    std::string_view words, result;
  } cases[] = {
      {{"--server=a", "f", "g"}, "FILE…", "all f g"},
      {{"--server", "a", "-q", "--lint=x", "--", "-f"}, "FILE…", "x quiet -f"},
      {{"--server=a", "--quiet", "--no-quiet"}, "[FILE…]", "all"},
      {{"--server=a"}, "CONFIG-FILE JOB", "required argument 'config-file' not provided"},
      {{"--server=a", "c"}, "CONFIG-FILE JOB", "required argument 'job' not provided"},
      {{"--server=a", "c", "j", "k"}, "CONFIG-FILE JOB", "unexpected k"},
      {{"--server=a", "c"}, "", "unexpected c"},
      {{"--server=a"}, "FILE…", "required argument 'file' not provided"},
      {{}, "", "required flag(s) '--server' not provided"},
      {{"--serve=a"}, "", "unknown long flag '--serve'"},
      {{"-v"}, "", "unknown short flag '-v'"},
      {{"-qv"}, "", "unknown short flag '-v'"},
      {{"--server"}, "", "expected argument for flag '--server'"},
  };
  for (const auto& [args, words, result] : cases) EXPECT_EQ(parse(args, words), result);
}

}  // namespace
}  // namespace meerkat::commands
