// What a data directory is full of: labels, churn, sizes, in promtool's lists.
#include <algorithm>
#include <iostream>
#include <string>
#include <unordered_map>

#include "promql/parser.h"
#include "server/commands/tsdb_session.h"

namespace meerkat::commands {
namespace {

using Counts = std::vector<std::pair<std::string, std::uint64_t>>;

// How many fall into each of some buckets of round width, as bars of percents of `total`.
void PrintDistribution(std::ostream& out, std::string_view what,
                       const std::vector<std::uint64_t>& numbers) {
  if (numbers.empty()) return;
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  const std::uint64_t tenth = (*most - *least) / 10;
  std::uint64_t width = 10;
  while (width < tenth && width <= 10000) width *= 10;
  const std::uint64_t begin = *least - *least % width;
  const std::uint64_t end = *most - *most % width + width;
  std::vector<std::uint64_t> buckets((end - begin) / width + 1);
  std::uint64_t sum = 0;
  for (const std::uint64_t number : numbers) {
    sum += number;
    ++buckets[(number - begin) / width];
  }
  out << what << " (min/avg/max): " << *least << "/" << sum / numbers.size() << "/" << *most
      << "\n";
  const auto padded = [](std::uint64_t number, std::uint64_t widest) {
    const std::string text = std::to_string(number);
    return std::string(std::to_string(widest).size() - text.size(), ' ') + text;
  };
  const std::uint64_t fullest = *std::max_element(buckets.begin(), buckets.end());
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const std::uint64_t first = begin + i * width;
    out << "[" << padded(first + 1, end) << ", " << padded(first + width, end + width)
        << "]: " << padded(buckets[i], fullest) << " "
        << std::string(100 * buckets[i] / numbers.size(), '#') << "\n";
  }
  out << "\n";
}

// Collects series one after the other.
class Analysis {
 public:
  // The range of its samples.
  void Add(const Labels& labels, TimeRange range) {
    ++series_;
    const auto length = static_cast<std::uint64_t>((range.max - range.min).count());
    range_ = {std::min(range_.min, range.min), std::max(range_.max, range.max)};
    for (const auto& [name, value] : labels) {
      ++pair_entries_;
      Sum& pair = pairs_[std::string(name) + "=" + std::string(value)];
      Sum& label = labels_[std::string(name)];
      for (Sum* sum : {&pair, &label}) {
        ++sum->series;
        sum->covered += length;
      }
      if (pair.series == 1) {
        ++label.values;
        label.value_bytes += value.size();
      }
      if (name == "__name__") ++metrics_[std::string(value)];
    }
  }
  std::uint64_t series() const { return series_; }
  TimeRange range() const { return range_; }  // min > max: no series

  void PrintSizes(std::ostream& out) const {
    out << "Postings (unique label pairs): " << pairs_.size() << "\n"
        << "Postings entries (total label pairs): " << pair_entries_ << "\n";
  }
  std::uint64_t label_names() const { return labels_.size(); }

  // `length`: of the time looked at. A series that has samples for a quarter of it counts three
  // quarters of a series of churn for each of its labels.
  void PrintLists(std::ostream& out, Millis length, std::size_t limit) const {
    const auto uncovered = [&](const Sum& sum) {
      if (length <= Millis(0)) return std::uint64_t{0};
      const auto all = static_cast<double>(length.count());
      return static_cast<std::uint64_t>(
          (static_cast<double>(sum.series) * all - static_cast<double>(sum.covered)) / all);
    };
    const auto print = [&](std::string_view title, const auto& sums, auto&& value) {
      Counts counts;
      for (const auto& [name, sum] : sums) counts.emplace_back(name, value(sum));
      std::sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
      });
      if (counts.size() > limit) counts.resize(limit);
      out << "\n" << title << ":\n";
      for (const auto& [name, count] : counts) out << count << " " << name << "\n";
    };
    print("Label pairs most involved in churning", pairs_, uncovered);
    print("Label names most involved in churning", labels_, uncovered);
    print("Most common label pairs", pairs_, [](const Sum& sum) { return sum.series; });
    print("Label names with highest cumulative label value length", labels_,
          [](const Sum& sum) { return sum.value_bytes; });
    print("Highest cardinality labels", labels_, [](const Sum& sum) { return sum.values; });
    print("Highest cardinality metric names", metrics_, [](std::uint64_t count) { return count; });
  }

 private:
  struct Sum {
    std::uint64_t series = 0;
    std::uint64_t covered = 0;      // milliseconds between first and last sample, of all
    std::uint64_t values = 0;       // of a label name:
    std::uint64_t value_bytes = 0;  // different ones, and their lengths
  };
  std::uint64_t series_ = 0;
  std::uint64_t pair_entries_ = 0;
  TimeRange range_{kMaxTime, kMinTime};
  std::unordered_map<std::string, Sum> pairs_;
  std::unordered_map<std::string, Sum> labels_;
  std::unordered_map<std::string, std::uint64_t> metrics_;
};

// Sizes of what there is, for --extended.
struct Sizes {
  std::vector<std::uint64_t> float_samples;
  std::vector<std::uint64_t> histogram_samples;
  std::vector<std::uint64_t> buckets;

  void Add(const tsdb::SeriesColumns& columns) {
    if (columns.size() > columns.histograms.size()) {
      float_samples.push_back(columns.size() - columns.histograms.size());
    }
    if (columns.histograms.empty()) return;
    histogram_samples.push_back(columns.histograms.size());
    std::uint64_t sum = 0;
    for (const auto& [index, histogram] : columns.histograms) {
      sum += histogram->positive_buckets.size() + histogram->negative_buckets.size();
    }
    buckets.push_back(sum);
  }
  void Print(std::ostream& out, const std::vector<tsdb::Database::BlockInfo>& blocks) const {
    out << "\nCompaction analysis:\n\n";
    PrintDistribution(out, "samples per float series", float_samples);
    PrintDistribution(out, "samples per histogram series", histogram_samples);
    PrintDistribution(out, "buckets per histogram series", buckets);
    std::vector<std::uint64_t> samples;
    std::vector<std::uint64_t> kibibytes;
    for (const auto& block : blocks) {
      samples.push_back(block.samples);
      kibibytes.push_back(block.bytes >> 10);
    }
    PrintDistribution(out, "samples per part", samples);
    PrintDistribution(out, "KiB per part", kibibytes);
  }
};

constexpr FlagRule kAnalyzeFlags[] = {
    {"limit", '\0', true, "20", "How many rows each list has."},
    {"extended", '\0', false, "", "Tell how samples spread over series and parts, too."},
    {"match", '\0', true, "SELECTOR", "Series to analyze."}};
constexpr std::string_view kAnalyzeWords = "[DB-PATH] [BLOCK-ID]";

Result<std::uint64_t> CountSeries(tsdb::Querier& querier) {
  auto set = querier.Select({}, {.sorted = false, .labels_only = true});
  if (!set) return std::move(set).error();
  for (std::uint64_t count = 0;; ++count) {
    auto more = (*set)->Next();
    if (!more) return std::move(more).error();
    if (!*more) return count;
  }
}

// Of all that is stored, or of the time that one part stands for.
Result<> Analyze(Streams streams, const Arguments& arguments, std::size_t limit) {
  const auto& words = arguments.words();
  const std::string selector = arguments.Value("match");
  std::vector<Matcher> matchers;
  if (!selector.empty()) {
    auto parsed = promql::ParseSelector(selector);
    if (!parsed) return std::move(parsed).error();
    matchers = std::move(*parsed);
  }
  auto session = Session::Open(words.empty() ? "data/" : words[0], false);
  if (!session) return std::move(session).error();
  tsdb::Database& database = (*session)->database();
  auto blocks = database.Blocks();
  TimeRange range;
  if (words.size() == 2) {
    std::erase_if(blocks, [&](const auto& block) { return block.id != words[1]; });
    if (blocks.empty()) return Error(Code::kNotFound, "block " + words[1] + " not found");
    range = blocks[0].range;
  }
  auto querier = database.NewQuerier(range);
  if (!querier) return std::move(querier).error();
  Analysis analysis;
  Sizes sizes;
  auto set = (*querier)->Select(matchers, {.sorted = false});
  if (!set) return std::move(set).error();
  tsdb::SeriesColumns columns;
  for (;;) {
    auto more = (*set)->Next();
    if (!more) return std::move(more).error();
    if (!*more) break;
    // What of a damaged series can be read is told about; `tsdb verify` names the damage.
    (void)(*set)->Read(columns);
    if (columns.size() == 0) continue;
    analysis.Add((*set)->labels(), {columns.times->front(), columns.times->back()});
    if (arguments.On("extended")) sizes.Add(columns);
  }
  if (words.size() != 2) range = analysis.range();
  const Millis length = range.min > range.max ? Millis(0) : range.max - range.min;
  std::ostream& out = streams.out;
  if (words.size() == 2) out << "Block ID: " << words[1] << "\n";
  out << "Duration: " << LengthOf(length) << "\n";
  if (selector.empty()) {
    out << "Total Series: " << analysis.series() << "\n"
        << "Label names: " << analysis.label_names() << "\n";
  } else {
    auto total = CountSeries(**querier);
    if (!total) return std::move(total).error();
    out << "Total Series: " << *total << "\nMatcher: " << selector << "\n"
        << "Label names: " << analysis.label_names() << "\n"
        << "Matched series: " << analysis.series() << "\n";
  }
  analysis.PrintSizes(out);
  analysis.PrintLists(out, length, limit);
  if (arguments.On("extended")) sizes.Print(out, blocks);
  return {};
}

int RunAnalyze(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kAnalyzeFlags, kAnalyzeWords);
  if (!arguments) return Misused(streams, arguments.error());
  auto limit = arguments->Integer("limit", 20);
  if (!limit) return Misused(streams, limit.error());
  const auto done =
      Analyze(streams, *arguments, static_cast<std::size_t>(std::max<std::int64_t>(0, *limit)));
  return done ? 0 : Fail(streams, done.error());
}

}  // namespace

std::vector<Command> TsdbAnalyzeCommands() {
  return {{"tsdb analyze", kAnalyzeWords,
           "Tell churn, and which labels and metrics have most series.", &RunAnalyze,
           kAnalyzeFlags}};
}

}  // namespace meerkat::commands
