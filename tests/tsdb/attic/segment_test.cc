#include <algorithm>
#include <fstream>
#include <random>

#include "tests/tsdb/database/fixture.h"
#include "tsdb/attic/attic.h"
#include "tsdb/compact/part.h"
#include "tsdb/index/index.h"

namespace meerkat::tsdb {
namespace {

using Matchers = std::vector<Matcher>;

Matcher M(Matcher::Type type, const std::string& name, const std::string& value) {
  return std::move(*Matcher::Make(type, name, value));
}

// Labels as clusters have them: names that all have, that some have, that differ in each.
std::vector<std::pair<Labels, SeriesId>> SomeSeries(std::size_t count) {
  std::vector<std::pair<Labels, SeriesId>> series;
  std::mt19937_64 random(5);
  for (std::size_t i = 0; i < count; ++i) {
    LabelsBuilder builder;
    builder.Set("__name__", "metric_" + std::to_string(i % 37));
    builder.Set("pod", "web-" + std::to_string(i / 37));
    builder.Set("job", i % 3 == 0 ? "api" : "batch");
    if (i % 5 == 0) builder.Set("le", std::to_string(i % 7));
    if (i % 11 == 0) builder.Set("Ünicode", std::string(i % 50, 'x') + "\xff");
    series.emplace_back(builder.Build(), static_cast<SeriesId>(3 + i * 2));
  }
  std::shuffle(series.begin(), series.end(), random);
  return series;
}

class SegmentTest : public testing::Test {
 protected:
  void SetUp() override { OpenStore(); }
  void OpenStore() {
    auto opened = Store::Open(directory.path() / "db", {});
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    store = std::move(opened->store);
    attic = std::make_unique<Attic>(directory.path() / "scratch", *store, registry,
                                    Logger::Silent(), [this] { return ++number; });
    ASSERT_TRUE(attic->Load(false).ok());
  }
  void Reopen() {
    attic.reset();
    store.reset();
    OpenStore();
  }
  Result<> Put(std::vector<std::pair<Labels, SeriesId>> series, TimeRange range) {
    std::sort(series.begin(), series.end());
    std::map<SeriesId, Labels> by_id;
    std::vector<SeriesId> ids;
    for (const auto& [labels, id] : series) {
      by_id[id] = labels;
      ids.push_back(id);
    }
    const auto labels_of = [&by_id](std::span<const SeriesId> some) {
      std::vector<Labels> labels;
      for (const SeriesId id : some) labels.push_back(by_id[id]);
      return labels;
    };
    return attic->Put(std::move(ids), labels_of, range);
  }
  double corruptions() {
    return registry.counter("prometheus_tsdb_mmap_chunk_corruptions_total", "").value();
  }
  std::vector<SeriesId> Select(const Matchers& matchers, TimeRange range = {}) {
    std::vector<SeriesId> ids;
    Interrupt never;
    const auto all = attic->View(range).Select(matchers, never);
    for (const auto& found : *all) ids.push_back(found.id);
    return ids;
  }

  TempDirectory directory;
  Registry registry;
  std::uint64_t number = 0;
  std::unique_ptr<Store> store;
  std::unique_ptr<Attic> attic;
};

const TimeRange kRange{FromMillis(1000), FromMillis(2000)};

const std::vector<Matchers>& Questions() {
  using enum Matcher::Type;
  static const std::vector<Matchers> questions = {
      {},
      {M(kEqual, "__name__", "metric_7")},
      {M(kEqual, "__name__", "metric_")},
      {M(kEqual, "__name__", "no such metric")},
      {M(kEqual, "__name__", "metric_7"), M(kEqual, "job", "api")},
      {M(kEqual, "pod", "web-12"), M(kNotEqual, "job", "api")},
      {M(kNotEqual, "job", "api")},
      {M(kNotEqual, "le", "3")},
      {M(kEqual, "le", "")},
      {M(kNotEqual, "le", "")},
      {M(kRegex, "le", ".+")},
      {M(kRegex, "le", ".*"), M(kEqual, "job", "batch")},
      {M(kRegex, "le", "")},
      {M(kNotRegex, "le", "")},
      {M(kRegex, "le", "1|3|9")},
      {M(kRegex, "le", "1|")},
      {M(kNotRegex, "le", "1|3")},
      {M(kNotRegex, "le", "1|")},
      {M(kRegex, "pod", "web-1.*")},
      {M(kNotRegex, "pod", "web-1.*")},
      {M(kRegex, "pod", ".*7"), M(kRegex, "__name__", "metric_[12]")},
      {M(kNotRegex, "pod", ".*7|"), M(kNotEqual, "__name__", "metric_3")},
      {M(kEqual, "no such name", "")},
      {M(kNotEqual, "no such name", "")},
      {M(kRegex, "no such name", "x?")},
      {M(kNotRegex, "Ünicode", "x{3,}.*"), M(kRegex, "Ünicode", "(?s).+")},
  };
  return questions;
}

TEST_F(SegmentTest, AnswersMatchersAsTheIndexInMemoryDoes) {
  const auto series = SomeSeries(3000);
  Index index;
  index.AddAll(series);
  ASSERT_TRUE(Put(series, kRange).ok());
  for (int round = 0; round < 2; ++round) {
    for (const Matchers& matchers : Questions()) {
      SCOPED_TRACE(matchers.empty() ? "{}" : matchers[0].ToString());
      EXPECT_EQ(Select(matchers), index.Select(matchers));
    }
    std::set<std::string> names;
    const AtticView view = attic->View({});
    ASSERT_EQ(view.entries().size(), 1u);
    const Segment& segment = *view.entries()[0].segment;
    EXPECT_TRUE(segment.LabelNames(names));
    EXPECT_EQ(std::vector(names.begin(), names.end()), index.LabelNames());
    for (const std::string& name : index.LabelNames()) {
      std::set<std::string> values;
      EXPECT_TRUE(segment.LabelValues(name, values));
      EXPECT_EQ(std::vector(values.begin(), values.end()), index.LabelValues(name)) << name;
    }
    Reopen();
  }
}

TEST_F(SegmentTest, KnowsEverySeriesByItsLabels) {
  const auto series = SomeSeries(3000);
  ASSERT_TRUE(Put(series, kRange).ok());
  Reopen();
  EXPECT_EQ(attic->size(), series.size());
  EXPECT_EQ(attic->next_id(), 3u + 2999 * 2 + 1);
  EXPECT_LT(attic->MemoryBytes(), 3 * series.size() + 1000) << "what memory keeps of them";
  std::size_t maybe = 0;
  for (const auto& [labels, id] : series) {
    ASSERT_TRUE(attic->MayHold(labels));
    const auto known = attic->Find(labels);
    ASSERT_TRUE(known.has_value()) << labels.ToString();
    EXPECT_EQ(known->id, id);
    EXPECT_EQ(known->newest, kRange.max);
    const Labels other = LabelsBuilder(labels).Set("zone", "b").Build();
    maybe += attic->MayHold(other);
    EXPECT_FALSE(attic->Find(other).has_value());
  }
  EXPECT_LT(maybe, series.size() / 20) << "the filter spares most looks";
  Interrupt never;
  const std::vector<AtticView::Found> found = *attic->View({}).Select({}, never);
  std::map<SeriesId, Labels> by_id;
  attic->View({}).ForEach(
      found, [&](std::size_t i, const LabelRows& row) { by_id[found[i].id] = row.labels(); });
  for (const auto& [labels, id] : series) EXPECT_EQ(by_id[id], labels);
}

// Who lives on with the series he has does not pay for telling new ones from old ones.
TEST_F(SegmentTest, FiltersAreInMemoryWhileSomebodyAsks) {
  const auto series = SomeSeries(3000);
  ASSERT_TRUE(Put(series, kRange).ok());
  const std::size_t without = attic->MemoryBytes();
  EXPECT_LT(without, 2 * series.size() + 1000);
  ASSERT_TRUE(attic->MayHold(series[0].first));
  const std::size_t with = attic->MemoryBytes();
  EXPECT_GT(with, without + series.size());
  attic->Rest();
  EXPECT_EQ(attic->MemoryBytes(), with) << "asked since the last time";
  attic->Rest();
  EXPECT_EQ(attic->MemoryBytes(), without);
  EXPECT_TRUE(attic->MayHold(series[1].first));
  EXPECT_FALSE(attic->MayHold(Labels{{"never", "there"}}));
}

TEST_F(SegmentTest, IsPassedOverWhenTheRangeIsAnother) {
  ASSERT_TRUE(Put(SomeSeries(300), kRange).ok());
  EXPECT_EQ(Select({}, {FromMillis(2000), FromMillis(3000)}).size(), 300u);
  EXPECT_TRUE(Select({}, {FromMillis(2001), FromMillis(3000)}).empty());
  // Those that come a second time only widen the range.
  ASSERT_TRUE(Put(SomeSeries(10), {FromMillis(1500), FromMillis(2500)}).ok());
  EXPECT_EQ(Select({}, {FromMillis(2001), FromMillis(3000)}).size(), 300u);
  EXPECT_EQ(attic->Numbers().size(), 1u);
  Reopen();
  EXPECT_EQ(Select({}, {FromMillis(2001), FromMillis(3000)}).size(), 300u);
}

TEST_F(SegmentTest, ForgetsAndMergesWithoutLosingTheRest) {
  const auto all = SomeSeries(5000);
  Index index;
  index.AddAll(all);
  for (std::size_t at = 0; at < all.size(); at += 1000) {
    ASSERT_TRUE(Put({all.begin() + static_cast<std::ptrdiff_t>(at),
                     all.begin() + static_cast<std::ptrdiff_t>(at + 1000)},
                    kRange)
                    .ok());
  }
  ASSERT_EQ(attic->Numbers().size(), 5u);
  auto merged = attic->MergeOne();
  ASSERT_TRUE(merged.ok() && *merged);
  EXPECT_EQ(attic->Numbers().size(), 2u);
  EXPECT_EQ(Select({}), index.Select({}));

  std::vector<bool> held(attic->next_id());
  std::vector<SeriesId> gone;
  for (const auto& [labels, id] : all) {
    held[id] = id % 3 == 0;
    if (!held[id]) gone.push_back(id);
  }
  index.Remove(gone);
  ASSERT_TRUE(attic->Keep(held).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(attic->size(), index.size());
    for (const Matchers& matchers : Questions()) {
      EXPECT_EQ(Select(matchers), index.Select(matchers));
    }
    for (const auto& [labels, id] : all) {
      EXPECT_EQ(attic->Find(labels).has_value(), held[id]);
    }
    if (round == 0) Reopen();
  }
  const std::uint64_t before = attic->bytes();
  for (;;) {
    auto more = attic->MergeOne();
    ASSERT_TRUE(more.ok());
    if (!*more) break;
  }
  EXPECT_LT(attic->bytes(), before) << "thinned out segments are rewritten";
  EXPECT_EQ(Select({}), index.Select({}));
  ASSERT_TRUE(attic->Keep(std::vector<bool>(attic->next_id())).ok());
  EXPECT_TRUE(attic->Numbers().empty());
  Reopen();
  EXPECT_TRUE(attic->Numbers().empty());
}

// Every sheet of a segment spoilt in turn: only the rows of a label sheet are lost with it, the
// others are derived.
TEST_F(SegmentTest, ADamagedSheetCostsAtMostItsOwnRows) {
  const auto series = SomeSeries(1000);
  ASSERT_TRUE(Put(series, kRange).ok());
  const std::uint64_t segment = attic->Numbers()[0];
  std::map<std::string, std::string> sheets;
  ASSERT_TRUE(store
                  ->Scan(Family::kParts, BigEndianKey(segment), BigEndianKey(segment + 1),
                         [&](std::string_view key, std::string_view value) {
                           sheets.emplace(key, value);
                           return true;
                         })
                  .ok());
  ASSERT_GT(sheets.size(), 7u);
  std::mt19937_64 random(3);
  for (const auto& [key, value] : sheets) {
    std::uint32_t sheet = 0;
    for (std::size_t i = 8; i < 12; ++i) {
      sheet = sheet << 8 | static_cast<unsigned char>(key[i]);
    }
    SCOPED_TRACE(sheet);
    std::string spoilt = value;
    char& byte = spoilt[random() % spoilt.size()];
    byte = static_cast<char>(byte ^ (1 << random() % 8));
    StoreBatch batch;
    batch.Put(Family::kParts, key, spoilt);
    ASSERT_TRUE(store->Write(batch, false).ok());
    Reopen();
    const double before = corruptions();
    const std::size_t lost = sheet > 3 ? 0 : sheet == 3 ? 1000 - 3 * kSheetRows : kSheetRows;
    EXPECT_EQ(Select({}).size(), 1000 - lost);
    std::size_t known = 0;
    for (const auto& [labels, id] : series) known += attic->Find(labels).has_value();
    EXPECT_EQ(known, 1000 - lost);
    for (const Matchers& matchers : Questions()) {
      std::size_t matching = 0;
      for (const auto& [labels, id] : series) {
        matching += std::all_of(matchers.begin(), matchers.end(),
                                [&](const Matcher& m) { return m.Matches(labels); });
      }
      const std::size_t found = Select(matchers).size();
      EXPECT_LE(found, matching);
      EXPECT_GE(found + lost, matching);
    }
    if (sheet < kIdSheet) EXPECT_EQ(corruptions(), before + 1) << "told once";
    EXPECT_GE(corruptions(), 1);
    StoreBatch mend;
    mend.Put(Family::kParts, key, value);
    ASSERT_TRUE(store->Write(mend, false).ok());
    registry.counter("prometheus_tsdb_mmap_chunk_corruptions_total", "");
  }
}

TEST(Sheets, RefuseWhatIsNotTheirs) {
  Compressor compressor;
  const std::string sealed = SealSheet(SheetKind::kLabels, "some body, some body", compressor);
  EXPECT_EQ(*OpenSheet(SheetKind::kLabels, sealed), "some body, some body");
  EXPECT_FALSE(OpenSheet(SheetKind::kValues, sealed).ok());
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(OpenSheet(SheetKind::kLabels, sealed.substr(0, size)).ok()) << size;
  }
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string spoilt = sealed;
    spoilt[i] = static_cast<char>(spoilt[i] ^ 0x10);
    EXPECT_FALSE(OpenSheet(SheetKind::kLabels, spoilt).ok()) << i;
  }
}

// Bodies with good checksums that nobody wrote: errors, no more.
TEST(Sheets, SurviveHostileBodies) {
  LabelSheetBuilder labels;
  ValueSheetBuilder values;
  for (int i = 0; i < 20; ++i) {
    labels.Add({{"a", std::to_string(i)}, {"b", "x"}}, static_cast<SeriesId>(i));
    const std::uint32_t rows[] = {static_cast<std::uint32_t>(i)};
    values.Add("value" + std::to_string(i), rows, 20);
  }
  SegmentDirectory directory;
  directory.rows = 20;
  directory.names = {{"a", {0, 20}, 0, {"0", "5"}}, {"b", {0, 3, 5, 20}, 2, {"x"}}};
  directory.first_labels = {Labels{{"a", "0"}, {"b", "x"}}};
  const std::vector<SeriesId> ids{1, 2, 9};
  const std::uint64_t hashes[] = {1, 2, 3};
  const std::string bodies[] = {labels.Finish(), values.Finish(), directory.Encode(),
                                EncodeIds(ids), LabelFilter(hashes).Encode()};
  ASSERT_TRUE(SegmentDirectory::Decode(bodies[2]).ok());
  ASSERT_EQ(*DecodeIds(bodies[3]), ids);
  std::mt19937_64 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string body = bodies[round % 5];
    for (std::uint64_t n = 1 + random() % 3; n > 0; --n) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) body.resize(random() % (body.size() + 1));
    LabelRows rows(body);
    while (rows.Next()) ASSERT_LE(rows.labels().size(), rows.size());
    ValueEntries entries(body);
    std::vector<std::uint32_t> found;
    while (entries.Next()) {
      if (!entries.Rows(20, found)) continue;
      for (const std::uint32_t row : found) ASSERT_LT(row, 20u);
    }
    if (auto decoded = SegmentDirectory::Decode(body)) {
      for (const auto& name : decoded->names) {
        ASSERT_TRUE(std::is_sorted(name.rows.begin(), name.rows.end()));
        ASSERT_TRUE(name.rows.empty() || name.rows.back() <= decoded->rows);
      }
    }
    if (auto decoded = DecodeIds(body)) {
      ASSERT_TRUE(std::is_sorted(decoded->begin(), decoded->end()));
    }
    if (auto filter = LabelFilter::Decode(body)) (void)filter->MayHold(random());
  }
}

}  // namespace
}  // namespace meerkat::tsdb
