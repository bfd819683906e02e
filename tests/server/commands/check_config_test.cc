#include "server/commands/check_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/commands/relabel_test.h"

namespace meerkat::commands {
namespace {

class CheckConfigTest : public ::testing::Test {
 protected:
  CheckConfigTest()
      : directory_(std::filesystem::temp_directory_path() /
                   ("check-config-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~CheckConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = (directory_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  int Run(std::vector<std::string> args,
          int (*command)(std::span<const std::string>, Streams) = CheckConfig) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    const int code = command(args, Streams{in, out, err});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  const std::filesystem::path directory_;
  std::string out_;
  std::string err_;
};

TEST_F(CheckConfigTest, AcceptsAGoodFileInUpstreamsWords) {
  Write("r.yml", "groups: [{name: g, rules: [{record: 'a:b', expr: up}]}]\n");
  const std::string file = Write("p.yml", "rule_files: [r.yml]\nscrape_configs: [{job_name: j}]\n");
  EXPECT_EQ(Run({file}), 0) << err_;
  EXPECT_TRUE(out_.starts_with("Checking " + file + "\n  SUCCESS: 1 rule files found\n SUCCESS: " +
                               file + " is valid prometheus config file syntax\n\n"))
      << out_;
}

TEST_F(CheckConfigTest, KnowsFilesByTheirContent) {
  const std::string routes = Write("am.yml", "route: {receiver: r}\nreceivers: [{name: r}]\n");
  EXPECT_EQ(Run({routes}), 0) << err_;
  EXPECT_NE(out_.find("1 receivers"), std::string::npos) << out_;
  const std::string lost = Write("am-bad.yml", "route: {receiver: x}\nreceivers: [{name: r}]\n");
  EXPECT_EQ(Run({lost}), 1);
  const std::string board = Write("b.json", R"({"title": "Nodes", "panels": []})");
  EXPECT_EQ(Run({board}), 0) << err_;
  EXPECT_NE(out_.find("is the dashboard \"Nodes\""), std::string::npos) << out_;
  const std::string broken = Write("broken.json", R"({"title": "Nodes", "panels": [}])");
  EXPECT_EQ(Run({broken}), 1);
}

TEST_F(CheckConfigTest, TlsFilesComeInPairs) {
  const std::string file =
      Write("p.yml", "scrape_configs: [{job_name: j, tls_config: {cert: c, key_file: k.pem}}]\n");
  EXPECT_EQ(Run({"--syntax-only", file}), 1);
  EXPECT_NE(err_.find("specified without client cert file"), std::string::npos) << err_;
}

TEST_F(CheckConfigTest, LooksAtTheFilesThatAreNamed) {
  const std::string missing_rules = Write("a.yml", "rule_files: [none.yml]\n");
  EXPECT_EQ(Run({missing_rules}), 1);
  EXPECT_NE(err_.find("does not point to an existing file"), std::string::npos) << err_;
  EXPECT_EQ(Run({"--syntax-only", missing_rules}), 0);
  const std::string missing_ca =
      Write("b.yml", "scrape_configs: [{job_name: j, tls_config: {ca_file: none.pem}}]\n");
  EXPECT_EQ(Run({missing_ca}), 1);
  Write("sd.json", "[{\"targets\": 1}]");
  const std::string bad_sd =
      Write("c.yml", "scrape_configs: [{job_name: j, file_sd_configs: [{files: [sd.json]}]}]\n");
  EXPECT_EQ(Run({bad_sd}), 1);
  Write("bad.yml", "groups: [{name: g, rules: [{record: a, expr: 'sum('}]}]\n");
  EXPECT_EQ(Run({Write("d.yml", "rule_files: [bad.yml]\n")}), 1);
}

TEST_F(CheckConfigTest, LintsAreFatalOnlyWhenAsked) {
  const std::string file =
      Write("p.yml", "scrape_configs: [{job_name: j, scrape_interval: 10m}]\n");
  EXPECT_EQ(Run({file}), 0);
  EXPECT_EQ(Run({"--lint=too-long-scrape-interval", file}), 0);
  EXPECT_NE(err_.find("too long scrape interval found"), std::string::npos);
  EXPECT_EQ(Run({"--lint=all", "--lint-fatal", file}), 3);
}

TEST_F(CheckConfigTest, RefusesAWrongCommandLine) {
  EXPECT_EQ(Run({}), 1);
  EXPECT_EQ(err_, "error: required argument 'config-files' not provided, try --help\n");
  EXPECT_EQ(Run({"--nope", "x"}), 1);
  EXPECT_EQ(err_, "error: unknown long flag '--nope', try --help\n");
  EXPECT_EQ(Run({"--lint=nope", "no/such/file.yml"}), 1);
  EXPECT_EQ(err_, "error: path 'no/such/file.yml' does not exist, try --help\n");
}

TEST_F(CheckConfigTest, RelabelTestShowsEachRule) {
  const std::string file = Write("p.yml", R"(
scrape_configs:
- job_name: j
  relabel_configs:
  - {source_labels: [__meta_x], target_label: x}
  - {source_labels: [x], action: keep, regex: y}
)");
  EXPECT_EQ(Run({file, "j", "__address__=h:1", "__meta_x=y"}, RelabelTest), 0) << err_;
  EXPECT_NE(out_.find("target      {instance=\"h:1\", job=\"j\", x=\"y\"}\n"), std::string::npos)
      << out_;
  EXPECT_EQ(Run({file, "j", "__address__=h:1"}, RelabelTest), 0);
  EXPECT_NE(out_.find("            dropped\n"), std::string::npos) << out_;
  EXPECT_EQ(Run({file, "no", "__address__=h:1"}, RelabelTest), 1);
}

}  // namespace
}  // namespace meerkat::commands
