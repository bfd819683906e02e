#include "tsdb/head/journal.h"

#include <bit>
#include <cstring>
#include <memory>

#include "tsdb/chunk/histograms.h"
#include "tsdb/head/walk.h"

namespace meerkat::tsdb {

namespace {

constexpr std::uint8_t kSamples = 1;
constexpr std::uint8_t kExemplars = 2;
constexpr std::uint8_t kSeries = 3;
constexpr std::uint8_t kOneTime = 1;

Error Broken(const char* what) {
  return Error(Code::kCorruption, std::string("journal: ") + what);
}

bool KnownVersion(int version) {
  return version == 1 || version == kJournalVersion;
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

Result<> ReadSamples(std::string_view body, JournalReader& reader) {
  Walk walk(body);
  const std::uint8_t flags = walk.Byte();
  const std::uint64_t count = walk.Varint();
  // Each sample costs a bit at least.
  if (!walk.ok() || count > body.size() * 8) return Broken("impossible sample count");
  std::vector<SeriesId> series;
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
      series.insert(series.end(), each, first + static_cast<SeriesId>(i));
    }
    behind = first + static_cast<SeriesId>(ids);
  }
  std::vector<std::int64_t> times;
  std::uint64_t time = 0;
  if ((flags & kOneTime) != 0) {
    time = static_cast<std::uint64_t>(UnZigZag(walk.Varint()));
  } else {
    times.reserve(count);
    std::uint64_t step = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      step += static_cast<std::uint64_t>(UnZigZag(walk.Varint()));
      time += step;
      times.push_back(static_cast<std::int64_t>(time));
    }
  }
  const std::string_view changed = walk.Bytes((count + 7) / 8);
  if (!walk.ok()) return Broken("shorter than it says");
  reader.OnBatch();
  for (std::uint64_t i = 0; i < count; ++i) {
    HeadSample sample;
    sample.series = series[i];
    sample.time = times.empty() ? static_cast<std::int64_t>(time) : times[i];
    sample.before = reader.Before(sample.series);
    sample.value = sample.before;
    if ((static_cast<unsigned char>(changed[i / 8]) >> (i % 8) & 1) != 0 &&
        !ReadChanged(walk, sample)) {
      return Broken("not a sample");
    }
    reader.OnSample(std::move(sample));
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
                   std::string& out) {
  if (staged.empty()) return;
  std::string body;
  body.reserve(staged.size() / 8 + tokens.size() + 64);
  const bool one_time = OneTime(staged);
  body.push_back(static_cast<char>(one_time ? kOneTime : 0));
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
  const std::size_t bitmap = body.size();
  body.append((staged.size() + 7) / 8, '\0');
  bool plain = extras.empty();  // no more than tokens, as they stand there
  for (std::size_t i = 0; i < staged.size(); ++i) {
    const StagedSample& sample = staged[i];
    const unsigned changed = sample.token_bytes != 0 || sample.extra != 0 || sample.loose ? 1 : 0;
    body[bitmap + i / 8] = static_cast<char>(body[bitmap + i / 8] | changed << (i % 8));
    plain = plain && !sample.loose;
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

std::uint8_t EntryFlags(std::string_view entry) {
  return entry.size() < 2 || !KnownVersion(entry[0]) ? std::uint8_t{0}
                                                     : static_cast<std::uint8_t>(entry[1]);
}

Result<std::uint8_t> ReadEntry(std::string_view entry, JournalReader& reader) {
  Walk walk(entry);
  if (!KnownVersion(walk.Byte())) return Broken("of an unknown version");
  const std::uint8_t flags = walk.Byte();
  while (walk.ok() && !walk.done()) {
    const std::uint8_t kind = walk.Byte();
    const std::string_view body = walk.Text();
    if (!walk.ok()) break;
    Result<> read;
    if (kind == kSamples) read = ReadSamples(body, reader);
    if (kind == kExemplars) read = ReadExemplars(body, reader);
    if (kind == kSeries) {
      read = TakeDefinitions(body, [&reader](SeriesId series, Labels labels) {
        reader.OnSeries(series, std::move(labels));
      });
    }
    if (!read) return std::move(read).error();
  }
  if (!walk.ok()) return Broken("entry ends early");
  return flags;
}

}  // namespace meerkat::tsdb
