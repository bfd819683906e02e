#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/json_writer.h"
#include "base/letter_case.h"
#include "base/number.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/metadata_json.h"
#include "server/web/prometheus/parameters.h"
#include "server/web/prometheus/search_score.h"

namespace meerkat::web {
namespace {

constexpr std::size_t kMaxTerms = 32;
constexpr Millis kDefaultRange = std::chrono::hours(1);
// What holds the term is found even when nothing fuzzy is wanted.
constexpr double kHolds = 0.8;

enum class Subject { kMetricNames, kLabelNames, kLabelValues };

struct Found {
  std::string text;
  double score = 1;
};

struct Search {
  std::vector<std::string> terms;
  std::vector<std::vector<Matcher>> sets;
  TimeRange range;
  std::size_t limit = 100;
  std::size_t batch = 100;
  bool case_sensitive = true;
  bool with_score = false;
  bool with_metadata = false;
  double threshold = 1;
  FuzzyAlgorithm algorithm = FuzzyAlgorithm::kSubsequence;
  bool by_score = false;
  bool falling = false;

  std::optional<Found> Judge(std::string text) const {
    if (terms.empty()) return Found{std::move(text), 1};
    const std::string folded = case_sensitive ? text : ToLower(text);
    double best = 0;
    for (const std::string& term : terms) {
      best = std::max(best, SearchScore(folded, term, algorithm));
    }
    if (best < std::min(threshold, kHolds)) return std::nullopt;
    return Found{std::move(text), best};
  }
};

Result<std::size_t> ReadCount(const net::Params& form, std::string_view name, std::size_t fallback,
                              std::uint64_t most) {
  const std::string_view text = form.Get(name);
  if (text.empty()) return fallback;
  const auto value = ParseInteger(text);
  if (!value || *value < 1) {
    return Error(Code::kInvalid, std::string(name) + " must be a positive number");
  }
  if (static_cast<std::uint64_t>(*value) > most) {
    return Error(Code::kInvalid, std::string(name) + " must not exceed " + std::to_string(most));
  }
  return static_cast<std::size_t>(*value);
}

Result<bool> ReadFlag(const net::Params& form, std::string_view name, bool fallback) {
  const std::string_view text = form.Get(name);
  if (text.empty()) return fallback;
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return Error(Code::kInvalid, std::string(name) + " must be true or false");
}

template <typename T>
Result<> ReadWord(const net::Params& form, std::string_view name,
                  std::initializer_list<std::pair<std::string_view, T>> words, T& out) {
  const std::string_view text = form.Get(name);
  if (text.empty()) return {};
  for (const auto& [word, value] : words) {
    if (word == text) {
      out = value;
      return {};
    }
  }
  return Error(Code::kInvalid, "unknown " + std::string(name) + " \"" + std::string(text) + "\"");
}

Result<Search> Parse(const net::Params& form, const ApiContext& context) {
  Search search;
  auto sets = ParseMatchers(form);
  if (!sets) return std::move(sets).error().Within("invalid parameter \"match[]\"");
  search.sets = std::move(*sets);
  auto range = ParseRange(form);
  if (!range) return std::move(range).error();
  const Timestamp now = context.doors.clock->Now();
  search.range = {form.Has("start") ? range->min : now - kDefaultRange,
                  form.Has("end") ? range->max : now};
  search.terms = form.All("search[]");
  if (search.terms.size() > kMaxTerms) {
    return Error(Code::kInvalid, "at most 32 search[] parameters are allowed");
  }
  const std::uint64_t most = context.options.search_max_limit;
  auto limit = ReadCount(form, "limit", 100, most);
  if (!limit) return std::move(limit).error();
  search.limit = *limit;
  auto batch = ReadCount(form, "batch_size", 100, most);
  if (!batch) return std::move(batch).error();
  search.batch = *batch;
  for (const auto& [name, flag] : {std::pair{"case_sensitive", &search.case_sensitive},
                                   std::pair{"include_score", &search.with_score},
                                   std::pair{"include_metadata", &search.with_metadata}}) {
    auto value = ReadFlag(form, name, *flag);
    if (!value) return std::move(value).error();
    *flag = *value;
  }
  if (const auto text = form.Get("fuzz_threshold"); !text.empty()) {
    const auto value = ParseFloat(text);
    if (!value || !(*value >= 0 && *value <= 100)) {
      return Error(Code::kInvalid, "fuzz_threshold must be between 0 and 100");
    }
    search.threshold = *value / 100;
  }
  auto algorithm = ReadWord<FuzzyAlgorithm>(form, "fuzz_alg",
                                            {{"subsequence", FuzzyAlgorithm::kSubsequence},
                                             {"jarowinkler", FuzzyAlgorithm::kJaroWinkler}},
                                            search.algorithm);
  if (!algorithm) return std::move(algorithm).error();
  auto sort = ReadWord<bool>(form, "sort_by", {{"alpha", false}, {"score", true}}, search.by_score);
  if (!sort) return std::move(sort).error();
  search.falling = search.by_score;  // the best first
  auto direction =
      ReadWord<bool>(form, "sort_dir", {{"asc", false}, {"dsc", true}}, search.falling);
  if (!direction) return std::move(direction).error();
  if (!search.case_sensitive) {
    for (std::string& term : search.terms) term = ToLower(term);
  }
  return search;
}

// A line of results for each batch, then how it ended.
class Lines : public net::BodySource {
 public:
  Lines(std::vector<Found> found, Search search, Subject subject, bool more, const Doors& doors)
      : found_(std::move(found)),
        search_(std::move(search)),
        subject_(subject),
        more_(more),
        doors_(doors) {}

  Result<bool> Next(std::string& chunk) override {
    JsonWriter json(chunk);
    if (next_ == found_.size()) {
      json.BeginObject();
      json.Key("status").String("success");
      json.Key("has_more").Bool(more_);
      json.EndObject();
      chunk += '\n';
      return false;
    }
    json.BeginObject();
    json.Key("results").BeginArray();
    const std::size_t end = std::min(found_.size(), next_ + search_.batch);
    for (; next_ < end; ++next_) {
      json.BeginObject();
      json.Key(subject_ == Subject::kLabelValues ? "value" : "name").String(found_[next_].text);
      if (search_.with_score) json.Key("score").Double(found_[next_].score);
      if (search_.with_metadata && subject_ == Subject::kMetricNames) {
        WriteFirstMetadata(json, found_[next_].text);
      }
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
    chunk += '\n';
    return true;
  }

 private:
  void WriteFirstMetadata(JsonWriter& json, const std::string& metric) const {
    bool written = false;
    if (doors_.targets != nullptr) {
      doors_.targets->VisitMetadata([&](const Labels&, const TargetMetadata& one) {
        if (one.metric != metric) return true;
        WriteMetadata(json, one.type, one.help, one.unit);
        written = true;
        return false;
      });
    }
    tsdb::Database* database = doors_.database();
    if (written || database == nullptr) return;
    for (const auto& [name, metadata] : database->MetricMetadata(metric)) {
      WriteMetadata(json, metadata.type, metadata.help, metadata.unit);
      return;
    }
  }

  const std::vector<Found> found_;
  const Search search_;
  const Subject subject_;
  const bool more_;
  const Doors& doors_;
  std::size_t next_ = 0;
};

net::Response Answer(const ApiContext& context, Subject subject, const net::Request& request,
                     const std::stop_token& stop) {
  if (!context.options.feature("search-api")) {
    return Fail(ErrorType::kUnavailable, "search API is disabled");
  }
  const net::Params form = request.Form();
  if (!form.error().empty()) {
    return Fail(ErrorType::kBadData, "error parsing form values: " + form.error());
  }
  auto search = Parse(form, context);
  if (!search) return Fail(ErrorType::kBadData, search.error().message());
  const std::string label(form.Get("label"));
  if (subject == Subject::kLabelValues && label.empty()) {
    return FailParameter("label", "label is required");
  }
  tsdb::Database* database = context.doors.database();
  if (database == nullptr) return NoDatabase();
  auto querier = database->NewQuerier(database->LabelRange(search->range));
  if (!querier) return Fail(querier.error());
  (*querier)->InterruptBy(tsdb::Interrupt(stop));
  if (search->sets.empty()) search->sets.emplace_back();
  std::set<std::string> texts;
  for (const auto& set : search->sets) {
    auto part = subject == Subject::kLabelNames    ? (*querier)->LabelNames(set, 0)
                : subject == Subject::kMetricNames ? (*querier)->LabelValues(kMetricName, set, 0)
                                                   : (*querier)->LabelValues(label, set, 0);
    if (!part) return Fail(part.error());
    texts.insert(std::make_move_iterator(part->begin()), std::make_move_iterator(part->end()));
    if (stop.stop_requested()) return Fail(ErrorType::kCanceled, "context canceled");
  }
  std::vector<Found> found;
  for (const std::string& text : texts) {
    if (auto one = search->Judge(text)) found.push_back(std::move(*one));
  }
  if (search->by_score) {
    std::stable_sort(found.begin(), found.end(), [&](const Found& a, const Found& b) {
      return search->falling ? a.score > b.score : a.score < b.score;
    });
  } else if (search->falling) {
    std::reverse(found.begin(), found.end());
  }
  const bool more = found.size() > search->limit;
  if (more) found.resize(search->limit);
  net::Response response = net::Response::Text(200, "", "application/x-ndjson; charset=utf-8");
  response.body =
      std::make_unique<Lines>(std::move(found), std::move(*search), subject, more, context.doors);
  return response;
}

}  // namespace

std::vector<ApiRoute> SearchRoutes(const ApiContext& context) {
  std::vector<ApiRoute> routes;
  for (const auto& [path, subject] : {std::pair{"/search/metric_names", Subject::kMetricNames},
                                      std::pair{"/search/label_names", Subject::kLabelNames},
                                      std::pair{"/search/label_values", Subject::kLabelValues}}) {
    const Subject what = subject;
    routes.push_back({{"GET", "POST"},
                      path,
                      [context, what](const net::Request& request, std::stop_token stop) {
                        return Answer(context, what, request, stop);
                      },
                      net::Lane::kQuery});
  }
  return routes;
}

}  // namespace meerkat::web
