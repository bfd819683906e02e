// Size and speed of the columns on recorded scrapes and on made-up ones.
//
//   chunk_bench [rows per block]      default 480: two hours at 15 s
//
// Prints bytes per sample (blocks with their directory and timestamps, before RocksDB), nanoseconds
// of CPU per sample to encode and to decode, and how much of it zstd is.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "tests/bench/recorded.h"
#include "tsdb/chunk/block.h"
#include "tsdb/chunk/values.h"

namespace meerkat::bench {
namespace {

double CpuSeconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// The best of several runs: the machine is shared.
template <typename Work>
double BestSeconds(Work work) {
  double best = 1e9;
  double spent = 0;
  for (int run = 0; run < 50 && (run < 3 || spent < 0.5); ++run) {
    const double begin = CpuSeconds();
    work();
    const double took = CpuSeconds() - begin;
    best = std::min(best, took);
    spent += took;
  }
  return best;
}

std::vector<std::string> MakeBlocks(const Recorded& data, std::size_t rows,
                                    const tsdb::BlockOptions& options) {
  std::vector<std::string> blocks;
  tsdb::BlockBuilder builder(options);
  std::vector<std::uint32_t> relative;
  for (std::size_t begin = 0; begin < data.times.size(); begin += rows) {
    const std::size_t end = std::min(begin + rows, data.times.size());
    builder.Begin(std::span(data.times).subspan(begin, end - begin));
    for (std::size_t s = 0; s < data.series.size(); ++s) {
      const RecordedSeries& series = data.series[s];
      const auto from = std::lower_bound(series.rows.begin(), series.rows.end(), begin);
      const auto to = std::lower_bound(from, series.rows.end(), end);
      if (from == to) continue;
      const auto first = static_cast<std::size_t>(from - series.rows.begin());
      const auto count = static_cast<std::size_t>(to - from);
      relative.clear();
      if (count < end - begin) {
        for (auto row = from; row != to; ++row) {
          relative.push_back(*row - static_cast<std::uint32_t>(begin));
        }
      }
      builder.Add(s, {relative, std::span(series.values).subspan(first, count), {}, {}});
    }
    blocks.push_back(builder.Finish());
  }
  return blocks;
}

void Report(const std::string& name, const Recorded& data, std::size_t rows) {
  if (data.samples == 0) return;
  const auto samples = static_cast<double>(data.samples);
  for (const int level : {0, 1}) {
    const tsdb::BlockOptions options{.zstd_level = level, .section_bytes = 64 << 10};
    const auto blocks = MakeBlocks(data, rows, options);
    std::size_t bytes = 0;
    for (const auto& block : blocks) bytes += block.size();
    const double encode = BestSeconds([&] { MakeBlocks(data, rows, options); });

    std::vector<std::shared_ptr<const tsdb::Block>> open;
    for (const auto& block : blocks) open.push_back(*tsdb::Block::Open(block));
    tsdb::Block::Scratch scratch;
    tsdb::Column column;
    std::size_t seen = 0;
    const double decode = BestSeconds([&] {
      seen = 0;
      for (const auto& block : open) {
        for (std::size_t i = 0; i < block->series_count(); ++i) {
          if (!block->Read(i, scratch, column).ok()) std::abort();
          seen += column.size();
        }
      }
    });
    if (seen != data.samples) std::abort();
    std::printf(
        "%-16s %8zu samples %6zu rows/block zstd %d: %6.3f B/sample  encode %5.2f  "
        "decode %5.2f ns (%4.0f M/s)\n",
        name.c_str(), data.samples, rows, level, static_cast<double>(bytes) / samples,
        encode / samples * 1e9, decode / samples * 1e9, samples / decode / 1e6);
  }
}

// One kind of column, alone, so that each form of the codec shows what it costs.
void ReportColumn(const char* name, const std::vector<double>& values, std::size_t rows) {
  std::vector<std::string> encoded;
  const auto encode_all = [&] {
    encoded.clear();
    for (std::size_t i = 0; i + rows <= values.size(); i += rows) {
      tsdb::EncodeValues(std::span(values).subspan(i, rows), encoded.emplace_back());
    }
  };
  const double encode = BestSeconds(encode_all);
  std::size_t bytes = 0;
  for (const auto& column : encoded) bytes += column.size();
  std::vector<double> decoded(rows);
  const double decode = BestSeconds([&] {
    for (const auto& column : encoded) {
      if (!tsdb::DecodeValues(column, decoded).ok()) std::abort();
    }
  });
  const auto samples = static_cast<double>(encoded.size() * rows);
  std::printf("%-24s %6.3f B/sample  encode %5.2f  decode %5.2f ns\n", name,
              static_cast<double>(bytes) / samples, encode / samples * 1e9, decode / samples * 1e9);
}

void ReportSynthetic(std::size_t rows) {
  constexpr std::size_t kCount = 1 << 18;
  std::mt19937_64 random(1);
  std::vector<double> values(kCount);
  std::uniform_real_distribution<double> unit(0, 1);
  std::fill(values.begin(), values.end(), 42.5);
  ReportColumn("constant", values, rows);
  double sum = 0;
  for (auto& v : values) v = sum += static_cast<double>(std::poisson_distribution<>(100)(random));
  ReportColumn("integer counter", values, rows);
  for (auto& v : values)
    v = std::round((50 + std::normal_distribution<>(0, 5)(random)) * 1e3) / 1e3;
  ReportColumn("3-decimal gauge", values, rows);
  for (auto& v : values) v = unit(random);
  ReportColumn("random in [0, 1)", values, rows);
  sum = 0;
  for (auto& v : values) v = sum += std::round(unit(random) * 1e7) / 1e9;
  ReportColumn("float sum", values, rows);
  sum = 0;
  for (auto& v : values) v = sum += unit(random) < 0.1 ? 1 : 0;
  ReportColumn("rare events", values, rows);
  for (auto& v : values) v = 4096.0 * std::round(unit(random) * 1e5);
  ReportColumn("memory gauge", values, rows);
}

}  // namespace
}  // namespace meerkat::bench

int main(int argc, char** argv) {
  using namespace meerkat::bench;
  const std::size_t rows = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 480;
  for (const std::size_t step : {3U, 1U}) {
    const std::string pace = step == 3 ? " 15 s" : " 5 s";
    Report("node" + pace, LoadRecorded("node", step), rows);
    Report("prometheus" + pace, LoadRecorded("prom", step), rows);
  }
  ReportSynthetic(512);
}
