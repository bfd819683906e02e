#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alerting/matchers.h"
#include "alerting/silence.h"
#include "base/labels.h"
#include "base/result.h"
#include "base/state_store.h"

namespace meerkat::alerting {

struct SilenceLimits {
  std::size_t max_silences = 0;    // 0: any number
  std::size_t max_size_bytes = 0;  // of one silence as stored; 0: any size
};

// Every silence there is, each one in the store as soon as it changes. Not thread-safe: the alert
// manager's lock guards it.
class Silences {
 public:
  // `random` makes ids.
  Silences(StateStore& store, SilenceLimits limits, Millis retention,
           std::function<std::uint64_t()> random);

  // Reads what the store remembers.
  Result<> Load();

  // What names of matchers may be, from now on.
  void set_syntax(MatcherSyntax syntax) { syntax_ = syntax; }

  // Creates or updates, and gives the id. Where the change would rewrite the past (other matchers,
  // another start of an active one) the old silence expires and a new one takes its place.
  Result<std::string> Set(Silence silence, Timestamp now);
  // kNotFound for an unknown id; an expired one stays as it is.
  Result<> Expire(std::string_view id, Timestamp now);

  const Silence* Find(std::string_view id) const;
  const std::map<std::string, Silence, std::less<>>& all() const { return silences_; }

  // Ids of the active silences that match, sorted. Cost: the silences that share an equality with
  // the alert, and those that state none.
  std::vector<std::string> MutedBy(const Labels& labels, Timestamp now) const;

  // Forgets what has been expired for longer than the retention.
  void Collect(Timestamp now);

 private:
  Result<> Store(Silence silence);
  std::string NewId();
  void BuildIndex() const;

  StateStore& store_;
  const SilenceLimits limits_;
  const Millis retention_;
  const std::function<std::uint64_t()> random_;
  MatcherSyntax syntax_ = MatcherSyntax::kFallback;
  std::map<std::string, Silence, std::less<>> silences_;

  // By `name \xff value` for each value one of its matchers can match, else by `name \xff` where a
  // label must be there; the rest under "". Built at the first question after a change.
  mutable std::unordered_map<std::string, std::vector<const Silence*>> index_;
  mutable bool indexed_ = false;
};

std::string EncodeSilence(const Silence& silence);
std::optional<Silence> DecodeSilence(std::string_view id, std::string_view bytes);

}  // namespace meerkat::alerting
