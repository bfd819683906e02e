#include "tsdb/read/querier.h"

#include <algorithm>
#include <numeric>

#include "tsdb/read/series_reader.h"

namespace meerkat::tsdb {

namespace {

// What a query looks at; its series sets keep it.
struct Scope {
  const Index& index;
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
    return std::unique_ptr<SeriesSet>(
        std::make_unique<ColumnsSet>(scope_, std::move(places), std::move(labels), hints.sorted));
  }

  Result<std::vector<std::string>> LabelNames(std::span<const Matcher> matchers,
                                              std::uint64_t limit) override {
    if (!matchers.empty()) return scope_->index.LabelNames(InRange(matchers), limit);
    if (CoversAll()) return scope_->index.LabelNames(limit);
    // One living series is enough for a name; nearly always its first value has one.
    std::vector<std::string> names = scope_->index.LabelNames();
    std::erase_if(names, [this](const std::string& name) {
      const auto values = scope_->index.LabelValues(name, 1);
      if (!values.empty() && AnyInRange(Matcher::Equal(name, values.front()))) return false;
      const auto any = Matcher::Make(Matcher::Type::kNotEqual, name, "");
      return !any || !AnyInRange(*any);
    });
    if (limit != 0 && names.size() > limit) names.resize(limit);
    return names;
  }

  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               std::span<const Matcher> matchers,
                                               std::uint64_t limit) override {
    if (!matchers.empty()) return scope_->index.LabelValues(name, InRange(matchers), limit);
    std::vector<std::string> values = scope_->index.LabelValues(name);
    if (!CoversAll()) {
      // Beyond so many values it is cheaper to look at every series once.
      constexpr std::size_t kFewValues = 1000;
      if (values.size() > kFewValues)
        return scope_->index.LabelValues(name, InRange(matchers), limit);
      std::erase_if(values, [this, name](const std::string& value) {
        return !AnyInRange(Matcher::Equal(std::string(name), value));
      });
    }
    if (limit != 0 && values.size() > limit) values.resize(limit);
    return values;
  }

 private:
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

std::unique_ptr<Querier> MakeQuerier(const Index& index, const Head& head, const LiveView& live,
                                     TimeRange range) {
  View view;
  {
    ReaderLock lock(live.mu);
    view = live.view;
  }
  return std::make_unique<ViewQuerier>(
      std::make_shared<const Scope>(Scope{index, head, live, range, std::move(view)}));
}

}  // namespace meerkat::tsdb
