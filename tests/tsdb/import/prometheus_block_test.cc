#include "tsdb/import/prometheus_block.h"

#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <fstream>

#include "tests/tsdb/database/fixture.h"
#include "tsdb/import/big_endian.h"

namespace meerkat::tsdb {
namespace {

namespace fs = std::filesystem;

void PutBig32(std::uint32_t value, std::string& out) {
  PutLittle(__builtin_bswap32(value), out);
}
void PutBig64(std::uint64_t value, std::string& out) {
  PutLittle(__builtin_bswap64(value), out);
}
void PutText(std::string_view text, std::string& out) {
  PutVarint(text.size(), out);
  out += text;
}
void PutSection(const std::string& body, std::string& out) {
  PutBig32(static_cast<std::uint32_t>(body.size()), out);
  out += body;
  PutBig32(Crc32c(body), out);
}

// One float sample, as Prometheus writes a chunk: 2 bytes of count, time, the value's bits.
std::string ChunkOf(std::int64_t time, double value) {
  std::string data(1, '\0');
  data += '\1';
  PutSigned(time, data);
  PutBig64(std::bit_cast<std::uint64_t>(value), data);
  std::string chunk;
  PutVarint(data.size(), chunk);
  const std::string checked = '\1' + data;
  chunk += checked;
  PutBig32(Crc32c(checked), chunk);
  return chunk;
}

// A block of two series, {a="1"} and {a="2",b="3"}, with a sample each, in the given index format.
void WriteBlock(const fs::path& directory, std::uint8_t version) {
  fs::create_directories(directory / "chunks");
  std::string segment;
  PutBig32(0x85BD40DD, segment);
  segment += std::string("\1\0\0\0", 4);
  const std::size_t first_chunk = segment.size();
  segment += ChunkOf(1000, 1.5);
  const std::size_t second_chunk = segment.size();
  segment += ChunkOf(-2000, -2);
  std::ofstream(directory / "chunks/000001", std::ios::binary) << segment;

  std::string index;
  PutBig32(0xBAAAD700, index);
  PutByte(version, index);
  // Format 1 names a symbol by its place in the file, format 2 by its number.
  const std::string_view symbols[] = {"1", "2", "3", "a", "b"};
  std::vector<std::uint64_t> reference;
  const std::uint64_t symbols_at = index.size();
  std::string body;
  PutBig32(5, body);
  for (const std::string_view symbol : symbols) {
    reference.push_back(version == 1 ? symbols_at + 4 + body.size() : reference.size());
    PutText(symbol, body);
  }
  PutSection(body, index);

  const std::uint64_t series_at = index.size();
  std::vector<std::uint32_t> series;
  const auto put_series = [&](std::vector<int> labels, std::int64_t time, std::uint64_t place) {
    if (version == 2) index.resize((index.size() + 15) / 16 * 16);
    series.push_back(static_cast<std::uint32_t>(version == 2 ? index.size() / 16 : index.size()));
    std::string entry;
    PutVarint(labels.size() / 2, entry);
    for (const int symbol : labels) PutVarint(reference[static_cast<std::size_t>(symbol)], entry);
    PutVarint(1, entry);
    PutSigned(time, entry);
    PutVarint(0, entry);
    PutVarint(place, entry);
    PutVarint(entry.size(), index);
    index += entry;
    PutBig32(Crc32c(entry), index);
  };
  put_series({3, 0}, 1000, first_chunk);
  put_series({3, 1, 4, 2}, -2000, second_chunk);

  const std::uint64_t postings_at = index.size();
  body.clear();
  PutBig32(2, body);
  for (const std::uint32_t one : series) PutBig32(one, body);
  PutSection(body, index);
  const std::uint64_t table_at = index.size();
  body.clear();
  PutBig32(1, body);
  PutVarint(2, body);
  PutText("", body);
  PutText("", body);
  PutVarint(postings_at, body);
  PutSection(body, index);
  std::string contents;
  for (const std::uint64_t at :
       {symbols_at, series_at, table_at, table_at, postings_at, table_at}) {
    PutBig64(at, contents);
  }
  index += contents;
  PutBig32(Crc32c(contents), index);
  std::ofstream(directory / "index", std::ios::binary) << index;
}

TEST(PrometheusBlock, ReadsBothIndexFormats) {
  for (const std::uint8_t version : std::initializer_list<std::uint8_t>{1, 2}) {
    SCOPED_TRACE(static_cast<int>(version));
    const TempDirectory directory;
    WriteBlock(directory.path(), version);
    auto block = PrometheusBlock::Open(directory.path());
    ASSERT_TRUE(block.ok()) << block.error().message();
    EXPECT_EQ((*block)->range(), (TimeRange{FromMillis(-2000), FromMillis(1000)}));
    const struct {
      Labels labels;
      std::int64_t time;
      double value;
    } expected[] = {{{{"a", "1"}}, 1000, 1.5}, {{{"a", "2"}, {"b", "3"}}, -2000, -2}};
    ASSERT_EQ((*block)->series_count(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      PrometheusBlock::Series series;
      std::vector<PlainSample> samples;
      ASSERT_TRUE((*block)->ReadSeries(i, series).ok());
      EXPECT_EQ(series.labels, expected[i].labels);
      ASSERT_TRUE((*block)->ReadSamples(series, {}, samples).ok());
      ASSERT_EQ(samples.size(), 1U);
      EXPECT_EQ(ToMillis(samples[0].time), expected[i].time);
      EXPECT_EQ(samples[0].value, expected[i].value);
    }
  }
}

TEST(PrometheusBlock, NamesAnUnknownFormat) {
  const TempDirectory directory;
  WriteBlock(directory.path(), 3);
  const auto block = PrometheusBlock::Open(directory.path());
  ASSERT_FALSE(block.ok());
  EXPECT_EQ(block.error().message(),
            directory.path().string() + ": index: unknown format version 3");
}

}  // namespace
}  // namespace meerkat::tsdb
