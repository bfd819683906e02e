#include "tsdb/read/querier.h"

#include <algorithm>
#include <set>

#include "tsdb/read/series_reader.h"

namespace meerkat::tsdb {

namespace {

// What a query looks at; its series sets keep it.
struct Scope {
  const Index& index;
  const Attic& attic;
  const Head& head;
  const LiveView& live;
  TimeRange range;
  View view;
};

// A series of an answer: of the index or of the attic, and which of the places found there are its.
struct Chosen {
  Labels labels;
  SeriesId id = 0;
  std::uint32_t place = 0;
  bool cold = false;
};

class ColumnsSet : public SeriesSet {
 public:
  ColumnsSet(std::shared_ptr<const Scope> scope, std::vector<Chosen> chosen, PlacesOfMany hot,
             PlacesOfMany cold)
      : scope_(std::move(scope)),
        chosen_(std::move(chosen)),
        hot_(std::move(hot)),
        cold_(std::move(cold)),
        reader_(scope_->live, scope_->view, scope_->range) {}

  Result<bool> Next() override {
    if (next_ == chosen_.size()) return false;
    ++next_;
    return true;
  }
  const Labels& labels() const override { return chosen_[next_ - 1].labels; }
  Result<> Read(SeriesColumns& out) override {
    const Chosen& at = chosen_[next_ - 1];
    auto read = reader_.Read((at.cold ? cold_ : hot_)[at.place], out);
    // Whoever reads the first series hears of parts that nothing was found in.
    const std::string& damage = hot_.damage().empty() ? cold_.damage() : hot_.damage();
    if (read && next_ == 1 && !damage.empty()) return Error(Code::kCorruption, damage);
    return read;
  }

 private:
  const std::shared_ptr<const Scope> scope_;
  const std::vector<Chosen> chosen_;
  const PlacesOfMany hot_, cold_;
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
  explicit ViewQuerier(std::shared_ptr<const Scope> scope) : scope_(std::move(scope)) {}

  Result<std::unique_ptr<SeriesSet>> Select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) override {
    const std::vector<SeriesId> ids = scope_->index.Select(matchers);
    PlacesOfMany hot = hints.labels_only ? PlacesOfMany() : Places(ids);
    std::vector<bool> present;
    if (hints.labels_only) present = Present(ids);
    std::vector<SeriesId> living;
    living.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (hints.labels_only ? present[i] : !hot[i].empty()) living.push_back(ids[i]);
    }
    if (hints.sorted) scope_->index.SortByLabels(living);
    const std::vector<Labels> labels = scope_->index.LabelsOf(living);
    std::vector<Chosen> chosen;
    chosen.reserve(living.size());
    for (std::size_t i = 0; i < living.size(); ++i) {
      if (labels[i].empty()) continue;  // on its way to the attic
      const auto at = std::lower_bound(ids.begin(), ids.end(), living[i]);
      chosen.push_back({labels[i], living[i], static_cast<std::uint32_t>(at - ids.begin()), false});
    }
    PlacesOfMany cold = AddCold(matchers, hints, chosen);
    Cut(chosen, hints.limit);
    if (hints.labels_only) {
      return std::unique_ptr<SeriesSet>(std::make_unique<LabelsSet>(std::move(chosen)));
    }
    return std::unique_ptr<SeriesSet>(
        std::make_unique<ColumnsSet>(scope_, std::move(chosen), std::move(hot), std::move(cold)));
  }

  Result<std::vector<std::string>> LabelNames(std::span<const Matcher> matchers,
                                              std::uint64_t limit) override {
    std::vector<std::string> names = HotNames(matchers);
    AddColdTexts(
        matchers, names,
        [](const Segment& segment, std::set<std::string>& all) { return segment.LabelNames(all); },
        [](const LabelRows& row, std::set<std::string>& all) {
          for (std::size_t i = 0; i < row.size(); ++i) all.emplace(row.name(i));
        });
    Cut(names, limit);
    return names;
  }

  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               std::span<const Matcher> matchers,
                                               std::uint64_t limit) override {
    std::vector<std::string> values = HotValues(name, matchers);
    AddColdTexts(
        matchers, values,
        [name](const Segment& segment, std::set<std::string>& all) {
          return segment.LabelValues(name, all);
        },
        [name](const LabelRows& row, std::set<std::string>& all) {
          const std::string_view value = row.Get(name);
          if (!value.empty()) all.emplace(value);
        });
    Cut(values, limit);
    return values;
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

  // Adds the cold series to what the index has given, and finds their places if somebody will read
  // them. Those that moved to the attic since the index was asked for them have no labels there any
  // more: they are found here.
  PlacesOfMany AddCold(std::span<const Matcher> matchers, const SelectHints& hints,
                       std::vector<Chosen>& chosen) const {
    const AtticView attic = scope_->attic.View(scope_->range);
    if (attic.empty()) return {};
    std::vector<AtticView::Found> found = attic.Select(matchers);
    if (found.empty()) return {};
    std::vector<SeriesId> hot(chosen.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) hot[i] = chosen[i].id;
    std::sort(hot.begin(), hot.end());
    std::erase_if(found, [&hot](const AtticView::Found& cold) {
      return std::binary_search(hot.begin(), hot.end(), cold.id);
    });
    KeepPresent(found);
    PlacesOfMany places = hints.labels_only ? PlacesOfMany() : Places(IdsOf(found));
    std::vector<Labels> labels(found.size());
    attic.ForEach(found,
                  [&labels](std::size_t i, const LabelRows& row) { labels[i] = row.labels(); });
    const std::size_t before = chosen.size();
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (labels[i].empty()) continue;  // unreadable
      chosen.push_back({std::move(labels[i]), found[i].id, static_cast<std::uint32_t>(i), true});
    }
    if (hints.sorted && chosen.size() > before) {
      std::sort(chosen.begin(), chosen.end(),
                [](const Chosen& a, const Chosen& b) { return a.labels < b.labels; });
    }
    return places;
  }

  // Leaves only those that have samples in the range.
  void KeepPresent(std::vector<AtticView::Found>& found) const {
    const std::vector<bool> present = Present(IdsOf(found));
    std::size_t kept = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (present[i]) found[kept++] = found[i];
    }
    found.resize(kept);
  }

  // Adds what cold series contribute to a sorted list. `from_segment` takes all there is in a
  // segment without looking at its series, or returns false; `from_row` what one series has.
  template <typename FromSegment, typename FromRow>
  void AddColdTexts(std::span<const Matcher> matchers, std::vector<std::string>& texts,
                    FromSegment from_segment, FromRow from_row) const {
    const AtticView attic = scope_->attic.View(scope_->range);
    if (attic.empty()) return;
    std::set<std::string> all;
    for (std::uint32_t i = 0; i < attic.entries().size(); ++i) {
      const AtticEntry& entry = attic.entries()[i];
      // All of its series have samples, and all of these lie within the range.
      const bool whole = matchers.empty() && entry.gone->empty() &&
                         scope_->range.min <= entry.range.min &&
                         entry.range.max <= scope_->range.max;
      if (whole && from_segment(*entry.segment, all)) continue;
      std::vector<AtticView::Found> found = attic.SelectIn(i, matchers);
      KeepPresent(found);
      attic.ForEach(found, [&](std::size_t, const LabelRows& row) { from_row(row, all); });
    }
    all.insert(texts.begin(), texts.end());
    texts.assign(all.begin(), all.end());
  }

  std::vector<std::string> HotNames(std::span<const Matcher> matchers) const {
    if (!matchers.empty()) return scope_->index.LabelNames(InRange(matchers));
    if (CoversAll()) return scope_->index.LabelNames();
    return Living(scope_->index.LabelNamesWitnessed(), [](const std::string& name) {
      return Matcher::Make(Matcher::Type::kNotEqual, name, "");
    });
  }

  std::vector<std::string> HotValues(std::string_view name,
                                     std::span<const Matcher> matchers) const {
    if (!matchers.empty()) return scope_->index.LabelValues(name, InRange(matchers));
    if (CoversAll()) return scope_->index.LabelValues(name);
    return Living(scope_->index.LabelValuesWitnessed(name), [name](const std::string& value) {
      return Matcher::Make(Matcher::Type::kEqual, std::string(name), value);
    });
  }

  PlacesOfMany Places(std::span<const SeriesId> ids) const {
    const Head& head = scope_->head;
    return FindPlaces(scope_->live, scope_->view, ids, scope_->range,
                      [&head](SeriesId id) { return head.FindSlot(id); });
  }

  std::vector<bool> Present(std::span<const SeriesId> ids) const {
    const Head& head = scope_->head;
    return FindPresent(scope_->live, scope_->view, ids, scope_->range,
                       [&head](SeriesId id) { return head.FindSlot(id); });
  }

  // The texts of which some series has samples in the range. Where neither witness has, all series
  // of `matcher_of(text)` are looked at.
  template <typename MatcherOf>
  std::vector<std::string> Living(std::vector<Index::Witnessed> all,
                                  const MatcherOf& matcher_of) const {
    std::vector<SeriesId> witnesses;
    witnesses.reserve(2 * all.size());
    for (const auto& [text, least, greatest] : all) {
      witnesses.push_back(least);
      witnesses.push_back(greatest);
    }
    std::sort(witnesses.begin(), witnesses.end());
    witnesses.erase(std::unique(witnesses.begin(), witnesses.end()), witnesses.end());
    const std::vector<bool> present = Present(witnesses);
    const auto lives = [&](SeriesId id) {
      const auto at = std::lower_bound(witnesses.begin(), witnesses.end(), id);
      return present[static_cast<std::size_t>(at - witnesses.begin())];
    };
    std::vector<std::string> living;
    living.reserve(all.size());
    for (auto& [text, least, greatest] : all) {
      if (!lives(greatest) && !lives(least)) {
        const auto matcher = matcher_of(text);
        if (!matcher || InRange(std::span(&*matcher, 1)).empty()) continue;
      }
      living.push_back(std::move(text));
    }
    return living;
  }

  std::vector<SeriesId> InRange(std::span<const Matcher> matchers) const {
    std::vector<SeriesId> ids = scope_->index.Select(matchers);
    if (CoversAll()) return ids;
    const std::vector<bool> present = Present(ids);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (present[i]) ids[kept++] = ids[i];
    }
    ids.resize(kept);
    return ids;
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
