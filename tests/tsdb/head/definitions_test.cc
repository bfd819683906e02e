#include "tsdb/head/definitions.h"

#include <gtest/gtest.h>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

std::vector<Definition> Read(std::string_view bytes, bool& whole) {
  std::vector<Definition> found;
  whole = TakeDefinitions(bytes, [&found](SeriesId series, Labels labels) {
            found.emplace_back(series, std::move(labels));
          }).ok();
  return found;
}

TEST(Definitions, SayLabelsAgainstThoseBefore) {
  const std::vector<Definition> definitions = {
      {7, {{"__name__", "up"}, {"instance", "a:9100"}, {"job", "node"}}},
      {8, {{"__name__", "upper"}, {"instance", "a:9100"}, {"job", "node"}}},
      {9, {{"__name__", "up"}, {"cluster", "x"}, {"instance", "a:9101"}}},
      {3, {{"job", "node"}}},
      {4294967294, {{"__name__", "up"}, {"zone", std::string(300, 'z')}}},
  };
  std::string bytes;
  PutDefinitions(definitions, bytes);
  bool whole = false;
  EXPECT_EQ(Read(bytes, whole), definitions);
  EXPECT_TRUE(whole);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const std::vector<Definition> found = Read(std::string_view(bytes).substr(0, cut), whole);
    EXPECT_FALSE(whole) << cut;
    ASSERT_LE(found.size(), definitions.size());
    EXPECT_TRUE(std::equal(found.begin(), found.end(), definitions.begin())) << cut;
  }
}

TEST(Definitions, OfOneTargetAreShort) {
  std::vector<Definition> definitions;
  std::size_t plain = 0;
  for (SeriesId i = 0; i < 1000; ++i) {
    definitions.emplace_back(i, Labels{{"__name__", "container_memory_usage_bytes"},
                                       {"container", "main"},
                                       {"instance", "10.0.0.1:10250"},
                                       {"job", "kubelet"},
                                       {"namespace", "team-" + std::to_string(i % 7)},
                                       {"pod", "api-" + std::to_string(i * 7919)}});
    for (const Label label : definitions.back().second) {
      plain += label.name.size() + label.value.size();
    }
  }
  std::string bytes;
  PutDefinitions(definitions, bytes);
  EXPECT_LT(bytes.size() * 5, plain);
}

TEST(Definitions, ThatNoEncoderWroteAreRefused) {
  const std::string bad[] = {
      std::string("\x01\x00\x01\x03", 4),  // the name of number 1, and there is none
      std::string("\x01\x00\x01\x01\x01s\x05\x01v",
                  8),                  // a value that begins with what is not there
      std::string("\x01\x00\x00", 3),  // no labels
      std::string("\x02\x00\x01\x01\x01s\x00\x01v", 8),  // two are said, one is there
  };
  for (const std::string& bytes : bad) {
    bool whole = true;
    (void)Read(bytes, whole);
    EXPECT_FALSE(whole);
  }
}

using DefinedTest = DatabaseTest;

// Born in the journal, recorded when sealed, found by whatever start comes between.
TEST_F(DefinedTest, SeriesAreThereAfterAnyStart) {
  Open();
  for (int round = 0; round < 4; ++round) {
    const Labels born{{"__name__", "born"}, {"round", std::to_string(round)}};
    EXPECT_EQ(Append(born, At(round * 15), round), Refusal::kNone);
    if (round % 2 == 1) ASSERT_TRUE(db->Seal().ok());
    Reopen();
    Content content = ReadAll();
    ASSERT_EQ(content.size(), static_cast<std::size_t>(round) + 1);
    EXPECT_EQ(content[born.ToString()], (Samples{{At(round * 15), static_cast<double>(round)}}));
  }
}

}  // namespace
}  // namespace meerkat::tsdb
