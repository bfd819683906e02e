#include "tsdb/read/querier.h"

#include <algorithm>
#include <set>

#include "tsdb/read/series_reader.h"

namespace meerkat::tsdb {

namespace {

// Putting a series in its place among others.
constexpr std::uint64_t kSortNanoseconds = 500;

// What a query looks at; its series sets keep it.
struct Scope {
  const Index& index;
  const Attic& attic;
  const Head& head;
  const LiveView& live;
  TimeRange range;
  View view;
};

// A series of an answer, and which of the places are its.
struct Chosen {
  Labels labels;
  std::uint32_t place = 0;
};

// The series of an answer and where their samples are.
struct Answer {
  std::vector<Chosen> chosen;
  PlacesOfMany places;
};

class ColumnsSet : public SeriesSet {
 public:
  ColumnsSet(std::shared_ptr<const Scope> scope, std::shared_ptr<const Answer> answer)
      : scope_(std::move(scope)),
        answer_(std::move(answer)),
        reader_(scope_->live, scope_->view, scope_->range) {}

  Result<bool> Next() override {
    if (next_ >= size()) return false;
    ++next_;
    return true;
  }
  const Labels& labels() const override { return answer_->chosen[next_ - 1].labels; }
  Result<> Read(SeriesColumns& out) override {
    return reader_.Read(answer_->places[answer_->chosen[next_ - 1].place], out);
  }

  std::size_t size() const override { return answer_->chosen.size(); }
  std::unique_ptr<SeriesSet> Fork() const override {
    return std::make_unique<ColumnsSet>(scope_, answer_);
  }
  void Skip(std::size_t count) override { next_ += count; }

 private:
  const std::shared_ptr<const Scope> scope_;
  const std::shared_ptr<const Answer> answer_;
  std::size_t next_ = 0;
  SeriesReader reader_;
};

// Series whose samples nobody will read.
class LabelsSet : public SeriesSet {
 public:
  explicit LabelsSet(std::vector<Chosen> chosen) : chosen_(std::move(chosen)) {}

  Result<bool> Next() override {
    if (next_ == chosen_.size()) return false;
    ++next_;
    return true;
  }
  const Labels& labels() const override { return chosen_[next_ - 1].labels; }
  Result<> Read(SeriesColumns& out) override {
    out = SeriesColumns();
    return {};
  }

 private:
  const std::vector<Chosen> chosen_;
  std::size_t next_ = 0;
};

class ViewQuerier : public Querier {
 public:
  explicit ViewQuerier(std::shared_ptr<const Scope> scope)
      : scope_(std::move(scope)),
        finder_(
            scope_->live, scope_->view, scope_->range,
            [&head = scope_->head](SeriesId id) { return head.FindSlot(id); }, interrupt_) {}

  Result<std::unique_ptr<SeriesSet>> Select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) override {
    // The index first: what leaves it meanwhile is in the attic by then.
    const auto hot = scope_->index.Select(matchers, interrupt_);
    if (!hot) return hot.error();
    const AtticView attic = scope_->attic.View(scope_->range);
    auto cold = Cold(attic, matchers, [&hot](SeriesId id) {
      return !std::binary_search(hot->begin(), hot->end(), id);
    });
    if (!cold) return std::move(cold).error();
    std::vector<SeriesId> ids(hot->size() + cold->size());
    const std::vector<SeriesId> cold_ids = IdsOf(*cold);
    std::merge(hot->begin(), hot->end(), cold_ids.begin(), cold_ids.end(), ids.begin());

    // One look for all of them: a batch that is committed meanwhile is seen in each or in none.
    auto answer = std::make_shared<Answer>();
    std::vector<bool> lives(ids.size());
    if (hints.labels_only) {
      auto present = finder_.Present(ids);
      if (!present) return std::move(present).error();
      lives = std::move(*present);
    } else {
      auto places = finder_.Places(ids, hints.newest);
      if (!places) return std::move(places).error();
      answer->places = std::move(*places);
      for (std::size_t i = 0; i < ids.size(); ++i) lives[i] = !answer->places[i].empty();
    }
    const auto place_of = [&ids](SeriesId id) {
      return static_cast<std::uint32_t>(std::lower_bound(ids.begin(), ids.end(), id) - ids.begin());
    };
    std::vector<SeriesId> hot_living;
    hot_living.reserve(hot->size());
    for (std::size_t i = 0, next = 0; i < ids.size() && next < hot->size(); ++i) {
      if (ids[i] != (*hot)[next]) continue;  // cold
      if (lives[i]) hot_living.push_back(ids[i]);
      ++next;
    }
    std::erase_if(*cold, [&](const AtticView::Found& found) { return !lives[place_of(found.id)]; });
    if (hints.sorted) {
      const std::size_t count = hot_living.size() + cold->size();
      if (auto ok = interrupt_.Spend(kSortNanoseconds * count); !ok) return std::move(ok).error();
      scope_->index.SortByLabels(hot_living);
    }
    std::vector<Labels> labels = scope_->index.LabelsOf(hot_living);
    std::vector<Chosen>& chosen = answer->chosen;
    chosen.reserve(hot_living.size() + cold->size());
    std::vector<SeriesId> left;  // the index since, for the attic
    for (std::size_t i = 0; i < hot_living.size(); ++i) {
      if (labels[i].empty()) {
        left.push_back(hot_living[i]);
      } else {
        chosen.push_back({std::move(labels[i]), place_of(hot_living[i])});
      }
    }
    const std::size_t from_index = chosen.size();
    const auto add_cold = [&](const AtticView& view, std::span<const AtticView::Found> found) {
      view.ForEach(found, [&](std::size_t i, const LabelRows& row) {
        chosen.push_back({row.labels(), place_of(found[i].id)});
      });
    };
    add_cold(attic, *cold);
    if (!left.empty()) {
      std::sort(left.begin(), left.end());
      const AtticView now = scope_->attic.View(scope_->range);
      const auto moved = Cold(now, matchers, [&left](SeriesId id) {
        return std::binary_search(left.begin(), left.end(), id);
      });
      if (!moved) return moved.error();
      add_cold(now, *moved);
    }
    if (hints.sorted && chosen.size() > from_index) {
      std::sort(chosen.begin(), chosen.end(),
                [](const Chosen& x, const Chosen& y) { return x.labels < y.labels; });
    }
    Cut(chosen, hints.limit);
    if (hints.labels_only) {
      return std::unique_ptr<SeriesSet>(std::make_unique<LabelsSet>(std::move(chosen)));
    }
    return std::unique_ptr<SeriesSet>(std::make_unique<ColumnsSet>(scope_, std::move(answer)));
  }

  Result<std::vector<std::string>> LabelNames(std::span<const Matcher> matchers,
                                              std::uint64_t limit) override {
    auto names = HotNames(matchers);
    if (!names) return names;
    auto added = AddColdTexts(
        matchers, *names,
        [](const Segment& segment, std::set<std::string>& all) { return segment.LabelNames(all); },
        [](const LabelRows& row, std::set<std::string>& all) {
          for (std::size_t i = 0; i < row.size(); ++i) all.emplace(row.name(i));
        });
    if (!added) return std::move(added).error();
    Cut(*names, limit);
    return names;
  }

  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               std::span<const Matcher> matchers,
                                               std::uint64_t limit) override {
    auto values = HotValues(name, matchers);
    if (!values) return values;
    auto added = AddColdTexts(
        matchers, *values,
        [name](const Segment& segment, std::set<std::string>& all) {
          return segment.LabelValues(name, all);
        },
        [name](const LabelRows& row, std::set<std::string>& all) {
          const std::string_view value = row.Get(name);
          if (!value.empty()) all.emplace(value);
        });
    if (!added) return std::move(added).error();
    Cut(*values, limit);
    return values;
  }

  bool may_read_disk() const override {
    const auto overlaps = [this](const auto& part) {
      return part->info().range.Overlaps(scope_->range);
    };
    return std::any_of(scope_->view.parts.begin(), scope_->view.parts.end(), overlaps) ||
           !scope_->attic.View(scope_->range).empty();
  }

  std::vector<std::string> Damage() const override {
    std::vector<std::string> all(finder_.damage().begin(), finder_.damage().end());
    const AtticView attic = scope_->attic.View(scope_->range);
    for (const AtticEntry& entry : attic.entries()) {
      if (!entry.segment->lost_labels()) continue;
      all.push_back("index segment " + std::to_string(entry.segment->number()) +
                    ": labels are unreadable");
    }
    return all;
  }

 private:
  template <typename T>
  static void Cut(std::vector<T>& list, std::uint64_t limit) {
    if (limit != 0 && list.size() > limit) list.resize(limit);
  }

  static std::vector<SeriesId> IdsOf(std::span<const AtticView::Found> found) {
    std::vector<SeriesId> ids(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) ids[i] = found[i].id;
    return ids;
  }

  // The series of an attic that match and that `wanted` wants, by id.
  template <typename Wanted>
  Result<std::vector<AtticView::Found>> Cold(const AtticView& attic,
                                             std::span<const Matcher> matchers,
                                             const Wanted& wanted) {
    if (attic.empty()) return std::vector<AtticView::Found>();
    auto found = attic.Select(matchers, interrupt_);
    if (!found) return found;
    std::erase_if(*found, [&](const AtticView::Found& cold) { return !wanted(cold.id); });
    return found;
  }

  // Leaves only those that have samples in the range.
  Result<> KeepPresent(std::vector<AtticView::Found>& found) {
    const auto present = finder_.Present(IdsOf(found));
    if (!present) return present.error();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if ((*present)[i]) found[kept++] = found[i];
    }
    found.resize(kept);
    return {};
  }

  // Adds what cold series contribute to a sorted list. `from_segment` takes all there is in a
  // segment without looking at its series, or returns false; `from_row` what one series has.
  template <typename FromSegment, typename FromRow>
  Result<> AddColdTexts(std::span<const Matcher> matchers, std::vector<std::string>& texts,
                        FromSegment from_segment, FromRow from_row) {
    const AtticView attic = scope_->attic.View(scope_->range);
    if (attic.empty()) return {};
    std::set<std::string> all;
    for (std::uint32_t i = 0; i < attic.entries().size(); ++i) {
      const AtticEntry& entry = attic.entries()[i];
      // All of its series have samples, and all of these lie within the range.
      const bool whole = matchers.empty() && entry.gone->empty() &&
                         scope_->range.min <= entry.range.min &&
                         entry.range.max <= scope_->range.max;
      if (whole && from_segment(*entry.segment, all)) continue;
      auto found = attic.SelectIn(i, matchers, interrupt_);
      if (!found) return std::move(found).error();
      if (auto kept = KeepPresent(*found); !kept) return kept;
      attic.ForEach(*found, [&](std::size_t, const LabelRows& row) { from_row(row, all); });
    }
    all.insert(texts.begin(), texts.end());
    texts.assign(all.begin(), all.end());
    return {};
  }

  Result<std::vector<std::string>> HotNames(std::span<const Matcher> matchers) {
    if (!matchers.empty()) {
      auto ids = InRange(matchers);
      if (!ids) return std::move(ids).error();
      return scope_->index.LabelNames(*ids);
    }
    if (CoversAll()) return scope_->index.LabelNames();
    return Living(scope_->index.LabelNamesWitnessed(), [](const std::string& name) {
      return Matcher::Make(Matcher::Type::kNotEqual, name, "");
    });
  }

  Result<std::vector<std::string>> HotValues(std::string_view name,
                                             std::span<const Matcher> matchers) {
    if (!matchers.empty()) {
      auto ids = InRange(matchers);
      if (!ids) return std::move(ids).error();
      return scope_->index.LabelValues(name, *ids);
    }
    if (CoversAll()) return scope_->index.LabelValues(name);
    return Living(scope_->index.LabelValuesWitnessed(name), [name](const std::string& value) {
      return Matcher::Make(Matcher::Type::kEqual, std::string(name), value);
    });
  }

  // The texts of which some series has samples in the range. Where neither witness has, all series
  // of `matcher_of(text)` are looked at.
  template <typename MatcherOf>
  Result<std::vector<std::string>> Living(std::vector<Index::Witnessed> all,
                                          const MatcherOf& matcher_of) {
    std::vector<SeriesId> witnesses;
    witnesses.reserve(2 * all.size());
    for (const auto& [text, least, greatest] : all) {
      witnesses.push_back(least);
      witnesses.push_back(greatest);
    }
    std::sort(witnesses.begin(), witnesses.end());
    witnesses.erase(std::unique(witnesses.begin(), witnesses.end()), witnesses.end());
    const auto present = finder_.Present(witnesses);
    if (!present) return present.error();
    const auto lives = [&](SeriesId id) {
      const auto at = std::lower_bound(witnesses.begin(), witnesses.end(), id);
      return (*present)[static_cast<std::size_t>(at - witnesses.begin())];
    };
    std::vector<std::string> living;
    living.reserve(all.size());
    for (auto& [text, least, greatest] : all) {
      if (!lives(greatest) && !lives(least)) {
        const auto matcher = matcher_of(text);
        if (!matcher) continue;
        const auto ids = InRange(std::span(&*matcher, 1));
        if (!ids) return ids.error();
        if (ids->empty()) continue;
      }
      living.push_back(std::move(text));
    }
    return living;
  }

  Result<std::vector<SeriesId>> InRange(std::span<const Matcher> matchers) {
    auto ids = scope_->index.Select(matchers, interrupt_);
    if (!ids || CoversAll()) return ids;
    return Present(*ids);
  }

  // Those that have samples in the range.
  Result<std::vector<SeriesId>> Present(const std::vector<SeriesId>& ids) {
    const auto present = finder_.Present(ids);
    if (!present) return present.error();
    std::vector<SeriesId> living;
    living.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if ((*present)[i]) living.push_back(ids[i]);
    }
    return living;
  }

  // Whether every sample there is lies within the range: then every series belongs to the answer.
  bool CoversAll() const {
    const auto covers = [this](TimeRange inner) {
      return scope_->range.min <= inner.min && inner.max <= scope_->range.max;
    };
    for (const auto& part : scope_->view.parts) {
      if (!covers(part->info().range)) return false;
    }
    for (const auto& generation : scope_->view.closed) {
      if (!covers(generation->range())) return false;
    }
    ReaderLock lock(scope_->live.mu);
    return scope_->view.open->empty() || covers(scope_->view.open->range());
  }

  const std::shared_ptr<const Scope> scope_;
  Finder finder_;
};

}  // namespace

std::unique_ptr<Querier> MakeQuerier(const Index& index, const Attic& attic, const Head& head,
                                     const LiveView& live, TimeRange range) {
  View view;
  {
    ReaderLock lock(live.mu);
    view = live.view;
  }
  return std::make_unique<ViewQuerier>(
      std::make_shared<const Scope>(Scope{index, attic, head, live, range, std::move(view)}));
}

}  // namespace meerkat::tsdb
