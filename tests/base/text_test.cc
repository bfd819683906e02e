#include <gtest/gtest.h>

#include "base/json_writer.h"
#include "base/nearest.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat {
namespace {

TEST(Quote, EscapesLikeGo) {
  EXPECT_EQ(Quote("a\"b\\\n\t"), R"("a\"b\\\n\t")");
  EXPECT_EQ(Quote("é日本"), "\"é日本\"");
  EXPECT_EQ(Quote(std::string_view("\0\xff", 2)), R"("\x00\xff")");
}

TEST(Utf8, KnowsWellFormedText) {
  EXPECT_TRUE(IsValidUtf8("plain ascii text, long enough"));
  EXPECT_TRUE(IsValidUtf8("日本語 é 𝄞"));
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "abc\xe6"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
  }
}

TEST(JsonWriter, PutsCommasAndEscapes) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("a").BeginArray().Int(1).Double(2.5).Null().Bool(true).EndArray();
  json.Key("b\"").String("x\ny\x01\xff").Key("c").BeginObject().EndObject().EndObject();
  EXPECT_EQ(out, R"({"a":[1,2.5,null,true],"b\"":"x\ny\u0001\ufffd","c":{}})");
}

TEST(Nearest, FindsTheLikelyMeaning) {
  constexpr std::string_view kNames[] = {"rate", "irate", "increase", "scrape_interval"};
  EXPECT_EQ(Nearest("raet", kNames), "rate");
  EXPECT_EQ(Nearest("scrape_intervall", kNames), "scrape_interval");
  EXPECT_EQ(Nearest("zzz", kNames), "");
}

}  // namespace
}  // namespace meerkat
