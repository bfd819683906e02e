#include "tsdb/read/querier.h"

#include <algorithm>
#include <numeric>
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

class ColumnsSet : public SeriesSet {
 public:
  ColumnsSet(std::shared_ptr<const Scope> scope, std::vector<SeriesPlaces> places,
             std::vector<Labels> labels, bool sorted)
      : scope_(std::move(scope)),
        places_(std::move(places)),
        labels_(std::move(labels)),
        order_(places_.size()),
        reader_(scope_->live, scope_->view, scope_->range) {
    std::iota(order_.begin(), order_.end(), 0);
    if (!sorted) return;
    std::sort(order_.begin(), order_.end(),
              [this](std::uint32_t a, std::uint32_t b) { return labels_[a] < labels_[b]; });
  }

  Result<bool> Next() override {
    if (next_ == order_.size()) return false;
    at_ = order_[next_++];
    return true;
  }
  const Labels& labels() const override { return labels_[at_]; }
  Result<> Read(SeriesColumns& out) override { return reader_.Read(places_[at_], out); }

 private:
  const std::shared_ptr<const Scope> scope_;
  const std::vector<SeriesPlaces> places_;
  const std::vector<Labels> labels_;
  std::vector<std::uint32_t> order_;
  std::size_t next_ = 0;
  std::uint32_t at_ = 0;
  SeriesReader reader_;
};

class ViewQuerier : public Querier {
 public:
  explicit ViewQuerier(std::shared_ptr<const Scope> scope) : scope_(std::move(scope)) {}

  Result<std::unique_ptr<SeriesSet>> Select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) override {
    const std::vector<SeriesId> ids = scope_->index.Select(matchers);
    std::vector<SeriesPlaces> places = Places(ids);
    std::erase_if(places, [](const SeriesPlaces& place) { return place.empty(); });
    if (hints.limit != 0 && places.size() > hints.limit) places.resize(hints.limit);
    std::vector<SeriesId> found(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) found[i] = places[i].series;
    std::vector<Labels> labels = scope_->index.LabelsOf(found);
    AddCold(matchers, places, labels);
    if (hints.limit != 0 && places.size() > hints.limit) {
      places.resize(hints.limit);
      labels.resize(hints.limit);
    }
    return std::unique_ptr<SeriesSet>(
        std::make_unique<ColumnsSet>(scope_, std::move(places), std::move(labels), hints.sorted));
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
    if (limit != 0 && names.size() > limit) names.resize(limit);
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
    if (limit != 0 && values.size() > limit) values.resize(limit);
    return values;
  }

 private:
  // Adds the cold series. Those that moved to the attic since the index was asked for them have no
  // labels there any more: they are found here.
  void AddCold(std::span<const Matcher> matchers, std::vector<SeriesPlaces>& places,
               std::vector<Labels>& labels) const {
    const AtticView attic = scope_->attic.View(scope_->range);
    std::vector<AtticView::Found> found = attic.Select(matchers);
    Compact(places, labels);
    if (found.empty()) return;
    std::vector<SeriesId> hot(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) hot[i] = places[i].series;
    std::erase_if(found, [&hot](const AtticView::Found& cold) {
      return std::binary_search(hot.begin(), hot.end(), cold.id);
    });
    std::vector<SeriesPlaces> cold_places = WithSamples(found);
    std::vector<Labels> cold_labels(found.size());
    attic.ForEach(found, [&cold_labels](std::size_t i, const LabelRows& row) {
      cold_labels[i] = row.labels();
    });
    Compact(cold_places, cold_labels);
    places.insert(places.end(), std::make_move_iterator(cold_places.begin()),
                  std::make_move_iterator(cold_places.end()));
    labels.insert(labels.end(), cold_labels.begin(), cold_labels.end());
  }

  // Drops what has no labels.
  static void Compact(std::vector<SeriesPlaces>& places, std::vector<Labels>& labels) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (labels[i].empty()) continue;
      if (kept != i) {
        places[kept] = std::move(places[i]);
        labels[kept] = std::move(labels[i]);
      }
      ++kept;
    }
    places.resize(kept);
    labels.resize(kept);
  }

  // Leaves only those that have samples in the range, and says where.
  std::vector<SeriesPlaces> WithSamples(std::vector<AtticView::Found>& found) const {
    std::vector<SeriesId> ids(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) ids[i] = found[i].id;
    std::vector<SeriesPlaces> places = Places(ids);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i].empty()) continue;
      found[kept] = found[i];
      if (kept != i) places[kept] = std::move(places[i]);
      ++kept;
    }
    found.resize(kept);
    places.resize(kept);
    return places;
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
      (void)WithSamples(found);
      attic.ForEach(found, [&](std::size_t, const LabelRows& row) { from_row(row, all); });
    }
    all.insert(texts.begin(), texts.end());
    texts.assign(all.begin(), all.end());
  }

  std::vector<std::string> HotNames(std::span<const Matcher> matchers) const {
    if (!matchers.empty()) return scope_->index.LabelNames(InRange(matchers));
    if (CoversAll()) return scope_->index.LabelNames();
    // One living series is enough for a name; nearly always its first value has one.
    std::vector<std::string> names = scope_->index.LabelNames();
    std::erase_if(names, [this](const std::string& name) {
      const auto values = scope_->index.LabelValues(name, 1);
      if (!values.empty() && AnyInRange(Matcher::Equal(name, values.front()))) return false;
      const auto any = Matcher::Make(Matcher::Type::kNotEqual, name, "");
      return !any || !AnyInRange(*any);
    });
    return names;
  }

  std::vector<std::string> HotValues(std::string_view name,
                                     std::span<const Matcher> matchers) const {
    if (!matchers.empty()) return scope_->index.LabelValues(name, InRange(matchers));
    std::vector<std::string> values = scope_->index.LabelValues(name);
    if (!CoversAll()) {
      // Beyond so many values it is cheaper to look at every series once.
      constexpr std::size_t kFewValues = 1000;
      if (values.size() > kFewValues) return scope_->index.LabelValues(name, InRange(matchers));
      std::erase_if(values, [this, name](const std::string& value) {
        return !AnyInRange(Matcher::Equal(std::string(name), value));
      });
    }
    return values;
  }

  std::vector<SeriesPlaces> Places(std::span<const SeriesId> ids) const {
    const Head& head = scope_->head;
    return FindPlaces(scope_->live, scope_->view, ids, scope_->range,
                      [&head](SeriesId id) { return head.FindSlot(id); });
  }

  // Whether some series that matches has samples in the range: a few are looked at, then ever more.
  bool AnyInRange(const Matcher& matcher) const {
    const std::vector<SeriesId> ids = scope_->index.Select(std::span(&matcher, 1));
    std::size_t width = 4;
    for (std::size_t at = 0; at < ids.size(); at += width, width *= 4) {
      const auto some = std::span(ids).subspan(at, std::min(width, ids.size() - at));
      for (const SeriesPlaces& place : Places(some)) {
        if (!place.empty()) return true;
      }
    }
    return false;
  }

  std::vector<SeriesId> InRange(std::span<const Matcher> matchers) const {
    std::vector<SeriesId> ids = scope_->index.Select(matchers);
    if (CoversAll()) return ids;
    const std::vector<SeriesPlaces> places = Places(ids);
    ids.clear();
    for (const SeriesPlaces& place : places) {
      if (!place.empty()) ids.push_back(place.series);
    }
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
