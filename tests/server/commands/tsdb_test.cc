#include "server/commands/tsdb.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace meerkat::commands {
namespace {

namespace fs = std::filesystem;

class TsdbCommandsTest : public testing::Test {
 protected:
  TsdbCommandsTest() {
    std::string name = (fs::temp_directory_path() / "meerkat-test-XXXXXX").string();
    directory_ = mkdtemp(name.data());
  }
  ~TsdbCommandsTest() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }

  struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
  };
  static Outcome Run(const std::string& command, const std::vector<std::string>& args) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    for (const Command& known : TsdbCommands()) {
      if (known.name != command) continue;
      const int code = known.run(args, Streams{in, out, err});
      return {code, out.str(), err.str()};
    }
    ADD_FAILURE() << "there is no " << command;
    return {};
  }

  fs::path directory_;
};

constexpr char kText[] =
    "# HELP requests Of all kinds.\n"
    "# TYPE requests counter\n"
    "requests_total{code=\"200\"} 1 1760000000\n"
    "requests_total{code=\"200\"} 2.5 1760000015.125\n"
    "# TYPE temperature gauge\n"
    "temperature -1e6 1760000000\n"
    "# EOF\n";

TEST_F(TsdbCommandsTest, TakesOpenMetricsInAndGivesItOut) {
  const std::string db = Path("db");
  auto made = Run("tsdb import openmetrics",
                  {"--storage.tsdb.path", db, "--label=site=x", Write("in.om", kText)});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out, "2 series, 3 samples\n");
  auto dumped = Run("tsdb dump", {db});
  EXPECT_EQ(dumped.code, 0) << dumped.err;
  EXPECT_EQ(dumped.out,
            "{__name__=\"requests_total\", code=\"200\", site=\"x\"} 1 1760000000000\n"
            "{__name__=\"requests_total\", code=\"200\", site=\"x\"} 2.5 1760000015125\n"
            "{__name__=\"temperature\", site=\"x\"} -1e+06 1760000000000\n");
  EXPECT_EQ(Run("tsdb dump", {"--match", "temperature", "--format=seriesjson", db}).out,
            "{\"__name__\":\"temperature\",\"site\":\"x\"}\n");
  EXPECT_EQ(Run("tsdb dump-openmetrics", {"--min-time=1760000000001", db}).out,
            "requests_total{code=\"200\",site=\"x\"} 2.5 1760000015.125\n# EOF\n");
  EXPECT_EQ(Run("tsdb verify", {db}).out, "2 series, 3 samples, 0 series with damage\n");
}

TEST_F(TsdbCommandsTest, TakesAPrometheusDirectoryIn) {
  const std::string source = MEERKAT_SOURCE_DIR "/tests/data/tsdb/prometheus";
  const std::string db = Path("db");
  auto made = Run("tsdb import prometheus", {"--storage.tsdb.path=" + db, source});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out, "2 blocks, 10 series, 2512 samples\n");
  std::ifstream file(source + "/dump.txt");
  std::istringstream dumped(Run("tsdb dump", {db}).out);
  std::string have;
  std::string want;
  while (std::getline(file, want)) {
    ASSERT_TRUE(std::getline(dumped, have));
    ASSERT_EQ(have, want);
  }
  EXPECT_FALSE(std::getline(dumped, have));
  const auto analyzed = Run("tsdb analyze", {"--limit=1", db});
  EXPECT_NE(analyzed.out.find("Total Series: 10\n"), std::string::npos) << analyzed.out;
  EXPECT_NE(analyzed.out.find("Highest cardinality metric names:\n3 requests_total\n"),
            std::string::npos)
      << analyzed.out;
}

TEST_F(TsdbCommandsTest, BacksUpAndRestores) {
  const std::string db = Path("db");
  Run("tsdb create-blocks-from openmetrics", {"-q", Write("in.om", kText), db});
  const auto backed_up = Run("tsdb backup", {"--storage.tsdb.path", db, Path("copy")});
  EXPECT_EQ(backed_up.code, 0) << backed_up.err;
  const auto restored = Run("tsdb restore", {"--storage.tsdb.path", Path("again"), Path("copy")});
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(Run("tsdb dump", {Path("again")}).out, Run("tsdb dump", {db}).out);
  EXPECT_EQ(Run("tsdb restore", {"--storage.tsdb.path", db, Path("copy")}).err,
            "error: " + db + " is there already and not empty\n");
}

TEST_F(TsdbCommandsTest, ListsPartsInPromtoolsTable) {
  const std::string db = Path("db");
  Run("tsdb create-blocks-from openmetrics", {"-q", Write("in.om", kText), db});
  const auto listed = Run("tsdb list", {"-r", db});
  EXPECT_EQ(listed.code, 0);
  EXPECT_TRUE(listed.out.starts_with("BLOCK ULID  MIN TIME")) << listed.out;
  const std::string exact = Run("tsdb list", {db}).out;
  EXPECT_NE(exact.find("1760000000000  1760000015126  15.126s "), std::string::npos) << exact;
}

// Four pods of a quarter of the time each beside a server that was there all the time.
TEST_F(TsdbCommandsTest, AnalyzesChurnAndCardinality) {
  std::string text = "# TYPE up gauge\n";
  for (int pod = 0; pod < 4; ++pod) {
    for (int i = 0; i <= 10; ++i) {
      text += "up{job=\"app\",pod=\"" + std::to_string(pod) + "\"} 1 " +
              std::to_string(1760000000 + pod * 100 + i * 10) + "\n";
    }
  }
  text += "up{job=\"server\"} 1 1760000000\nup{job=\"server\"} 1 1760000400\n# EOF\n";
  const std::string db = Path("db");
  Run("tsdb create-blocks-from openmetrics", {"-q", Write("in.om", text), db});
  const auto all = Run("tsdb analyze", {"--limit=2", db});
  EXPECT_EQ(all.err, "");
  EXPECT_EQ(all.out,
            "Duration: 6m40s\n"
            "Total Series: 5\n"
            "Label names: 3\n"
            "Postings (unique label pairs): 7\n"
            "Postings entries (total label pairs): 14\n"
            "\nLabel pairs most involved in churning:\n3 __name__=up\n3 job=app\n"
            "\nLabel names most involved in churning:\n3 __name__\n3 job\n"
            "\nMost common label pairs:\n5 __name__=up\n4 job=app\n"
            "\nLabel names with highest cumulative label value length:\n9 job\n4 pod\n"
            "\nHighest cardinality labels:\n4 pod\n2 job\n"
            "\nHighest cardinality metric names:\n5 up\n");
  const auto some = Run("tsdb analyze", {"--match={pod=~\"[01]\"}", "--extended", db, "1"});
  EXPECT_EQ(some.err, "");
  EXPECT_TRUE(
      some.out.starts_with("Block ID: 1\nDuration: 6m40s\nTotal Series: 5\n"
                           "Matcher: {pod=~\"[01]\"}\nLabel names: 3\nMatched series: 2\n"))
      << some.out;
  EXPECT_NE(some.out.find("Compaction analysis:\n\n"
                          "samples per float series (min/avg/max): 11/11/11\n"
                          "[11, 20]: 2 " +
                          std::string(100, '#') +
                          "\n[21, 30]: 0 \n\n"
                          "samples per part (min/avg/max): 46/46/46\n"),
            std::string::npos)
      << some.out;
  EXPECT_EQ(Run("tsdb analyze", {db, "7"}).err, "error: block 7 not found\n");
}

TEST_F(TsdbCommandsTest, BenchWritesWhatItCounts) {
  std::string text;
  for (int i = 0; i < 1500; ++i)
    text += "{\"__name__\":\"m\",\"i\":\"" + std::to_string(i) + "\"}\n";
  const std::string file = Write("series.json", text + text);
  const auto written =
      Run("tsdb bench write", {"--metrics=1200", "--scrapes=150", "--out=" + Path("out"), file});
  EXPECT_EQ(written.code, 0) << written.err;
  EXPECT_NE(written.out.find("ingestion completed\n"), std::string::npos) << written.out;
  EXPECT_NE(written.out.find(" > total samples: 180000\n"), std::string::npos) << written.out;
  EXPECT_EQ(Run("tsdb verify", {Path("out/storage")}).out,
            "1200 series, 180000 samples, 0 series with damage\n");
  const auto last =
      Run("tsdb dump", {"--match={__name__=\"m\",i=\"1199\"}", Path("out/storage")}).out;
  EXPECT_EQ(std::ranges::count(last, '\n'), 150);
  EXPECT_EQ(Run("tsdb bench write", {"--out=" + Path("out"), Write("bad", "{\"a\":1}\n")}).err,
            "error: " + Path("bad") + ": line 1: not the labels of a series\n");
}

TEST_F(TsdbCommandsTest, SaysWhatIsWrong) {
  const std::string db = Path("db");
  const std::string no_time = Write("no_time.om", "a_total 1\n# EOF\n");
  const std::string no_end = Write("no_end.om", "# TYPE a gauge\na 1 1\n");
  const struct {
    std::string command;
    std::vector<std::string> args;
    int code;
    std::string err;
  } cases[] = {
      {"tsdb dump",
       {Path("none")},
       1,
       "error: " + Path("none") + ": there is no such data directory\n"},
      {"tsdb dump", {"--match=up{", db}, 1, ""},
      {"tsdb dump", {"--nonsense"}, 1, "error: unknown long flag '--nonsense', try --help\n"},
      {"tsdb dump", {"--match"}, 1, "error: expected argument for flag '--match', try --help\n"},
      {"tsdb dump", {"--min-time=soon"}, 1, "error: --min-time: \"soon\" is no integer\n"},
      {"tsdb dump",
       {"--format=xml"},
       1,
       "error: enum value must be one of prom,seriesjson, got 'xml', try --help\n"},
      {"tsdb create-blocks-from openmetrics",
       {no_time, db},
       1,
       "error: " + no_time + ": expected timestamp for series got none: a_total\n"},
      {"tsdb create-blocks-from openmetrics", {no_end, db}, 1, ""},
      {"tsdb create-blocks-from openmetrics",
       {},
       1,
       "error: required argument 'input-file' not provided, try --help\n"},
      {"tsdb import openmetrics", {"--label=x", no_time}, 1, "error: expected KEY=VALUE got 'x'\n"},
      {"tsdb import prometheus",
       {"--storage.tsdb.path", db, Path("none")},
       1,
       "error: " + Path("none") + " is no directory\n"},
  };
  for (const auto& [command, args, code, err] : cases) {
    const auto outcome = Run(command, args);
    EXPECT_EQ(outcome.code, code) << command << " " << outcome.err;
    if (err.empty()) {
      EXPECT_TRUE(outcome.err.starts_with("error: ")) << command;
    } else {
      EXPECT_EQ(outcome.err, err);
    }
  }
}

}  // namespace
}  // namespace meerkat::commands
