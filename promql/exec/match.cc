#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/quote.h"
#include "promql/exec/binary_value.h"
#include "promql/exec/signature.h"

// Arithmetic and comparison between two vectors. Rows are matched once, by their labels; what is
// allowed to match is a matter of each step, because series come and go.
namespace meerkat::promql {
namespace {

constexpr std::int32_t kNoRow = -1;
constexpr std::int32_t kFilled = -2;

struct Group {
  Labels signature;
  std::vector<std::int32_t> many;  // rows of the side that may have several elements
  std::vector<std::int32_t> one;
};

class VectorMatcher {
 public:
  VectorMatcher(Execution& execution, const Node& node, const Grid& grid)
      : execution_(execution),
        binary_(*static_cast<const BinaryExpr*>(node.expr)),
        matching_(MatchingOf(binary_)),
        labels_(matching_),
        swapped_(matching_.card == Cardinality::kOneToMany),
        fill_one_(matching_.fill_right),
        fill_many_(matching_.fill_left),
        node_(node),
        grid_(grid),
        unique_(execution) {}

  Result<> Run(const RowSink& sink) {
    Held held(execution_.budget());
    auto left = execution_.Gather(*node_.children[0], grid_, held);
    if (!left) return std::move(left).error();
    auto right = execution_.Gather(*node_.children[1], grid_, held);
    if (!right) return std::move(right).error();
    many_ = std::move(swapped_ ? *right : *left);
    one_ = std::move(swapped_ ? *left : *right);
    if ((!many_.empty() && !one_.empty()) || fill_one_ || fill_many_) {
      MakeGroups();
      // Duplicates on the one side are the first thing to fail.
      for (const Group& group : groups_) {
        if (group.one.size() < 2) continue;
        if (auto one_at = OneAt(group); !one_at) return std::move(one_at).error();
      }
      for (const Group& group : groups_) {
        if (auto ok = execution_.Check(); !ok) return ok;
        if (auto matched = Match(group); !matched) return matched;
      }
    }
    many_.clear();
    one_.clear();
    held.Clear();
    return unique_.Flush(sink);
  }

 private:
  void MakeGroups() {
    std::unordered_map<Labels, std::size_t> index;
    const auto group_of = [&](const Row& row) -> Group& {
      Labels signature = labels_.Of(row.labels);
      const auto [it, added] = index.try_emplace(signature, groups_.size());
      if (added) groups_.push_back({std::move(signature), {}, {}});
      return groups_[it->second];
    };
    for (std::size_t i = 0; i < many_.size(); ++i) {
      group_of(many_[i]).many.push_back(static_cast<std::int32_t>(i));
    }
    for (std::size_t i = 0; i < one_.size(); ++i) {
      group_of(one_[i]).one.push_back(static_cast<std::int32_t>(i));
    }
  }

  // At which steps the other side has any element at all: elsewhere nothing is looked at.
  const std::vector<std::uint8_t>& AnyMany() {
    if (any_many_.empty()) {
      const bool always = fill_one_.has_value() || fill_many_.has_value();
      any_many_.assign(grid_.count, always);
      for (const Row& row : many_) {
        for (std::size_t i = 0; i < grid_.count; ++i) any_many_[i] |= row.Has(i);
      }
    }
    return any_many_;
  }

  Error DuplicateError(const Labels& signature, const Labels& a, const Labels& b) const {
    const Labels& first = std::min(a, b);
    const Labels& second = std::max(a, b);
    return Error(Code::kExecution,
                 "found duplicate series for the match group " + signature.ToString() + " on the " +
                     (swapped_ ? "left" : "right") + " hand-side of the operation: [" +
                     Braced(first) + ", " + Braced(second) +
                     "];many-to-many matching not allowed: matching labels must be unique on one "
                     "side");
  }

  // There are two elements of the one side with one signature somewhere: tells the first step that
  // fails, and there the first such row. An earlier one may fail for its many side.
  Error FirstDuplicate() {
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (AnyMany()[i] == 0) continue;
      std::unordered_map<Labels, const Row*> seen;
      for (const Row& row : one_) {
        if (!row.Has(i)) continue;
        Labels signature = labels_.Of(row.labels);
        const auto [it, added] = seen.try_emplace(signature, &row);
        if (!added) return DuplicateError(signature, it->second->labels, row.labels);
      }
      std::unordered_set<Labels> taken;
      for (const Row& row : many_) {
        if (!row.Has(i)) continue;
        Labels signature = labels_.Of(row.labels);
        const auto partner = seen.find(signature);
        if (partner == seen.end() && !fill_one_) continue;
        if (!one_to_one()) {
          signature =
              ResultLabels(row.labels, partner == seen.end() ? signature : partner->second->labels);
        }
        if (!taken.insert(std::move(signature)).second) return AmbiguousError();
      }
    }
    return Error(Code::kInternal, "a duplicate series was seen once only");
  }

  bool one_to_one() const { return matching_.card == Cardinality::kOneToOne; }
  Error AmbiguousError() const {
    return Error(Code::kExecution,
                 one_to_one() ? "multiple matches for labels: many-to-one matching must be "
                                "explicit (group_left/group_right)"
                              : "multiple matches for labels: grouping labels must ensure "
                                "unique matches");
  }

  static std::string Braced(const Labels& labels) {
    std::string out = "{";
    for (const Label label : labels) {
      if (out.size() > 1) out += ", ";
      out += std::string(label.name) + "=" + Quote(label.value);
    }
    return out + "}";
  }

  // The row of the one side that stands at each step.
  Result<std::vector<std::int32_t>> OneAt(const Group& group) {
    std::vector<std::int32_t> at(grid_.count, kNoRow);
    for (const std::int32_t index : group.one) {
      const Row& row = one_[static_cast<std::size_t>(index)];
      for (std::size_t i = 0; i < grid_.count; ++i) {
        if (!row.Has(i)) continue;
        if (at[i] != kNoRow && AnyMany()[i] != 0) {
          return FirstDuplicate();
        }
        at[i] = index;
      }
    }
    return at;
  }

  Labels ResultLabels(const Labels& many, const Labels& one) const {
    Labels labels = ChangesMeaning(binary_.op) ? WithoutMetadata(many) : many;
    if (one_to_one()) {
      labels = matching_.on ? labels.Keep(matching_.labels) : labels.Without(matching_.labels);
    }
    if (matching_.include.empty()) return labels;
    LabelsBuilder builder(labels);
    for (const std::string& name : matching_.include) builder.Set(name, one.Get(name));
    return builder.Build();
  }

  Result<> Match(const Group& group) {
    auto one_at = OneAt(group);
    if (!one_at) return std::move(one_at).error();
    if (group.many.size() > 1) {
      if (auto checked = CheckUnique(group, *one_at); !checked) return checked;
    }
    for (const std::int32_t index : group.many) {
      if (auto matched = MatchRow(group, many_[static_cast<std::size_t>(index)], *one_at);
          !matched) {
        return matched;
      }
    }
    return fill_many_ ? FillMany(group, *one_at) : Result<>();
  }

  // What a step's element of the many side meets: a row, the fill value, or nothing.
  std::int32_t Partner(std::int32_t one_at) const {
    return one_at == kNoRow && fill_one_ ? kFilled : one_at;
  }

  const Labels& PartnerLabels(const Group& group, std::int32_t partner) const {
    return partner == kFilled ? group.signature : one_[static_cast<std::size_t>(partner)].labels;
  }

  // Several elements of one side may meet the same partner only when grouping was asked for, and
  // then only with distinct results; also where a comparison would filter them away.
  Result<> CheckUnique(const Group& group, const std::vector<std::int32_t>& one_at) const {
    std::unordered_map<Labels, std::vector<std::uint8_t>> taken;
    for (const std::int32_t index : group.many) {
      const Row& row = many_[static_cast<std::size_t>(index)];
      std::int32_t known = kNoRow;
      std::vector<std::uint8_t>* steps = one_to_one() ? &taken[Labels()] : nullptr;
      for (std::size_t i = 0; i < grid_.count; ++i) {
        const std::int32_t partner = Partner(one_at[i]);
        if (partner == kNoRow || !row.Has(i)) continue;
        if (!one_to_one() && partner != known) {
          steps = &taken[ResultLabels(row.labels, PartnerLabels(group, partner))];
          known = partner;
        }
        steps->resize(grid_.count);
        if ((*steps)[i] != 0) {
          return AmbiguousError();
        }
        (*steps)[i] = 1;
      }
    }
    return {};
  }

  Result<> Emit(Row& out, Labels labels, bool drop_name) {
    out.labels = std::move(labels);
    out.drop_name = drop_name;
    if (binary_.return_bool) execution_.DropName(out);
    return unique_.Add(out);
  }

  // One element with one element; the sides are put back as they were written.
  bool Apply(std::size_t step, double many, const HistogramPtr& many_histogram, double one,
             const HistogramPtr& one_histogram, Row& out) {
    BinaryOutcome outcome = swapped_
                                ? ApplyElement(binary_.op, one, many, one_histogram, many_histogram,
                                               execution_.notes(), binary_.position)
                                : ApplyElement(binary_.op, many, one, many_histogram, one_histogram,
                                               execution_.notes(), binary_.position);
    if (!outcome.valid) return false;
    if (binary_.return_bool) {
      out.values[step] = outcome.keep ? 1 : 0;
      return true;
    }
    if (!outcome.keep) return false;
    if (outcome.histogram != nullptr) {
      out.SetHistogram(step, std::move(outcome.histogram));
    } else {
      out.values[step] = outcome.value;
    }
    return true;
  }

  static HistogramPtr HistogramOf(const Row& row, std::size_t step) {
    return row.HasHistogram(step) ? row.histograms[step] : nullptr;
  }

  // One row of the many side: an output row for each partner it meets, nearly always one.
  Result<> MatchRow(const Group& group, const Row& row, const std::vector<std::int32_t>& one_at) {
    std::vector<std::int32_t> partners;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      const std::int32_t partner = Partner(one_at[i]);
      if (partner == kNoRow || (!partners.empty() && partners.back() == partner) || !row.Has(i)) {
        continue;
      }
      if (std::find(partners.begin(), partners.end(), partner) == partners.end()) {
        partners.push_back(partner);
      }
    }
    const bool plain = row.histograms.empty() && !IsComparison(binary_.op) &&
                       binary_.op != Op::kTrimUpper && binary_.op != Op::kTrimLower;
    for (const std::int32_t partner : partners) {
      const Row* other = partner == kFilled ? nullptr : &one_[static_cast<std::size_t>(partner)];
      Row out;
      out.Clear(grid_.count);
      bool any = false;
      for (std::size_t i = 0; i < grid_.count; ++i) {
        if (Partner(one_at[i]) != partner || !row.Has(i)) continue;
        const double one = other == nullptr ? *fill_one_ : other->values[i];
        if (plain && !IsAbsent(one)) {
          out.values[i] = swapped_ ? ApplyScalar(binary_.op, one, row.values[i])
                                   : ApplyScalar(binary_.op, row.values[i], one);
          any = true;
          continue;
        }
        const HistogramPtr one_histogram = other == nullptr ? nullptr : HistogramOf(*other, i);
        any |= Apply(i, row.values[i], HistogramOf(row, i), one, one_histogram, out);
      }
      if (!any) continue;
      Labels labels = ResultLabels(row.labels, PartnerLabels(group, partner));
      if (auto pushed = Emit(out, std::move(labels), row.drop_name); !pushed) return pushed;
    }
    return {};
  }

  // Elements of the one side that nothing met get the fill value for a partner.
  Result<> FillMany(const Group& group, const std::vector<std::int32_t>& one_at) {
    std::vector<std::uint8_t> met(grid_.count);
    for (const std::int32_t index : group.many) {
      const Row& row = many_[static_cast<std::size_t>(index)];
      for (std::size_t i = 0; i < grid_.count; ++i) met[i] |= row.Has(i);
    }
    for (const std::int32_t index : group.one) {
      const Row& row = one_[static_cast<std::size_t>(index)];
      Row out;
      out.Clear(grid_.count);
      bool any = false;
      for (std::size_t i = 0; i < grid_.count; ++i) {
        if (met[i] != 0 || one_at[i] != index) continue;
        any |= Apply(i, *fill_many_, nullptr, row.values[i], HistogramOf(row, i), out);
      }
      if (!any) continue;
      if (auto pushed = Emit(out, ResultLabels(group.signature, row.labels), false); !pushed) {
        return pushed;
      }
    }
    return {};
  }

  Execution& execution_;
  const BinaryExpr& binary_;
  const VectorMatching& matching_;
  const MatchingLabels labels_;
  const bool swapped_;  // the left side is the one side
  // With group_right, upstream fills the sides as they are swapped, not as they are written.
  const std::optional<double> fill_one_, fill_many_;
  const Node& node_;
  const Grid& grid_;
  std::vector<Row> many_, one_;
  std::vector<Group> groups_;
  std::vector<std::uint8_t> any_many_;
  UniqueRows unique_;
};

}  // namespace

Result<> MatchVectors(Execution& execution, const Node& node, const Grid& grid,
                      const RowSink& sink) {
  return VectorMatcher(execution, node, grid).Run(sink);
}

}  // namespace meerkat::promql
