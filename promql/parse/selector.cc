#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/quote.h"
#include "promql/parse/grammar.h"
#include "promql/parse/text.h"

namespace meerkat::promql {
namespace {

VectorSelector* SelectorOf(Expr& expr) {
  if (expr.kind == Expr::Kind::kVectorSelector) return static_cast<VectorSelector*>(&expr);
  if (expr.kind == Expr::Kind::kMatrixSelector) {
    return static_cast<MatrixSelector&>(expr).selector.get();
  }
  return nullptr;
}

TimeModifiers* ModifiersOf(Expr& expr) {
  if (VectorSelector* selector = SelectorOf(expr)) return &selector->modifiers;
  if (expr.kind == Expr::Kind::kSubquery) return &static_cast<SubqueryExpr&>(expr).modifiers;
  return nullptr;
}

bool HasOffset(const TimeModifiers& modifiers) {
  return modifiers.offset.count() != 0 || modifiers.offset_expr != nullptr;
}

// Seconds to milliseconds, by way of the nanoseconds that upstream counts in.
Millis FromSeconds(double seconds) {
  return Millis(std::llround(seconds * 1e9) / 1'000'000);
}

}  // namespace

// name, name{…} or {…}
Grammar::Tree Grammar::Selector() {
  auto node = std::make_unique<VectorSelector>();
  const std::uint32_t start = token_.position.start;
  if (!Is(TokenType::kLeftBrace)) {
    node->name = token_.text;
    Advance();
  }
  if (Is(TokenType::kLeftBrace) && !Matchers(node->matchers)) return {};
  // Behind the others, as upstream has it: parse_query shows the order.
  if (!node->name.empty()) {
    node->matchers.push_back(Matcher::Equal(std::string(kMetricName), node->name));
  }
  node->position = {start, last_end_};
  return {std::move(node), 1};
}

bool Grammar::Matchers(std::vector<Matcher>& matchers) {
  Advance();
  if (Is(TokenType::kRightBrace)) {
    Advance();
    return true;
  }
  for (;;) {
    if (!CountNode() || !OneMatcher(matchers)) return false;
    if (Is(TokenType::kComma)) {
      Advance();
      if (!Is(TokenType::kRightBrace)) continue;
    }
    if (!Is(TokenType::kRightBrace)) return Unexpected("label matching", "\",\" or \"}\"");
    Advance();
    return true;
  }
}

bool Grammar::OneMatcher(std::vector<Matcher>& matchers) {
  const Token name = token_;
  const bool quoted = Is(TokenType::kString);
  if (!quoted && !Is(TokenType::kIdentifier)) {
    return Unexpected("label matching", "identifier or \"}\"");
  }
  Advance();
  Matcher::Type type;
  if (Is(TokenType::kAssign)) {
    type = Matcher::Type::kEqual;
  } else if (IsOperator(Op::kNotEqual)) {
    type = Matcher::Type::kNotEqual;
  } else if (Is(TokenType::kMatchRegex)) {
    type = Matcher::Type::kRegex;
  } else if (Is(TokenType::kMatchNoRegex)) {
    type = Matcher::Type::kNotRegex;
  } else if (quoted) {
    matchers.push_back(Matcher::Equal(std::string(kMetricName), Unquote(name.text)));
    return true;
  } else {
    return Unexpected("label matching", "label matching operator");
  }
  Advance();
  if (!Is(TokenType::kString)) return Unexpected("label matching", "string");
  Result<Matcher> matcher = Matcher::Make(
      type, quoted ? Unquote(name.text) : std::string(name.text), Unquote(token_.text));
  if (!matcher) return Fail(name.position, matcher.error().message());
  matchers.push_back(*std::move(matcher));
  Advance();
  return true;
}

// Everything that may follow an operand: [range], [range:step], offset, @, anchored, smoothed.
Grammar::Tree Grammar::Postfix(Tree tree) {
  while (tree) {
    bool ok = true;
    switch (token_.type) {
      case TokenType::kLeftBracket:
        tree = Bracket(std::move(tree));
        continue;
      case TokenType::kOffset:
        ok = Offset(*tree.expr);
        break;
      case TokenType::kAt:
        ok = At(*tree.expr);
        break;
      case TokenType::kAnchored:
      case TokenType::kSmoothed:
        ok = Extended(*tree.expr);
        break;
      default:
        return tree;
    }
    if (!ok) return {};
    tree.expr->position.end = last_end_;
  }
  return tree;
}

Grammar::Tree Grammar::Bracket(Tree tree) {
  const PositionRange bracket = token_.position;
  Advance();
  Millis range{0};
  DurationExprPtr range_expr;
  {
    const In in(*this, Context::kBracket);
    if (!PositiveDuration(range, range_expr)) return {};
  }
  const std::uint32_t start = tree.expr->position.start;
  if (Is(TokenType::kRightBracket)) {
    const PositionRange brackets{bracket.start, token_.position.end};
    if (tree.expr->kind != Expr::Kind::kVectorSelector) {
      Fail(brackets, "ranges only allowed for vector selectors");
      return {};
    }
    auto& selector = static_cast<VectorSelector&>(*tree.expr);
    if (HasOffset(selector.modifiers)) {
      Fail(brackets, "no offset modifiers allowed before range");
      return {};
    }
    // Upstream lets @ start() and @ end() pass.
    if (selector.modifiers.at == AtKind::kTime) {
      Fail(brackets, "no @ modifiers allowed before range");
      return {};
    }
    Advance();
    auto node = std::make_unique<MatrixSelector>();
    node->range = range;
    node->range_expr = std::move(range_expr);
    node->position = {start, last_end_};
    node->selector.reset(static_cast<VectorSelector*>(tree.expr.release()));
    return {std::move(node), 2};
  }
  if (!Is(TokenType::kColon)) {
    Unexpected("subquery or range", "\":\" or \"]\"");
    return {};
  }
  Advance();
  auto node = std::make_unique<SubqueryExpr>();
  if (!Is(TokenType::kRightBracket)) {
    {
      const In in(*this, Context::kSubqueryStep);
      if (!PositiveDuration(node->step, node->step_expr)) return {};
    }
    if (!Is(TokenType::kRightBracket)) {
      Unexpected("subquery selector", "\"]\"");
      return {};
    }
  }
  Advance();
  node->inner = std::move(tree.expr);
  node->range = range;
  node->range_expr = std::move(range_expr);
  node->position = {start, last_end_};
  const int depth = tree.depth + 1;
  if (!CheckDepth(depth)) return {};
  return {std::move(node), depth};
}

bool Grammar::Offset(Expr& expr) {
  Advance();
  DurationTree duration;
  {
    const In in(*this, Context::kOffset);
    duration = OffsetDuration();
  }
  if (!duration) return false;
  TimeModifiers* modifiers = ModifiersOf(expr);
  if (modifiers == nullptr) {
    return Fail(expr.position,
                "offset modifier must be preceded by an instant vector selector or range vector "
                "selector or a subquery");
  }
  if (HasOffset(*modifiers)) return Fail(expr.position, "offset may not be set multiple times");
  if (duration.expr->kind == DurationExpr::Kind::kNumber) {
    modifiers->offset = FromSeconds(duration.expr->number);
  } else {
    modifiers->offset_expr = std::move(duration.expr);
  }
  return true;
}

// @ number, @ start(), @ end()
bool Grammar::At(Expr& expr) {
  const auto unexpected = [&] { return Unexpected("@", "timestamp"); };
  Advance();
  AtKind kind = AtKind::kTime;
  double seconds = 0;
  if (Is(TokenType::kStart) || Is(TokenType::kEnd_)) {
    kind = Is(TokenType::kStart) ? AtKind::kStart : AtKind::kEnd;
    Advance();
    if (!Is(TokenType::kLeftParen)) return unexpected();
    Advance();
    if (!Is(TokenType::kRightParen)) return unexpected();
    Advance();
  } else {
    const bool negate = IsOperator(Op::kSub);
    if (IsSign()) Advance();
    if (!Is(TokenType::kNumber) && !Is(TokenType::kDuration)) return unexpected();
    const std::optional<double> value = ReadLiteral();
    if (!value) return false;
    seconds = negate ? -*value : *value;
    Advance();
    constexpr double kLimit = 9223372036854775808.0;
    if (std::isnan(seconds) || seconds >= kLimit || seconds <= -kLimit) {
      char text[400];
      std::snprintf(text, sizeof text, "%f", seconds);
      const std::string shown = std::isnan(seconds)   ? "NaN"
                                : std::isinf(seconds) ? (seconds > 0 ? "+Inf" : "-Inf")
                                                      : text;
      return Fail(expr.position, "timestamp out of bounds for @ modifier: " + shown);
    }
  }
  TimeModifiers* modifiers = ModifiersOf(expr);
  if (modifiers == nullptr) {
    return Fail(expr.position,
                "@ modifier must be preceded by an instant vector selector or range vector "
                "selector or a subquery");
  }
  if (modifiers->at != AtKind::kNone) {
    return Fail(expr.position, "@ <timestamp> may not be set multiple times");
  }
  modifiers->at = kind;
  if (kind == AtKind::kTime) {
    constexpr double kMaxMillis = 9.2e18;
    const double millis = std::clamp(std::round(seconds * 1000), -kMaxMillis, kMaxMillis);
    modifiers->at_time = FromMillis(static_cast<std::int64_t>(millis));
  }
  return true;
}

bool Grammar::Extended(Expr& expr) {
  const bool anchored = Is(TokenType::kAnchored);
  const std::string word = anchored ? "anchored" : "smoothed";
  Advance();
  if (!options_.extended_range_selectors) {
    return Fail(expr.position, word + " modifier is experimental and not enabled");
  }
  if (expr.kind == Expr::Kind::kSubquery) {
    return Fail(expr.position, word + " modifier is not supported for subqueries");
  }
  VectorSelector* selector = SelectorOf(expr);
  if (selector == nullptr) return Fail(expr.position, word + " modifier not implemented");
  (anchored ? selector->anchored : selector->smoothed) = true;
  if (selector->anchored && selector->smoothed) {
    return Fail(expr.position, "anchored and smoothed modifiers cannot be used together");
  }
  return true;
}

std::optional<std::vector<Matcher>> Grammar::WholeSelector() {
  if (error_) return std::nullopt;
  if (!Is(TokenType::kLeftBrace) && !MayBeMetricName()) {
    Unexpected();
    return std::nullopt;
  }
  Tree tree = Selector();
  if (!tree) return std::nullopt;
  if (!Is(TokenType::kEnd)) {
    Unexpected();
    return std::nullopt;
  }
  return std::move(static_cast<VectorSelector&>(*tree.expr).matchers);
}

// name{a="b", "c.d"="e"}: equality alone, each label once.
std::optional<Labels> Grammar::WholeSeries() {
  if (error_) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> pairs;
  if (MayBeMetricName()) {
    pairs.emplace_back(kMetricName, token_.text);
    Advance();
  } else if (!Is(TokenType::kLeftBrace)) {
    Unexpected();
    return std::nullopt;
  }
  if (Is(TokenType::kLeftBrace) && !SeriesLabels(pairs)) return std::nullopt;
  if (!Is(TokenType::kEnd)) {
    Unexpected();
    return std::nullopt;
  }
  LabelsBuilder builder;
  for (const auto& [name, value] : pairs) builder.Set(name, value);
  return builder.Build();
}

bool Grammar::SeriesLabels(std::vector<std::pair<std::string, std::string>>& labels) {
  Advance();
  while (!Is(TokenType::kRightBrace)) {
    const Token name = token_;
    const bool quoted = Is(TokenType::kString);
    if (!quoted && !Is(TokenType::kIdentifier)) {
      return Unexpected("label set", "identifier or \"}\"");
    }
    Advance();
    std::string key = quoted ? Unquote(name.text) : std::string(name.text);
    if (Is(TokenType::kAssign)) {
      Advance();
      if (!Is(TokenType::kString)) return Unexpected("label set", "string");
      labels.emplace_back(std::move(key), Unquote(token_.text));
      Advance();
    } else if (quoted) {
      labels.emplace_back(kMetricName, std::move(key));
    } else {
      return Unexpected("label set", "\"=\"");
    }
    if (Is(TokenType::kComma)) {
      Advance();
    } else if (!Is(TokenType::kRightBrace)) {
      return Unexpected("label set", "\",\" or \"}\"");
    }
  }
  Advance();
  return true;
}

}  // namespace meerkat::promql
