#include "tsdb/head/journal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <unordered_map>

#include "tsdb/chunk/histograms.h"
#include "tsdb/head/walk.h"

namespace meerkat::tsdb {

namespace {

constexpr std::uint8_t kSamples = 1;
constexpr std::uint8_t kExemplars = 2;
constexpr std::uint8_t kSeries = 3;
constexpr std::uint8_t kFirstOfGeneration = 1;
constexpr std::uint8_t kOneTime = 1;
constexpr std::uint8_t kChecked = 2;
constexpr std::uint8_t kBefores = 4;

Error Broken(const char* what) {
  return Error(Code::kCorruption, std::string("journal: ") + what);
}

std::uint32_t CheckOf(std::span<const std::uint64_t> befores) {
  return static_cast<std::uint32_t>(XXH3_64bits(befores.data(), befores.size_bytes()));
}

// How many samples from `at` on belong to the same series.
std::size_t SameSeries(std::span<const StagedSample> staged, std::size_t at) {
  std::size_t end = at + 1;
  while (end < staged.size() && staged[end].series == staged[at].series) ++end;
  return end - at;
}

void EncodeRuns(std::span<const StagedSample> staged, std::string& out) {
  SeriesId behind = 0;
  for (std::size_t i = 0; i < staged.size();) {
    const SeriesId first = staged[i].series;
    const std::size_t each = SameSeries(staged, i);
    std::size_t ids = 1;
    i += each;
    if (each == 1) {
      // As in a scrape: neighbours, once each.
      while (i < staged.size() && staged[i].series == first + ids &&
             (i + 1 == staged.size() || staged[i + 1].series != staged[i].series)) {
        ++ids;
        ++i;
      }
    } else {
      while (i < staged.size() && staged[i].series == first + ids &&
             SameSeries(staged, i) == each) {
        ++ids;
        i += each;
      }
    }
    AppendVarint(out, ZigZag(static_cast<std::int64_t>(first) - behind));
    AppendVarint(out, ids);
    AppendVarint(out, each);
    behind = first + static_cast<SeriesId>(ids);
  }
}

bool OneTime(std::span<const StagedSample> staged) {
  for (const StagedSample& sample : staged) {
    if (sample.time != staged[0].time) return false;
  }
  return true;
}

void Frame(std::uint8_t kind, std::string_view body, std::string& out) {
  out.push_back(static_cast<char>(kind));
  AppendVarint(out, body.size());
  out.append(body);
}

// The tokens of one sample, nothing for one that did not change.
void AppendChanged(const StagedSample& sample, std::string_view token,
                   std::span<const Batch::Extra> extras, std::string& body) {
  if (sample.extra == 0 && !sample.loose) {
    body.append(token);
    return;
  }
  char buffer[4 * kMaxToken];
  char* end = buffer;
  if (sample.loose) end = PutLoose(end);
  const Batch::Extra* extra = sample.extra == 0 ? nullptr : &extras[sample.extra - 1];
  if (extra != nullptr && extra->start != HeadSample::kNoStart) end = PutStart(end, extra->start);
  if (extra != nullptr && extra->histogram != nullptr) {
    body.append(buffer, PutHistogram(end));
    std::string histogram;
    EncodeHistograms({&extra->histogram, 1}, histogram);
    AppendText(histogram, body);
    return;
  }
  if (sample.loose) {
    end = PutRaw(end, sample.value);
  } else if (sample.token_bytes == 0) {
    end = PutSame(end, 1);
  }
  body.append(buffer, end);
  if (!sample.loose) body.append(token);
}

void AppendBefore(std::uint64_t before, std::string& body) {
  char buffer[kMaxToken];
  std::uint8_t scale = 0;
  body.append(buffer, before == 0 ? static_cast<std::size_t>(PutSame(buffer, 1) - buffer)
                                  : EncodeValue(0, before, scale, buffer));
}

// One changed sample's tokens into `sample`.
bool ReadChanged(Walk& walk, HeadSample& sample) {
  for (;;) {
    Token token;
    const std::string_view bytes = walk.Next(sample.before, token);
    if (!walk.ok()) return false;
    switch (token.kind) {
      case Token::Kind::kLoose:
        sample.loose = true;
        break;
      case Token::Kind::kStart:
        sample.start = token.start;
        break;
      case Token::Kind::kHistogram: {
        std::vector<HistogramPtr> one;
        if (!DecodeHistograms(walk.Text(), 1, one) || !walk.ok()) return false;
        sample.histogram = std::move(one[0]);
        return true;
      }
      case Token::Kind::kValue:
        sample.value = token.value;
        sample.token = bytes;
        return true;
      case Token::Kind::kSame:
        return token.count == 1;
      default:
        return false;
    }
  }
}

// A record of samples, its tokens still to be read.
struct SamplesRecord {
  std::vector<SeriesId> series;     // of each sample
  std::vector<std::int64_t> times;  // of each; empty: all have `time`
  std::int64_t time = 0;
  std::optional<std::uint32_t> check;
  // Index of a sample, and what it builds on.
  std::vector<std::pair<std::size_t, std::uint64_t>> befores;
  std::string_view changed;
  Walk tokens{{}};

  bool Read(std::size_t i, HeadSample& sample, Walk& walk) const {
    sample.series = series[i];
    sample.time = times.empty() ? time : times[i];
    sample.value = sample.before;
    return (static_cast<unsigned char>(changed[i / 8]) >> (i % 8) & 1) == 0 ||
           ReadChanged(walk, sample);
  }
};

Result<SamplesRecord> OpenSamples(std::string_view body) {
  SamplesRecord record;
  Walk walk(body);
  const std::uint8_t flags = walk.Byte();
  const std::uint64_t count = walk.Varint();
  // Each sample costs a bit at least.
  if (!walk.ok() || count > body.size() * 8) return Broken("impossible sample count");
  std::vector<SeriesId>& series = record.series;
  series.reserve(count);
  SeriesId behind = 0;
  while (series.size() < count) {
    const auto first =
        static_cast<SeriesId>(behind + static_cast<std::uint64_t>(UnZigZag(walk.Varint())));
    const std::uint64_t ids = walk.Varint();
    const std::uint64_t each = walk.Varint();
    const std::uint64_t room = count - series.size();
    if (!walk.ok() || ids == 0 || each == 0 || ids > room || each > room / ids) {
      return Broken("series do not add up");
    }
    for (std::uint64_t i = 0; i < ids; ++i) {
      if ((flags & kBefores) != 0) record.befores.emplace_back(series.size(), 0);
      series.insert(series.end(), each, first + static_cast<SeriesId>(i));
    }
    behind = first + static_cast<SeriesId>(ids);
  }
  if ((flags & kOneTime) != 0) {
    record.time = UnZigZag(walk.Varint());
  } else {
    record.times.reserve(count);
    std::uint64_t time = 0;
    std::uint64_t step = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      step += static_cast<std::uint64_t>(UnZigZag(walk.Varint()));
      time += step;
      record.times.push_back(static_cast<std::int64_t>(time));
    }
  }
  if ((flags & kChecked) != 0) {
    const std::string_view check = walk.Bytes(4);
    if (walk.ok()) record.check = LoadLittle<std::uint32_t>(check.data());
  }
  for (auto& [sample, before] : record.befores) {
    Token token;
    (void)walk.Next(0, token);
    if (!walk.ok()) return Broken("not a value to build on");
    if (token.kind == Token::Kind::kValue) before = token.value;
  }
  record.changed = walk.Bytes((count + 7) / 8);
  if (!walk.ok()) return Broken("shorter than it says");
  record.tokens = walk;
  return record;
}

// Whether the batch builds on nothing that was lost.
bool Stands(const SamplesRecord& record, JournalReader& reader) {
  if (!record.befores.empty()) return true;
  if (!record.check) return false;
  std::unordered_map<SeriesId, std::uint64_t> newest;  // within the batch
  std::vector<std::uint64_t> befores;
  Walk walk = record.tokens;
  for (std::size_t i = 0; i < record.series.size(); ++i) {
    const SeriesId series = record.series[i];
    const auto known = newest.find(series);
    HeadSample sample;
    sample.before = known == newest.end() ? reader.Before(series) : known->second;
    befores.push_back(sample.before);
    if (!record.Read(i, sample, walk)) return false;
    if (!sample.loose && sample.histogram == nullptr) newest[series] = sample.value;
  }
  return CheckOf(befores) == *record.check;
}

Result<> ReadSamples(std::string_view body, JournalReader& reader, bool doubtful) {
  auto record = OpenSamples(body);
  if (!record) return std::move(record).error();
  if (doubtful && !Stands(*record, reader)) {
    reader.OnLeftOut(record->series.size());
    return {};
  }
  reader.OnBatch();
  Walk walk = record->tokens;
  auto restored = record->befores.begin();
  HeadSample sample;
  for (std::size_t i = 0; i < record->series.size(); ++i) {
    if (sample.histogram != nullptr) [[unlikely]]
      sample.histogram = nullptr;
    sample.token = {};
    sample.start = HeadSample::kNoStart;
    sample.loose = false;
    sample.anew = false;
    if (restored != record->befores.end() && restored->first == i) {
      reader.Restore(record->series[i], restored->second);
      ++restored;
    }
    sample.before = reader.Before(record->series[i]);
    if (!record->Read(i, sample, walk)) return Broken("not a sample");
    reader.OnSample(sample);
  }
  return {};
}

Result<> ReadExemplars(std::string_view body, JournalReader& reader) {
  Walk walk(body);
  const std::uint64_t count = walk.Varint();
  for (std::uint64_t i = 0; i < count && walk.ok(); ++i) {
    Batch::ExemplarOf exemplar;
    exemplar.series = static_cast<SeriesId>(walk.Varint());
    const std::string_view value = walk.Bytes(8);
    if (!walk.ok()) break;
    std::memcpy(&exemplar.exemplar.value, value.data(), 8);
    exemplar.exemplar.time = FromMillis(UnZigZag(walk.Varint()));
    const std::uint64_t labels = walk.Varint();
    std::vector<Label> pairs;
    for (std::uint64_t j = 0; j < labels && walk.ok(); ++j) {
      const std::string_view name = walk.Text();
      const std::string_view text = walk.Text();
      pairs.push_back({name, text});
    }
    if (!walk.ok()) break;
    exemplar.exemplar.labels = Labels::From(std::move(pairs));
    reader.OnExemplar(std::move(exemplar));
  }
  if (!walk.ok()) return Broken("not an exemplar");
  return {};
}

}  // namespace

void EncodeSamples(std::span<const StagedSample> staged, std::size_t first_token,
                   std::string_view tokens, std::span<const Batch::Extra> extras,
                   std::uint32_t base, bool restart, std::string& out) {
  if (staged.empty()) return;
  std::string body;
  body.reserve(staged.size() / 8 + tokens.size() + 96);
  const bool one_time = OneTime(staged);
  body.push_back(
      static_cast<char>((one_time ? kOneTime : 0) | kChecked | (restart ? kBefores : 0)));
  AppendVarint(body, staged.size());
  EncodeRuns(staged, body);
  if (one_time) {
    AppendVarint(body, ZigZag(staged[0].time));
  } else {
    std::uint64_t before = 0;
    std::uint64_t step = 0;
    for (const StagedSample& sample : staged) {
      const auto time = static_cast<std::uint64_t>(sample.time);
      AppendVarint(body, ZigZag(static_cast<std::int64_t>(time - before - step)));
      step = time - before;
      before = time;
    }
  }
  std::vector<std::uint64_t> befores;
  befores.reserve(staged.size());
  for (const StagedSample& sample : staged) {
    befores.push_back(sample.old_base == base ? sample.old_value : 0);
  }
  PutLittle(CheckOf(befores), body);
  if (restart) {
    for (std::size_t i = 0; i < staged.size(); i += SameSeries(staged, i)) {
      AppendBefore(befores[i], body);
    }
  }
  bool plain = extras.empty();  // no more than tokens, as they stand there
  for (std::size_t i = 0; i < staged.size(); i += 8) {
    unsigned changed = 0;
    const std::size_t end = std::min(staged.size() - i, std::size_t{8});
    for (std::size_t j = 0; j < end; ++j) {
      const StagedSample& sample = staged[i + j];
      const unsigned any = sample.token_bytes | sample.extra | unsigned{sample.loose};
      changed |= unsigned{any != 0} << j;
      plain = plain && !sample.loose;
    }
    body.push_back(static_cast<char>(changed));
  }
  if (plain) {
    body.append(tokens);
  } else {
    for (const StagedSample& sample : staged) {
      const std::string_view token = tokens.substr(sample.token - first_token, sample.token_bytes);
      AppendChanged(sample, token, extras, body);
    }
  }
  Frame(kSamples, body, out);
}

void EncodeExemplars(std::span<const Batch::ExemplarOf> exemplars, std::string& out) {
  if (exemplars.empty()) return;
  std::string body;
  AppendVarint(body, exemplars.size());
  for (const auto& [series, exemplar] : exemplars) {
    AppendVarint(body, series);
    char value[8];
    std::memcpy(value, &exemplar.value, 8);
    body.append(value, 8);
    AppendVarint(body, ZigZag(ToMillis(exemplar.time)));
    AppendVarint(body, exemplar.labels.size());
    for (const Label label : exemplar.labels) {
      AppendText(label.name, body);
      AppendText(label.value, body);
    }
  }
  Frame(kExemplars, body, out);
}

void EncodeDefinitions(std::span<const Definition> definitions, std::string& out) {
  if (definitions.empty()) return;
  std::string body;
  PutDefinitions(definitions, body);
  Frame(kSeries, body, out);
}

void PutEntryHead(bool first, std::uint64_t behind, std::string& out) {
  out.push_back(static_cast<char>(kJournalVersion));
  out.push_back(static_cast<char>(first ? kFirstOfGeneration : 0));
  AppendVarint(out, behind);
}

namespace {

EntryHead TakeHead(Walk& walk) {
  EntryHead head;
  const std::uint8_t version = walk.Byte();
  const std::uint8_t flags = walk.Byte();
  if (version > 1) head.behind = walk.Varint();
  if (!walk.ok() || version == 0 || version > kJournalVersion) return {};
  head.version = version;
  head.first = (flags & kFirstOfGeneration) != 0;
  return head;
}

}  // namespace

EntryHead ReadEntryHead(std::string_view entry) {
  Walk walk(entry);
  return TakeHead(walk);
}

Result<> ReadEntry(std::string_view entry, JournalReader& reader, bool doubtful) {
  Walk walk(entry);
  if (TakeHead(walk).version == 0) return Broken("of an unknown version");
  while (walk.ok() && !walk.done()) {
    const std::uint8_t kind = walk.Byte();
    const std::string_view body = walk.Text();
    if (!walk.ok()) break;
    Result<> read;
    if (kind == kSamples) read = ReadSamples(body, reader, doubtful);
    if (kind == kExemplars) read = ReadExemplars(body, reader);
    if (kind == kSeries) {
      read = TakeDefinitions(body, [&reader](SeriesId series, Labels labels) {
        reader.OnSeries(series, std::move(labels));
      });
    }
    if (!read) return read;
  }
  if (!walk.ok()) return Broken("entry ends early");
  return {};
}

}  // namespace meerkat::tsdb
