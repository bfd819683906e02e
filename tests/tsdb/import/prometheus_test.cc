// tests/data/tsdb/prometheus is a data directory as Prometheus 3.5 left it: two blocks with
// deletions and a write-ahead log that goes on behind them. dump.txt is what its own promtool says
// is in there, with the first one or two samples of each histogram series put back, which
// promtool's dump passes over.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "base/number.h"
#include "tests/tsdb/database/fixture.h"
#include "tsdb/import/prometheus_block.h"
#include "tsdb/transfer.h"

namespace meerkat::tsdb {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(MEERKAT_SOURCE_DIR) / "tests/data/tsdb/prometheus";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Enough of the spelling of histograms for the dump: buckets that are not empty, negative ones from
// the outside in, then zero, then positive.
std::string SpellHistogram(const Histogram& h) {
  const auto number = [](double v) { return FormatFloat(v, 'g'); };
  // The bounds that schemas up to 3 have between 0.5 and 1, in the digits of Prometheus.
  const auto bound = [&](std::int64_t index) {
    static constexpr double kBounds[] = {0.5,
                                         0.5452538663326288,
                                         0.5946035575013605,
                                         0.6484197773255048,
                                         0.7071067811865475,
                                         0.7711054127039704,
                                         0.8408964152537144,
                                         0.9170040432046711};
    const std::int64_t eighths = index * (8 >> h.schema);
    return std::ldexp(kBounds[eighths & 7], static_cast<int>(eighths >> 3) + 1);
  };
  const auto for_each = [](const std::vector<BucketSpan>& spans, const std::vector<double>& counts,
                           auto&& visit) {
    std::int64_t index = 0;
    std::size_t next = 0;
    for (const BucketSpan& span : spans) {
      index += span.offset;
      for (std::uint32_t i = 0; i < span.length; ++i) visit(index++, counts[next++]);
    }
  };
  std::string text = "{count:" + number(h.count) + ", sum:" + number(h.sum);
  std::vector<std::string> negative;
  for_each(h.negative_spans, h.negative_buckets, [&](std::int64_t index, double count) {
    if (count == 0) return;
    negative.push_back(", [" + number(-bound(index)) + "," + number(-bound(index - 1)) +
                       "):" + number(count));
  });
  std::reverse(negative.begin(), negative.end());
  for (const std::string& bucket : negative) text += bucket;
  if (h.zero_count != 0) {
    text += ", [-" + number(h.zero_threshold) + "," + number(h.zero_threshold) +
            "]:" + number(h.zero_count);
  }
  for_each(h.positive_spans, h.positive_buckets, [&](std::int64_t index, double count) {
    if (count == 0) return;
    if (!h.uses_custom_buckets()) {
      text += ", (" + number(bound(index - 1)) + "," + number(bound(index)) + "]:" + number(count);
      return;
    }
    const auto at = static_cast<std::size_t>(index);
    text += index == 0 ? ", [-Inf," : ", (" + number(h.custom_bounds[at - 1]) + ",";
    text += at < h.custom_bounds.size() ? number(h.custom_bounds[at]) : "+Inf";
    text += "]:" + number(count);
  });
  return text + "}";
}

class PrometheusImportTest : public DatabaseTest {
 protected:
  std::string DumpAll(DumpOptions options = {}) {
    options.histogram_text = &SpellHistogram;
    std::string text;
    const auto dumped = Dump(*db, options, [&text](std::string_view piece) {
      text += piece;
      return Result<>();
    });
    EXPECT_TRUE(dumped.ok());
    return text;
  }
  ImportStats Import(const fs::path& from, ImportOptions options = {}) {
    auto stats = ImportPrometheus(from, *db, options);
    EXPECT_TRUE(stats.ok()) << stats.error().message();
    return stats.ok() ? std::move(*stats) : ImportStats();
  }
  fs::path Copy() {
    const fs::path copy = directory.path() / "copy";
    fs::copy(kData, copy, fs::copy_options::recursive);
    return copy;
  }
};

void ExpectSameLines(const std::string& text, const std::string& expected) {
  if (text == expected) return;
  std::istringstream have(text);
  std::istringstream want(expected);
  std::string a;
  std::string b;
  int line = 0;
  do {
    a.clear();
    b.clear();
    std::getline(have, a);
    std::getline(want, b);
    ++line;
  } while (a == b);
  FAIL() << "line " << line << "\nhave " << a << "\nwant " << b;
}

TEST_F(PrometheusImportTest, BringsEverythingThatPromtoolSees) {
  Open();
  const ImportStats stats = Import(kData);
  EXPECT_EQ(stats.blocks, 2U);
  EXPECT_EQ(stats.series, 10U);
  EXPECT_EQ(stats.samples, 2512U);
  EXPECT_EQ(stats.refused, 0U);
  EXPECT_TRUE(stats.damage.empty());
  EXPECT_EQ(ToMillis(stats.range.min), 1760000000001);
  const std::string expected = ReadFile(kData / "dump.txt");
  ExpectSameLines(DumpAll(), expected);
  Reopen();
  ExpectSameLines(DumpAll(), expected);
}

TEST_F(PrometheusImportTest, AgainOrInSmallStepsIsTheSame) {
  Open();
  ImportOptions small;
  small.batch_samples = 100;
  int told = 0;
  small.progress = [&told](const ImportStats&) { ++told; };
  Import(kData, small);
  EXPECT_GT(told, 20);
  Import(kData);
  ExpectSameLines(DumpAll(), ReadFile(kData / "dump.txt"));
}

TEST_F(PrometheusImportTest, FitsInBetweenWhatIsThere) {
  Open();
  const Labels odd = {{"__name__", "odd"}, {"job", "x"}};
  EXPECT_EQ(Append(odd, 1760000030000, 42), Refusal::kNone);
  EXPECT_EQ(Append(odd, 1770000000000, 43), Refusal::kNone);
  Import(kData);
  const Samples samples = ReadAll()[odd.ToString()];
  EXPECT_EQ(samples[1], (std::pair<std::int64_t, double>(1760000030000, 42)));
  EXPECT_EQ(samples.back().second, 43);
}

TEST_F(PrometheusImportTest, DumpsWhatIsAskedForInEachForm) {
  Open();
  Append({{"__name__", "up"}, {"job", "a\"b"}}, 1500, 1);
  Append({{"__name__", "up"}, {"job", "c"}}, 2000, 1e6);
  Append({{"__name__", "down"}, {"a.b", "x"}}, 2001, 0.5);
  DumpOptions options;
  EXPECT_EQ(DumpAll(options),
            "{__name__=\"down\", \"a.b\"=\"x\"} 0.5 2001\n"
            "{__name__=\"up\", job=\"a\\\"b\"} 1 1500\n"
            "{__name__=\"up\", job=\"c\"} 1e+06 2000\n");
  options.format = DumpFormat::kOpenMetrics;
  EXPECT_EQ(DumpAll(options),
            "down{\"a.b\"=\"x\"} 0.5 2.001\n"
            "up{job=\"a\\\"b\"} 1 1.500\n"
            "up{job=\"c\"} 1e+06 2.000\n"
            "# EOF\n");
  options.format = DumpFormat::kSeriesJson;
  options.selectors = {{Matcher::Equal("__name__", "up")}, {Matcher::Equal("job", "c")}};
  EXPECT_EQ(DumpAll(options),
            "{\"__name__\":\"up\",\"job\":\"a\\\"b\"}\n"
            "{\"__name__\":\"up\",\"job\":\"c\"}\n");
  options.range = {FromMillis(1600), FromMillis(9000)};
  EXPECT_EQ(DumpAll(options), "{\"__name__\":\"up\",\"job\":\"c\"}\n");
}

TEST_F(PrometheusImportTest, SaysWhenThereIsNothing) {
  Open();
  for (const fs::path& path : {directory.path() / "missing", directory.path()}) {
    auto stats = ImportPrometheus(path, *db, {});
    ASSERT_FALSE(stats.ok());
    EXPECT_EQ(stats.error().code(), Code::kNotFound);
  }
}

TEST_F(PrometheusImportTest, StopsWhenAsked) {
  Open();
  std::stop_source stop;
  stop.request_stop();
  ImportOptions options;
  options.stop = stop.get_token();
  auto stats = ImportPrometheus(kData, *db, options);
  ASSERT_FALSE(stats.ok());
  EXPECT_EQ(stats.error().code(), Code::kCanceled);
}

// Damage costs what it hits and is told; the rest comes in.
TEST_F(PrometheusImportTest, TakesTheRestOfADamagedDirectory) {
  Open();
  const fs::path copy = Copy();
  for (const auto& entry : fs::recursive_directory_iterator(copy)) {
    if (entry.path().filename() != "000001") continue;
    std::string bytes = ReadFile(entry.path());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    WriteFile(entry.path(), bytes);
  }
  const fs::path log = copy / "wal/00000001";
  WriteFile(log, ReadFile(log).substr(0, 10000));
  const ImportStats stats = Import(copy);
  EXPECT_EQ(stats.damage.size(), 3U);
  EXPECT_GT(stats.samples, 2000U);
  EXPECT_LT(stats.samples, 2512U);
}

// Two blocks of out-of-order samples that Prometheus merged do not say what they are. What the log
// has in order of their time is in no block: here the block's own samples are unreadable, so that
// what comes is the log's.
TEST_F(PrometheusImportTest, AMergedBlockStandsForTheLogOnlyWhenTheLogReachesFarBeyond) {
  constexpr std::int64_t kNewestInLog = 1760015066000;
  struct Case {
    std::int64_t end;  // of the block
    int level;
    bool from_log;
  };
  for (const Case& one :
       {Case{kNewestInLog - 3'700'000, 2, false}, Case{kNewestInLog - 3'500'000, 2, true},
        Case{kNewestInLog + 3'000'000, 3, true}, Case{kNewestInLog + 3'000'000, 1, false}}) {
    SCOPED_TRACE(std::to_string(one.end) + " of level " + std::to_string(one.level));
    db.reset();
    fs::remove_all(options().path);
    fs::remove_all(directory.path() / "copy");
    Reopen();
    const fs::path copy = Copy();
    const fs::path block = copy / "01M7WCH1FPSW1SXEB3VJTB2PZQ";
    std::string meta = ReadFile(block / "meta.json");
    const auto replace = [&meta](const std::string& what, const std::string& by) {
      meta.replace(meta.find(what), what.size(), by);
    };
    replace("1760011200000", std::to_string(one.end));
    replace("\"level\": 1", "\"level\": " + std::to_string(one.level));
    WriteFile(block / "meta.json", meta);
    WriteFile(block / "chunks/000001", ReadFile(block / "chunks/000001").substr(0, 8));
    Import(copy);
    const Samples samples = ReadAll()[Labels{{"__name__", "odd"}, {"job", "x"}}.ToString()];
    const bool found = std::any_of(samples.begin(), samples.end(), [](const auto& sample) {
      return sample.first > 1760005000000 && sample.first < 1760011000000;
    });
    EXPECT_EQ(found, one.from_log);
    EXPECT_GT(samples.back().first, 1760011200000);
  }
}

// No byte of a block may lead the reader astray, whatever it says.
TEST(PrometheusBlock, SurvivesEveryFlippedByte) {
  const TempDirectory directory;
  fs::path source;
  for (const auto& entry : fs::directory_iterator(kData)) {
    if (fs::exists(entry.path() / "index")) source = entry.path();
  }
  const fs::path copy = directory.path() / "block";
  fs::copy(source, copy, fs::copy_options::recursive);
  for (const char* name : {"index", "tombstones", "chunks/000001"}) {
    const std::string good = ReadFile(copy / name);
    std::size_t found = 0;
    std::size_t tried = 0;
    for (std::size_t at = 0; at < good.size(); at += name[0] == 'c' ? 67 : 3, ++tried) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      WriteFile(copy / name, damaged);
      auto block = PrometheusBlock::Open(copy);
      bool error = !block.ok();
      PrometheusBlock::Series series;
      std::vector<PlainSample> samples;
      for (std::size_t i = 0; block.ok() && i < (*block)->series_count(); ++i) {
        const bool read =
            (*block)->ReadSeries(i, series).ok() && (*block)->ReadSamples(series, {}, samples).ok();
        error = error || !read;
      }
      if (error) ++found;
    }
    EXPECT_GT(found, tried / 4) << name;  // the rest: padding, tables that are not needed
    WriteFile(copy / name, good);
  }
}

}  // namespace
}  // namespace meerkat::tsdb
