#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

class BackfillTest : public DatabaseTest {
 protected:
  Refusal Backfill(std::int64_t time, double value) {
    auto appender = db->NewBackfillAppender();
    const Refusal refusal = appender->Append(appender->Resolve(kUp), FromMillis(time), value);
    EXPECT_TRUE(appender->Commit().ok());
    return refusal;
  }
  const Labels kUp = {{"__name__", "up"}};
};

TEST_F(BackfillTest, TakesSamplesOfAnyAgeAndKeepsWhatIsThere) {
  Open();
  EXPECT_EQ(Append(kUp, At(100000), 5), Refusal::kNone);
  EXPECT_EQ(Append(kUp, At(0), 1), Refusal::kOutOfBounds);
  EXPECT_EQ(Backfill(At(0), 1), Refusal::kNone);
  EXPECT_EQ(Backfill(At(-1000000), 0), Refusal::kNone);
  EXPECT_EQ(Backfill(At(50), 2), Refusal::kNone);
  EXPECT_EQ(Backfill(At(100000), 6), Refusal::kDuplicate);
  EXPECT_EQ(Backfill(At(100000), 5), Refusal::kNone);
  EXPECT_EQ(Backfill(At(0), 1), Refusal::kNone) << "the same history twice";
  const Samples expected{{At(-1000000), 0}, {At(0), 1}, {At(50), 2}, {At(100000), 5}};
  EXPECT_EQ(ReadAll()[kUp.ToString()], expected);
  EXPECT_EQ(Append(kUp, At(0), 1), Refusal::kOutOfBounds) << "others are judged as before";
  Reopen();
  EXPECT_EQ(ReadAll()[kUp.ToString()], expected);
}

}  // namespace
}  // namespace meerkat::tsdb
