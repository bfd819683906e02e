#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/json_writer.h"
#include "base/name_scheme.h"
#include "base/quote.h"
#include "server/web/escaping.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/metadata_json.h"
#include "server/web/prometheus/parameters.h"

namespace meerkat::web {
namespace {

// What /labels, /label/…/values and /series have in common.
struct Asked {
  TimeRange range;
  std::uint64_t limit = 0;
  std::vector<std::vector<Matcher>> sets;
  // One more than asked for tells whether something was cut.
  std::uint64_t fetch() const { return limit == 0 ? 0 : limit + 1; }
};

// A response instead of a value: what to answer.
struct Ask {
  std::optional<net::Response> refused;
  Asked asked;
};

// Upstream names the parameter of wrong selectors for /series alone.
Ask ParseAsked(const net::Params& form, bool names_matchers = false) {
  Ask ask;
  auto limit = ParseLimit(form.Get("limit"));
  if (!limit) {
    ask.refused = FailParameter("limit", limit.error().message());
    return ask;
  }
  auto range = ParseRange(form);
  if (!range) {
    ask.refused = Fail(ErrorType::kBadData, range.error().message());
    return ask;
  }
  auto sets = ParseMatchers(form);
  if (!sets) {
    ask.refused = names_matchers ? FailParameter("match[]", sets.error().message())
                                 : Fail(ErrorType::kBadData, sets.error().message());
    return ask;
  }
  ask.asked = {*range, *limit, std::move(*sets)};
  return ask;
}

// What the answer lacks because it cannot be read.
Notes NotesOf(const tsdb::Querier& querier) {
  Notes notes;
  for (const std::string& damage : querier.Damage()) {
    notes.warnings.push_back("series may be missing, as they cannot be read: " + damage);
  }
  return notes;
}

net::Response SucceedWithTexts(std::vector<std::string> texts, std::uint64_t limit, Notes notes) {
  if (limit != 0 && texts.size() > limit) {
    texts.resize(limit);
    notes.warnings.emplace_back(kTruncated);
  }
  auto shared = std::make_shared<std::vector<std::string>>(std::move(texts));
  const std::size_t count = shared->size();
  return SucceedWithList(
      count,
      [shared](std::string& out, std::size_t i) { JsonWriter::AppendQuoted(out, (*shared)[i]); },
      notes);
}

// The union over all matcher sets (or one call without any), sorted.
template <typename Fetch>
Result<std::vector<std::string>> Union(const Asked& asked, const Fetch& fetch) {
  if (asked.sets.size() <= 1) {
    const std::vector<Matcher> none;
    return fetch(asked.sets.empty() ? none : asked.sets[0]);
  }
  std::set<std::string> all;
  for (const auto& set : asked.sets) {
    auto part = fetch(set);
    if (!part) return std::move(part).error();
    all.insert(std::make_move_iterator(part->begin()), std::make_move_iterator(part->end()));
  }
  return std::vector<std::string>(all.begin(), all.end());
}

net::Response LabelNames(const Doors& doors, const net::Request& request, std::stop_token stop) {
  // What of a form cannot be read is passed over here, as upstream does.
  Ask ask = ParseAsked(request.Form());
  if (ask.refused) return std::move(*ask.refused);
  tsdb::Database* database = doors.database();
  if (database == nullptr) return NoDatabase();
  auto querier = database->NewQuerier(database->LabelRange(ask.asked.range));
  if (!querier) return Fail(querier.error());
  (*querier)->InterruptBy(tsdb::Interrupt(std::move(stop)));
  auto names = Union(ask.asked, [&](const std::vector<Matcher>& matchers) {
    return (*querier)->LabelNames(matchers, ask.asked.fetch());
  });
  if (!names) return Fail(names.error());
  return SucceedWithTexts(std::move(*names), ask.asked.limit, NotesOf(**querier));
}

net::Response LabelValues(const Doors& doors, const net::Request& request, std::stop_token stop) {
  std::string name(request.PathValue("name"));
  if (name.starts_with("U__")) name = UnescapeName(name);
  if (!IsValidLabelName(NameScheme::kUtf8, name)) {
    return Fail(ErrorType::kBadData, "invalid label name: " + Quote(name));
  }
  Ask ask = ParseAsked(request.Form());
  if (ask.refused) return std::move(*ask.refused);
  tsdb::Database* database = doors.database();
  if (database == nullptr) return NoDatabase();
  auto querier = database->NewQuerier(database->LabelRange(ask.asked.range));
  if (!querier) return Fail(querier.error());
  (*querier)->InterruptBy(tsdb::Interrupt(std::move(stop)));
  auto values = Union(ask.asked, [&](const std::vector<Matcher>& matchers) {
    return (*querier)->LabelValues(name, matchers, ask.asked.fetch());
  });
  if (!values) return Fail(values.error());
  return SucceedWithTexts(std::move(*values), ask.asked.limit, NotesOf(**querier));
}

net::Response Series(const Doors& doors, const net::Request& request, std::stop_token stop) {
  const net::Params form = request.PlainForm();
  if (auto refused = RefuseForm(form)) return std::move(*refused);
  Ask ask = ParseAsked(form, true);
  if (ask.refused) return std::move(*ask.refused);
  const Asked& asked = ask.asked;
  tsdb::Database* database = doors.database();
  if (database == nullptr) return NoDatabase();
  auto querier = database->NewQuerier(asked.range);
  if (!querier) return Fail(querier.error());
  (*querier)->InterruptBy(tsdb::Interrupt(stop));
  auto found = std::make_shared<std::vector<Labels>>();
  for (const auto& set : asked.sets) {
    tsdb::SelectHints hints;
    hints.labels_only = true;
    hints.limit = asked.fetch();
    auto series = (*querier)->Select(set, hints);
    if (!series) return Fail(series.error());
    for (std::uint64_t taken = 0; asked.limit == 0 || taken <= asked.limit; ++taken) {
      if (stop.stop_requested()) return Fail(ErrorType::kCanceled, "context canceled");
      auto more = (*series)->Next();
      if (!more) return Fail(more.error());
      if (!*more) break;
      found->push_back((*series)->labels());
    }
  }
  if (asked.sets.size() > 1) {
    std::sort(found->begin(), found->end());
    found->erase(std::unique(found->begin(), found->end()), found->end());
  }
  Notes notes = NotesOf(**querier);
  if (asked.limit != 0 && found->size() > asked.limit) {
    found->resize(asked.limit);
    notes.warnings.emplace_back(kTruncated);
  }
  const std::size_t count = found->size();
  return SucceedWithList(
      count, [found](std::string& out, std::size_t i) { AppendLabels(out, (*found)[i]); }, notes);
}

net::Response MetricMetadata(const Doors& doors, const net::Request& request) {
  const net::Params form = request.Form();
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> per_metric;
  if (const auto text = form.Get("limit"); !text.empty()) {
    const auto number = ParseInteger(text);
    if (!number) return Fail(ErrorType::kBadData, "limit must be a number");
    limit = *number;
  }
  if (const auto text = form.Get("limit_per_metric"); !text.empty()) {
    const auto number = ParseInteger(text);
    if (!number) return Fail(ErrorType::kBadData, "limit_per_metric must be a number");
    per_metric = *number;
  }
  const std::string_view only = form.Get("metric");
  const auto has_room = [&](std::size_t size) {
    return !limit || *limit < 0 || size < static_cast<std::size_t>(*limit);
  };
  std::map<std::string, std::vector<tsdb::Metadata>, std::less<>> all;
  const auto add = [&](std::string_view metric, tsdb::Metadata metadata) {
    auto entry = all.find(metric);
    if (entry == all.end()) {
      if (!has_room(all.size())) return;
      entry = all.emplace(std::string(metric), std::vector<tsdb::Metadata>()).first;
    }
    auto& list = entry->second;
    if (per_metric && *per_metric > 0 && list.size() >= static_cast<std::size_t>(*per_metric)) {
      return;
    }
    if (std::find(list.begin(), list.end(), metadata) == list.end()) {
      list.push_back(std::move(metadata));
    }
  };
  if (doors.targets != nullptr) {
    doors.targets->VisitMetadata([&](const Labels&, const TargetMetadata& one) {
      if (only.empty() || one.metric == only) {
        add(one.metric, {one.type, std::string(one.help), std::string(one.unit)});
      }
      return true;
    });
  }
  // What senders of remote write told.
  if (tsdb::Database* database = doors.database(); database != nullptr) {
    for (auto& [metric, metadata] : database->MetricMetadata(only)) {
      add(metric, std::move(metadata));
    }
  }
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  for (const auto& [metric, list] : all) {
    json.Key(metric).BeginArray();
    for (const tsdb::Metadata& one : list) {
      json.BeginObject();
      WriteMetadata(json, one.type, one.help, one.unit);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
  return Succeed(data);
}

}  // namespace

std::vector<ApiRoute> SeriesRoutes(const ApiContext& context) {
  const Doors& doors = context.doors;
  using net::Lane;
  return {
      {{"GET", "POST"},
       "/labels",
       [&doors](const net::Request& r, std::stop_token stop) {
         return LabelNames(doors, r, std::move(stop));
       },
       Lane::kQuery},
      {{"GET"},
       "/label/{name}/values",
       [&doors](const net::Request& r, std::stop_token stop) {
         return LabelValues(doors, r, std::move(stop));
       },
       Lane::kQuery},
      {{"GET", "POST"},
       "/series",
       [&doors](const net::Request& r, std::stop_token stop) {
         return Series(doors, r, std::move(stop));
       },
       Lane::kQuery},
      {{"DELETE"},
       "/series",
       [](const net::Request&, std::stop_token) {
         return Fail(ErrorType::kInternal, "not implemented");
       }},
      {{"GET"},
       "/metadata",
       [&doors](const net::Request& r, std::stop_token) { return MetricMetadata(doors, r); }},
  };
}

}  // namespace meerkat::web
