#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/histogram.h"
#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {

// A sample in a form that compares: a float by its bits, a histogram bit for bit, and one stale
// marker for both, since which of the two it is depends on what the series was.
struct AnySample {
  std::uint64_t bits = 0;
  HistogramPtr histogram;
  Timestamp start = kMinTime;

  static AnySample Of(double value, HistogramPtr histogram, Timestamp start);
  bool IsStale() const;
  bool operator==(const AnySample& other) const;
  std::string ToString() const;
};

using SamplesByTime = std::map<std::int64_t, AnySample>;
using AnyContent = std::map<std::string, SamplesByTime>;  // by Labels::ToString()

// The database as a sorted map would do it.
class Model {
 public:
  Model(Millis window, Millis partition)
      : window_(window.count()), behind_(partition.count() / 2) {}

  // A batch judges against what was there when it began.
  struct Batch {
    std::optional<std::int64_t> head;
    bool backfill = false;
  };
  Batch Begin(bool backfill = false) const { return {head_, backfill}; }
  // What Append must say; takes the sample when it is taken.
  Refusal Append(Batch& batch, const std::string& series, std::int64_t time,
                 const AnySample& sample);
  // Whether nobody can say how the database judges this: deleted and forgotten samples are known
  // for a while, and no longer after a restart or a clean-up.
  bool Unsure(const std::string& series, std::int64_t time, const AnySample& sample) const;

  void Delete(const std::string& series, std::int64_t from, std::int64_t to);
  // From here on what is older may go, any time.
  void Forget(std::int64_t before) { forgotten_ = std::max(forgotten_, before); }
  void Restart();

  // Says what is wrong with what was read of the time; "" when nothing is. Of `series` only, when
  // it is not empty. Not `whole`: samples may be missing.
  std::string Judge(const AnyContent& read, std::int64_t from, std::int64_t to,
                    const std::string& series = "", bool whole = true) const;

  std::int64_t head() const { return head_.value_or(At(0)); }
  const AnyContent& content() const { return content_; }

 private:
  struct Newest {
    std::int64_t time;
    AnySample sample;
    bool deleted = false;
  };
  void Put(const std::string& series, std::int64_t time, const AnySample& sample);

  const std::int64_t window_;
  const std::int64_t behind_;
  std::optional<std::int64_t> head_;
  bool head_unsure_ = false;
  std::int64_t forgotten_ = ToMillis(kMinTime);
  std::map<std::string, Newest> newest_;
  AnyContent content_;
};

}  // namespace meerkat::tsdb
