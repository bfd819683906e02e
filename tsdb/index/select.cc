// The matcher algebra. Each matcher either requires that a series has one of some values of a name
// or excludes those that do; a matcher that the empty string satisfies excludes, because a series
// without the name satisfies it too. Requirements are taken smallest first; what is dear to turn
// into a set (a regular expression over many values) is asked of the few series left instead.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "tsdb/index/state.h"

namespace meerkat::tsdb {
namespace {

using NameId = std::uint32_t;
using PairId = std::uint32_t;

// A set of ids for unions, in pages of 65,536 made as they are touched.
class IdBits {
 public:
  void Set(std::uint32_t id) {
    const std::size_t page = id >> 16;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr) pages_[page] = std::make_unique<std::uint64_t[]>(kWords);
    pages_[page][(id & 0xFFFF) / 64] |= std::uint64_t{1} << (id % 64);
  }
  bool Has(std::uint32_t id) const {
    const std::size_t page = id >> 16;
    if (page >= pages_.size() || pages_[page] == nullptr) return false;
    return (pages_[page][(id & 0xFFFF) / 64] >> (id % 64) & 1) != 0;
  }
  std::vector<SeriesId> Ids() const {
    std::vector<SeriesId> ids;
    for (std::size_t page = 0; page < pages_.size(); ++page) {
      if (pages_[page] == nullptr) continue;
      for (std::size_t word = 0; word < kWords; ++word) {
        for (std::uint64_t bits = pages_[page][word]; bits != 0; bits &= bits - 1) {
          ids.push_back(static_cast<SeriesId>(
              page << 16 | (64 * word + static_cast<std::size_t>(std::countr_zero(bits)))));
        }
      }
    }
    return ids;
  }

 private:
  static constexpr std::size_t kWords = 1024;
  std::vector<std::unique_ptr<std::uint64_t[]>> pages_;
};

// What a matcher asks of one name.
struct Condition {
  enum class Values : std::uint8_t {
    kListed,   // those in `pairs`
    kAny,      // any value at all
    kMatcher,  // those the matcher takes (excluding: those it does not take)
  };
  bool excludes = false;
  Values values = Values::kListed;
  NameId name = 0;
  std::vector<PairId> pairs;
  const Matcher* matcher = nullptr;
  std::size_t most = 0;  // at most so many series have one of the values
};

// So many lists are merged one by one; for more a set is faster.
constexpr std::size_t kFewLists = 4;

class Selection {
 public:
  Selection(const IndexState& state, Verdicts& verdicts) : state_(state), verdicts_(verdicts) {}

  // False: nothing can match.
  bool Take(const Matcher& matcher) {
    const bool empty_matches = matcher.MatchesEmpty();
    const bool positive =
        matcher.type() == Matcher::Type::kEqual || matcher.type() == Matcher::Type::kRegex;
    const auto name = state_.FindName(matcher.name());
    if (!name) return empty_matches;
    Condition condition;
    condition.name = *name;
    condition.excludes = empty_matches;
    condition.matcher = &matcher;
    const bool is_regex = matcher.regex().has_value();
    if (matcher.value().empty()) {  // ="" has no value, !="" has any
      condition.values = Condition::Values::kAny;
    } else if (is_regex && matcher.value() == ".+") {
      condition.values = Condition::Values::kAny;
    } else if (is_regex && matcher.value() == ".*") {
      return positive;
    } else if (!is_regex) {
      List(condition, matcher.value());
    } else if (const auto& literals = matcher.regex()->literals();
               !literals.empty() && positive != empty_matches) {
      // a|b requires one of them; !~ a|b excludes them.
      for (const std::string& literal : literals) List(condition, literal);
    } else {
      condition.values = Condition::Values::kMatcher;
    }
    if (condition.values != Condition::Values::kListed) {
      condition.most = state_.names[*name].series.size();
    }
    if (!condition.excludes && condition.most == 0) return false;
    if (condition.excludes && condition.most == 0) return true;
    conditions_.push_back(std::move(condition));
    return true;
  }

  // Not to be used when verdicts are missing afterwards.
  std::vector<SeriesId> Run() {
    // Requirements first, the smaller the earlier; of equal ones those that need no regex.
    std::sort(conditions_.begin(), conditions_.end(), [](const Condition& a, const Condition& b) {
      const auto rank = [](const Condition& c) {
        return 2 * static_cast<int>(c.excludes) +
               static_cast<int>(c.values == Condition::Values::kMatcher);
      };
      return std::pair(rank(a), a.most) < std::pair(rank(b), b.most);
    });
    std::vector<SeriesId> ids;
    auto condition = conditions_.begin();
    const auto is_plain = [&](auto at) {
      return at != conditions_.end() && !at->excludes && PlainSet(*at) != nullptr;
    };
    if (condition == conditions_.end() || condition->excludes) {
      state_.all.AppendTo(ids);
    } else if (is_plain(condition) && is_plain(condition + 1)) {
      PlainSet(condition[0])->AppendCommon(*PlainSet(condition[1]), ids);
      condition += 2;
    } else {
      ids = IdsOf(*condition++);
    }
    for (; condition != conditions_.end() && !ids.empty() && verdicts_.complete(); ++condition) {
      Narrow(*condition, ids);
    }
    return ids;
  }

 private:
  void List(Condition& condition, std::string_view value) const {
    const auto pair = state_.FindPair(condition.name, value);
    if (!pair || state_.pair(*pair).series.empty()) return;
    condition.pairs.push_back(*pair);
    condition.most += state_.pair(*pair).series.size();
  }

  // The set of series a condition names, when it is one that lies ready.
  const Postings* PlainSet(const Condition& condition) const {
    if (condition.values == Condition::Values::kAny) return &state_.names[condition.name].series;
    if (condition.values == Condition::Values::kMatcher || condition.pairs.size() != 1) {
      return nullptr;
    }
    return &state_.pair(condition.pairs[0]).series;
  }

  // Whether the condition is about this value.
  bool IsMeant(const Condition& condition, PairId pair) const {
    return verdicts_.Matches(*condition.matcher, state_.pair(pair).value.view()) !=
           condition.excludes;
  }

  // Lists the values a matcher means; the matcher runs once over each distinct value.
  void RunMatcher(Condition& condition) const {
    for (const PairId pair : state_.names[condition.name].pairs) {
      if (!state_.pair(pair).series.empty() && IsMeant(condition, pair)) {
        condition.pairs.push_back(pair);
      }
    }
    condition.values = Condition::Values::kListed;
  }

  std::size_t TotalOf(const std::vector<PairId>& pairs) const {
    std::size_t total = 0;
    for (const PairId pair : pairs) total += state_.pair(pair).series.size();
    return total;
  }

  IdBits Union(const std::vector<PairId>& pairs) const {
    IdBits bits;
    for (const PairId pair : pairs) {
      state_.pair(pair).series.ForEach([&bits](SeriesId id) { bits.Set(id); });
    }
    return bits;
  }

  std::vector<SeriesId> IdsOf(Condition& condition) const {
    if (condition.values == Condition::Values::kMatcher) RunMatcher(condition);
    std::vector<SeriesId> ids;
    if (condition.values == Condition::Values::kAny) {
      state_.names[condition.name].series.AppendTo(ids);
    } else if (condition.pairs.size() <= kFewLists) {
      // No series has two values of one name: the lists have nothing in common.
      for (const PairId pair : condition.pairs) {
        const auto middle = static_cast<std::ptrdiff_t>(ids.size());
        state_.pair(pair).series.AppendTo(ids);
        std::inplace_merge(ids.begin(), ids.begin() + middle, ids.end());
      }
    } else {
      ids = Union(condition.pairs).Ids();
    }
    return ids;
  }

  void Narrow(Condition& condition, std::vector<SeriesId>& ids) const {
    if (const Postings* series = PlainSet(condition)) {
      return condition.excludes ? series->Subtract(ids) : series->Intersect(ids);
    }
    if (condition.values == Condition::Values::kMatcher) {
      if (ids.size() < state_.names[condition.name].pairs.size()) return AskEach(condition, ids);
      RunMatcher(condition);
    }
    // Looking at a series costs about four times what taking it from a list into a set does.
    if (4 * ids.size() < TotalOf(condition.pairs)) {
      std::sort(condition.pairs.begin(), condition.pairs.end());
      std::erase_if(ids, [&](SeriesId id) {
        const auto pair = state_.PairOf(id, condition.name);
        const bool meant =
            pair && std::binary_search(condition.pairs.begin(), condition.pairs.end(), *pair);
        return meant == condition.excludes;
      });
      return;
    }
    const IdBits bits = Union(condition.pairs);
    std::erase_if(ids, [&](SeriesId id) { return bits.Has(id) == condition.excludes; });
  }

  // The matcher runs over the values of the series that are left, once each.
  void AskEach(const Condition& condition, std::vector<SeriesId>& ids) const {
    std::unordered_map<PairId, bool> meant;
    std::erase_if(ids, [&](SeriesId id) {
      const auto pair = state_.PairOf(id, condition.name);
      if (!pair) return !condition.excludes;
      const auto [at, fresh] = meant.try_emplace(*pair, false);
      if (fresh) at->second = IsMeant(condition, *pair);
      return at->second == condition.excludes;
    });
  }

  const IndexState& state_;
  Verdicts& verdicts_;
  std::vector<Condition> conditions_;
};

// A text and an expression that together may take longer than this are refused who may want to give
// up meanwhile: a match itself cannot be interrupted.
constexpr std::uint64_t kMostForOne = 10'000'000'000;

}  // namespace

bool Verdicts::Matches(const Matcher& matcher, std::string_view value) {
  const std::uint64_t cost = matcher.regex() ? matcher.regex()->WorstNanoseconds(value.size()) : 0;
  if (!known_.empty()) {
    if (const auto of_matcher = known_.find(&matcher); of_matcher != known_.end()) {
      const auto verdict = of_matcher->second.find(std::string(value));
      if (verdict != of_matcher->second.end()) return verdict->second;
    }
  }
  if (cost > left_) {
    noted_[&matcher].emplace_back(value);
    return false;
  }
  left_ -= cost;
  return matcher.Matches(value);
}

Result<> Verdicts::Settle(Interrupt& interrupt) {
  for (auto& [matcher, values] : noted_) {
    auto& verdicts = known_[matcher];
    verdicts.reserve(verdicts.size() + values.size());
    for (std::string& value : values) {
      const std::uint64_t cost = matcher->regex()->WorstNanoseconds(value.size());
      if (cost > kMostForOne && !interrupt.never()) {
        return Error(Code::kExecution, "the regular expression for label " + matcher->name() +
                                           " is too large to be matched with a value of " +
                                           std::to_string(value.size()) + " bytes");
      }
      if (auto ok = interrupt.Spend(cost); !ok) return ok;
      const bool matches = matcher->Matches(value);
      verdicts.emplace(std::move(value), matches);
    }
  }
  noted_.clear();
  return {};
}

std::optional<std::vector<SeriesId>> SelectSeries(const IndexState& state,
                                                  std::span<const Matcher> matchers,
                                                  Verdicts& verdicts) {
  Selection selection(state, verdicts);
  for (const Matcher& matcher : matchers) {
    if (!selection.Take(matcher)) return std::vector<SeriesId>();
  }
  std::vector<SeriesId> ids = selection.Run();
  if (!verdicts.complete()) return std::nullopt;
  return ids;
}

}  // namespace meerkat::tsdb
