#include "tsdb/import/prometheus_wal.h"

#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/mapped_file.h"
#include "base/number.h"
#include "tsdb/chunk/frame.h"
#include "tsdb/import/big_endian.h"

// A segment is pages of 32 KiB, a record one or more fragments, a fragment within one page:
// type: u8 (low three bits: 0 the page is over, 1 whole, 2 first, 3 middle, 4 last; 8 snappy,
// 16 zstd), length: u16, CRC-32C: u32, data.
namespace meerkat::tsdb {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 32 << 10;
constexpr std::size_t kFragmentHeader = 7;
constexpr std::size_t kMaxRecord = std::size_t{256} << 20;
constexpr std::uint8_t kSnappy = 8;
constexpr std::uint8_t kZstd = 16;

enum Fragment : std::uint8_t { kPageOver, kWhole, kFirst, kMiddle, kLast };

enum Record : std::uint8_t {
  kSeries = 1,
  kSamples = 2,
  kTombstones = 3,
  kHistograms = 7,
  kFloatHistograms = 8,
  kCustomHistograms = 9,
  kCustomFloatHistograms = 10,
};

std::optional<std::uint64_t> NumberOf(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Segment files by number, those behind `after` only.
std::vector<std::pair<std::uint64_t, fs::path>> Segments(const fs::path& directory,
                                                         std::int64_t after) {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const auto number = NumberOf(entry.path().filename().string());
    if (number && static_cast<std::int64_t>(*number) > after) {
      found.emplace_back(*number, entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The newest checkpoint and the number of the last segment it stands for.
std::pair<fs::path, std::int64_t> NewestCheckpoint(const fs::path& wal) {
  constexpr std::string_view kPrefix = "checkpoint.";
  std::pair<fs::path, std::int64_t> newest{{}, -1};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(wal, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const auto number = NumberOf(std::string_view(name).substr(kPrefix.size()));
    if (number && static_cast<std::int64_t>(*number) > newest.second) {
      newest = {entry.path(), static_cast<std::int64_t>(*number)};
    }
  }
  return newest;
}

class LogReader {
 public:
  using Visit = std::function<Result<>(const Labels&, const PlainSample&)>;
  explicit LogReader(const Visit& visit) : visit_(visit) {}

  // The first round only looks: deletions stand behind what they delete, and where to begin depends
  // on the newest sample. From Take on, samples of that time and later are visited.
  void Take(Timestamp begin) {
    looking_ = false;
    begin_ = begin;
  }
  Timestamp newest() const { return newest_; }

  // Damage is a kCorruption; other errors come from `visit`.
  Result<> Segment(std::string_view bytes) {
    std::string record;
    std::uint8_t first = 0;
    for (std::size_t page = 0; page < bytes.size(); page += kPage) {
      BigReader reader(bytes.substr(page, kPage));
      while (reader.left() >= kFragmentHeader) {
        std::uint8_t type;
        std::uint16_t size;
        std::uint32_t checksum;
        std::string_view data;
        if (!reader.Byte(type)) break;
        const auto kind = static_cast<Fragment>(type & 7);
        if (kind == kPageOver) break;
        if (!reader.Big16(size) || !reader.Big32(checksum) || !reader.Bytes(size, data)) {
          return Corrupt("ends within a record");
        }
        if (kind > kLast || Crc32c(data) != checksum) {
          return Corrupt("a record does not fit its checksum");
        }
        if (kind == kWhole || kind == kFirst) {
          record.clear();
          first = type;
        }
        if (record.size() + size > kMaxRecord) return Corrupt("a record is too long");
        record += data;
        if (kind != kWhole && kind != kLast) continue;
        if (auto read = Decompressed(first, record); !read) return read;
      }
    }
    return {};
  }

 private:
  static Error Corrupt(std::string_view what) { return {Code::kCorruption, std::string(what)}; }

  Result<> Decompressed(std::uint8_t type, const std::string& record) {
    if ((type & kSnappy) != 0) {
      std::size_t size;
      if (!snappy::GetUncompressedLength(record.data(), record.size(), &size) ||
          size > kMaxRecord) {
        return Corrupt("a record does not decompress");
      }
      plain_.resize(size);
      if (!snappy::RawUncompress(record.data(), record.size(), plain_.data())) {
        return Corrupt("a record does not decompress");
      }
      return Read(plain_);
    }
    if ((type & kZstd) != 0) {
      const auto size = ZSTD_getFrameContentSize(record.data(), record.size());
      if (size > kMaxRecord || !decompressor_.Decompress(record, size, plain_)) {
        return Corrupt("a record does not decompress");
      }
      return Read(plain_);
    }
    return Read(record);
  }

  Result<> Read(std::string_view record) {
    if (record.empty()) return {};
    BigReader reader(record.substr(1));
    const auto type = static_cast<std::uint8_t>(record[0]);
    switch (type) {
      case kTombstones:
        return looking_ ? ReadTombstones(reader) : Result<>();
      case kSeries:
        return looking_ ? Result<>() : ReadSeries(reader);
      case kSamples:
        return ReadSamples(reader, [](BigReader& from, PlainSample& sample) {
          std::uint64_t bits;
          if (!from.Big64(bits)) return false;
          sample.value = std::bit_cast<double>(bits);
          return true;
        });
      case kHistograms:
      case kCustomHistograms:
        return ReadSamples(reader, &ReadHistogram<true>);
      case kFloatHistograms:
      case kCustomFloatHistograms:
        return ReadSamples(reader, &ReadHistogram<false>);
      default:
        return {};
    }
  }

  Result<> ReadTombstones(BigReader& reader) {
    while (reader.left() > 0) {
      std::uint64_t reference;
      std::int64_t min;
      std::int64_t max;
      if (!reader.Big64(reference) || !reader.Signed(min) || !reader.Signed(max)) {
        return Corrupt("a deletion does not read");
      }
      deleted_[reference].push_back({FromMillis(min), FromMillis(max)});
    }
    return {};
  }

  bool IsDeleted(std::uint64_t reference, Timestamp time) const {
    const auto at = deleted_.find(reference);
    return at != deleted_.end() &&
           std::any_of(at->second.begin(), at->second.end(),
                       [time](const TimeRange& range) { return range.Contains(time); });
  }

  Result<> ReadSeries(BigReader& reader) {
    while (reader.left() > 0) {
      std::uint64_t reference;
      std::uint64_t count;
      if (!reader.Big64(reference) || !reader.Varint(count, reader.left())) {
        return Corrupt("a series record does not read");
      }
      std::vector<Label> labels(count);
      for (Label& label : labels) {
        if (!reader.Text(label.name) || !reader.Text(label.value)) {
          return Corrupt("a series record does not read");
        }
      }
      series_[reference] = Labels::From(std::move(labels));
    }
    return {};
  }

  template <typename ReadValue>
  Result<> ReadSamples(BigReader& reader, ReadValue&& read_value) {
    std::uint64_t base_reference;
    std::uint64_t base_time;
    if (reader.left() == 0) return {};
    if (!reader.Big64(base_reference) || !reader.Big64(base_time)) {
      return Corrupt("a sample record does not read");
    }
    while (reader.left() > 0) {
      std::int64_t reference;
      std::int64_t time;
      PlainSample sample;
      if (!reader.Signed(reference) || !reader.Signed(time) || !read_value(reader, sample)) {
        return Corrupt("a sample record does not read");
      }
      sample.time =
          FromMillis(static_cast<std::int64_t>(base_time + static_cast<std::uint64_t>(time)));
      if (looking_) {
        newest_ = std::max(newest_, sample.time);
        continue;
      }
      const std::uint64_t id = base_reference + static_cast<std::uint64_t>(reference);
      const auto known = series_.find(id);
      if (known == series_.end()) continue;  // as Prometheus does: its series is gone
      if (sample.time < begin_ || IsDeleted(id, sample.time)) continue;
      if (auto visited = visit_(known->second, sample); !visited) return visited;
    }
    return {};
  }

  static bool ReadSpans(BigReader& reader, std::vector<BucketSpan>& spans) {
    std::uint64_t count;
    if (!reader.Varint(count, reader.left() / 2)) return false;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::int64_t offset;
      std::uint64_t length;
      if (!reader.Signed(offset) || offset != static_cast<std::int32_t>(offset) ||
          !reader.Varint(length, 0xFFFFFFFF)) {
        return false;
      }
      spans.push_back({static_cast<std::int32_t>(offset), static_cast<std::uint32_t>(length)});
    }
    return true;
  }

  static bool ReadDouble(BigReader& reader, double& value) {
    std::uint64_t bits;
    if (!reader.Big64(bits)) return false;
    value = std::bit_cast<double>(bits);
    return true;
  }

  // Counts: integers as varints, of float histograms as doubles.
  template <bool kInteger>
  static bool ReadCount(BigReader& reader, double& value) {
    if constexpr (!kInteger) return ReadDouble(reader, value);
    std::uint64_t count;
    if (!reader.Varint(count)) return false;
    value = static_cast<double>(count);
    return true;
  }

  // Buckets of integer histograms are differences to the bucket before.
  template <bool kInteger>
  static bool ReadBuckets(BigReader& reader, std::vector<double>& buckets) {
    std::uint64_t count;
    if (!reader.Varint(count, reader.left())) return false;
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      double value = 0;
      if constexpr (kInteger) {
        std::int64_t difference;
        if (!reader.Signed(difference)) return false;
        sum += static_cast<std::uint64_t>(difference);
        value = static_cast<double>(static_cast<std::int64_t>(sum));
      } else if (!ReadDouble(reader, value)) {
        return false;
      }
      buckets.push_back(value);
    }
    return true;
  }

  template <bool kInteger>
  static bool ReadHistogram(BigReader& reader, PlainSample& sample) {
    auto histogram = std::make_shared<Histogram>();
    histogram->integer = kInteger;
    std::uint8_t hint;
    std::int64_t schema;
    if (!reader.Byte(hint) || hint > 3 || !reader.Signed(schema) ||
        schema != static_cast<std::int32_t>(schema) ||
        !ReadDouble(reader, histogram->zero_threshold) ||
        !ReadCount<kInteger>(reader, histogram->zero_count) ||
        !ReadCount<kInteger>(reader, histogram->count) || !ReadDouble(reader, histogram->sum) ||
        !ReadSpans(reader, histogram->positive_spans) ||
        !ReadSpans(reader, histogram->negative_spans) ||
        !ReadBuckets<kInteger>(reader, histogram->positive_buckets) ||
        !ReadBuckets<kInteger>(reader, histogram->negative_buckets)) {
      return false;
    }
    histogram->reset_hint = static_cast<Histogram::ResetHint>(hint);
    histogram->schema = static_cast<std::int32_t>(schema);
    if (histogram->uses_custom_buckets()) {
      std::uint64_t count;
      if (!reader.Varint(count, reader.left() / 8)) return false;
      histogram->custom_bounds.resize(count);
      for (double& bound : histogram->custom_bounds) {
        if (!ReadDouble(reader, bound)) return false;
      }
    }
    sample.histogram = std::move(histogram);
    return true;
  }

  const Visit& visit_;
  bool looking_ = true;
  Timestamp newest_ = kMinTime;
  Timestamp begin_{};
  std::unordered_map<std::uint64_t, std::vector<TimeRange>> deleted_;
  std::unordered_map<std::uint64_t, Labels> series_;
  std::string plain_;
  Decompressor decompressor_;
};

}  // namespace

Result<bool> ReadPrometheusLogs(
    const fs::path& directory, const std::function<Timestamp(Timestamp)>& begin,
    const std::function<Result<>(const Labels&, const PlainSample&)>& visit,
    std::vector<std::string>& damage) {
  const fs::path wal = directory / "wal";
  const auto [checkpoint, covered] = NewestCheckpoint(wal);
  std::vector<std::pair<std::uint64_t, fs::path>> in_order;
  if (!checkpoint.empty()) in_order = Segments(checkpoint, -1);
  const auto behind = Segments(wal, covered);
  in_order.insert(in_order.end(), behind.begin(), behind.end());
  const auto out_of_order = Segments(directory / "wbl", -1);

  LogReader reader(visit);
  const auto read_all = [&](const auto& segments, std::vector<std::string>* told) -> Result<> {
    for (const auto& [number, path] : segments) {
      auto file = MappedFile::Open(path);
      if (!file) return std::move(file).error();
      auto read = reader.Segment(file->bytes());
      if (read) continue;
      if (read.error().code() != Code::kCorruption) return std::move(read).error();
      if (told != nullptr) told->push_back(path.string() + ": " + read.error().message());
    }
    return {};
  };
  if (auto read = read_all(in_order, nullptr); !read) return std::move(read).error();
  reader.Take(begin(reader.newest()));
  if (auto read = read_all(in_order, &damage); !read) return std::move(read).error();
  reader.Take(kMinTime);  // of these, everything, however old
  if (auto read = read_all(out_of_order, &damage); !read) return std::move(read).error();
  return !in_order.empty() || !out_of_order.empty();
}

}  // namespace meerkat::tsdb
