#include "tests/promql/script.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace meerkat::promql {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// All that upstream hides behind feature flags, as the shared scripts want it.
ScriptOptions EveryFeature() {
  ScriptOptions options;
  options.engine.parse = {true, true, true};
  options.engine.delayed_name_removal = true;
  options.engine.use_start_timestamps = true;
  return options;
}

void RunFolder(const fs::path& folder, const ScriptOptions& options) {
  std::size_t passed = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".test") continue;
    const ScriptReport report = RunScript(ReadFile(entry.path()), options);
    passed += report.passed;
    for (const std::string& failure : report.failures) {
      ADD_FAILURE() << entry.path().filename().string() << ": " << failure;
    }
  }
  EXPECT_GT(passed, 0U);
}

TEST(Scripts, OwnOnesHold) {
  RunFolder(fs::path(MEERKAT_SOURCE_DIR) / "tests/data/promql", EveryFeature());
}

TEST(Scripts, SharedOnesHold) {
  const fs::path folder = fs::path(MEERKAT_SOURCE_DIR) / "../shared/conformance/promql/testdata";
  if (!fs::exists(folder)) GTEST_SKIP() << "the shared suite is not beside the project";
  RunFolder(folder, EveryFeature());
}

TEST(Scripts, NoticeWhatIsWrong) {
  const ScriptReport report = RunScript(R"(
load 1m
  m 1 2 3

eval instant at 1m m
  m 3

eval instant at 1m m
  expect fail
)",
                                        EveryFeature());
  EXPECT_EQ(report.passed, 0U);
  EXPECT_EQ(report.failures.size(), 2U);
}

}  // namespace
}  // namespace meerkat::promql
