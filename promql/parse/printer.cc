#include "promql/parse/printer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/duration.h"
#include "base/number.h"
#include "base/quote.h"
#include "promql/functions.h"
#include "promql/parse/deep.h"
#include "promql/parser.h"

namespace meerkat::promql {
namespace {

// Longer expressions are broken into lines.
constexpr std::size_t kLineLength = 100;
// Deep trees are more indentation than text: what would become longer is printed on one line.
constexpr std::size_t kMaxPretty = std::size_t{4} << 20;

// Writes a tree as one line. With a limit it stops soon after that many bytes: enough to know that
// the text is longer.
class Printer {
 public:
  explicit Printer(std::string& out, std::size_t limit = std::string::npos)
      : out_(out), limit_(limit) {}

  void Write(const Expr& expr) {
    if (out_.size() > limit_) return;
    switch (expr.kind) {
      case Expr::Kind::kNumber:
        WriteNumber(static_cast<const NumberLiteral&>(expr));
        return;
      case Expr::Kind::kString:
        out_ += Quote(static_cast<const StringLiteral&>(expr).value);
        return;
      case Expr::Kind::kParen:
        out_ += '(';
        Write(*static_cast<const ParenExpr&>(expr).inner);
        out_ += ')';
        return;
      case Expr::Kind::kUnary:
        out_ += static_cast<const UnaryExpr&>(expr).negate ? '-' : '+';
        Write(*static_cast<const UnaryExpr&>(expr).operand);
        return;
      case Expr::Kind::kBinary: {
        // Without recursion down the left side: chains of operators lean that way.
        std::vector<const BinaryExpr*> chain = {static_cast<const BinaryExpr*>(&expr)};
        while (chain.back()->left->kind == Expr::Kind::kBinary) {
          chain.push_back(static_cast<const BinaryExpr*>(chain.back()->left.get()));
        }
        Write(*chain.back()->left);
        for (; !chain.empty() && out_.size() <= limit_; chain.pop_back()) {
          out_ += ' ';
          WriteOperator(*chain.back());
          out_ += ' ';
          Write(*chain.back()->right);
        }
        return;
      }
      case Expr::Kind::kAggregate: {
        const auto& node = static_cast<const AggregateExpr&>(expr);
        WriteAggregateHead(node);
        out_ += '(';
        if (node.param != nullptr) {
          Write(*node.param);
          out_ += ", ";
        }
        Write(*node.inner);
        out_ += ')';
        return;
      }
      case Expr::Kind::kCall: {
        const auto& node = static_cast<const CallExpr&>(expr);
        out_ += node.function->name;
        out_ += '(';
        for (std::size_t i = 0; i < node.args.size(); ++i) {
          if (i > 0) out_ += ", ";
          Write(*node.args[i]);
        }
        out_ += ')';
        return;
      }
      case Expr::Kind::kVectorSelector: {
        const auto& node = static_cast<const VectorSelector&>(expr);
        WriteSelector(node);
        WriteExtended(node);
        WriteModifiers(node.modifiers);
        return;
      }
      case Expr::Kind::kMatrixSelector: {
        const auto& node = static_cast<const MatrixSelector&>(expr);
        WriteSelector(*node.selector);
        out_ += '[';
        WriteDuration(node.range, node.range_expr.get());
        out_ += ']';
        WriteExtended(*node.selector);
        WriteModifiers(node.selector->modifiers);
        return;
      }
      case Expr::Kind::kSubquery: {
        const auto& node = static_cast<const SubqueryExpr&>(expr);
        Write(*node.inner);
        WriteSubquerySuffix(node);
        return;
      }
    }
  }

  // The operator with its modifiers.
  void WriteOperator(const BinaryExpr& node) {
    out_ += TextOf(node.op);
    if (node.return_bool) out_ += " bool";
    if (!node.matching) return;
    const VectorMatching& matching = *node.matching;
    const bool grouped =
        matching.card == Cardinality::kManyToOne || matching.card == Cardinality::kOneToMany;
    if (!matching.labels.empty() || matching.on || grouped) {
      out_ += matching.on ? " on (" : " ignoring (";
      WriteLabels(matching.labels);
      out_ += ')';
      if (grouped) {
        out_ += matching.card == Cardinality::kManyToOne ? " group_left (" : " group_right (";
        WriteLabels(matching.include);
        out_ += ')';
      }
    }
    WriteFill(matching);
  }

  void WriteAggregateHead(const AggregateExpr& node) {
    out_ += TextOf(node.op);
    if (!node.without && node.grouping.empty()) return;
    out_ += node.without ? " without (" : " by (";
    WriteLabels(node.grouping);
    out_ += ") ";
  }

  void WriteSubquerySuffix(const SubqueryExpr& node) {
    out_ += '[';
    WriteDuration(node.range, node.range_expr.get());
    out_ += ':';
    if (node.step.count() != 0 || node.step_expr != nullptr) {
      WriteDuration(node.step, node.step_expr.get());
    }
    out_ += ']';
    WriteModifiers(node.modifiers);
  }

 private:
  void WriteNumber(const NumberLiteral& node) { WriteSeconds(node.value, node.is_duration); }

  void WriteSeconds(double value, bool is_duration) {
    if (!is_duration) {
      out_ += FormatFloat(value);
      return;
    }
    if (value < 0) out_ += '-';
    out_ += FormatDuration(Millis(std::llround(std::abs(value) * 1000)));
  }

  void WriteLabels(const std::vector<std::string>& labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (i > 0) out_ += ", ";
      out_ += IsLegacyMetricName(labels[i]) ? labels[i] : Quote(labels[i]);
    }
  }

  void WriteFill(const VectorMatching& matching) {
    if (!matching.fill_left && !matching.fill_right) return;
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    if (matching.fill_left && matching.fill_right &&
        same(*matching.fill_left, *matching.fill_right)) {
      out_ += " fill (" + FormatFloat(*matching.fill_left, 'g') + ")";
      return;
    }
    if (matching.fill_left) out_ += " fill_left (" + FormatFloat(*matching.fill_left, 'g') + ")";
    if (matching.fill_right) {
      out_ += " fill_right (" + FormatFloat(*matching.fill_right, 'g') + ")";
    }
  }

  // Name and matchers.
  void WriteSelector(const VectorSelector& node) {
    std::vector<std::string> matchers;
    for (const Matcher& matcher : node.matchers) {
      const bool is_name = matcher.name() == kMetricName &&
                           matcher.type() == Matcher::Type::kEqual && matcher.value() == node.name;
      if (!is_name || node.name.empty()) matchers.push_back(matcher.ToString());
    }
    out_ += node.name;
    if (matchers.empty()) {
      if (node.name.empty()) out_ += "{}";
      return;
    }
    std::ranges::sort(matchers);
    out_ += '{';
    for (std::size_t i = 0; i < matchers.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += matchers[i];
    }
    out_ += '}';
  }

  void WriteExtended(const VectorSelector& node) {
    if (node.anchored) out_ += " anchored";
    if (node.smoothed) out_ += " smoothed";
  }

  void WriteModifiers(const TimeModifiers& modifiers) {
    switch (modifiers.at) {
      case AtKind::kNone:
        break;
      case AtKind::kTime: {
        char text[64];
        std::snprintf(text, sizeof text, " @ %.3f",
                      static_cast<double>(ToMillis(modifiers.at_time)) / 1000);
        out_ += text;
        break;
      }
      case AtKind::kStart:
        out_ += " @ start()";
        break;
      case AtKind::kEnd:
        out_ += " @ end()";
        break;
    }
    if (modifiers.offset.count() == 0 && modifiers.offset_expr == nullptr) return;
    out_ += " offset ";
    WriteDuration(modifiers.offset, modifiers.offset_expr.get());
  }

  void WriteDuration(Millis value, const DurationExpr* expr) {
    if (expr != nullptr) {
      WriteExpr(*expr);
    } else {
      out_ += FormatDuration(value);
    }
  }

  void WriteExpr(const DurationExpr& expr) {
    if (expr.wrapped) out_ += '(';
    switch (expr.kind) {
      case DurationExpr::Kind::kNumber:
        WriteSeconds(expr.number, expr.is_duration);
        break;
      case DurationExpr::Kind::kStep:
      case DurationExpr::Kind::kRange:
        out_ += OperatorOf(expr.kind);
        out_ += "()";
        break;
      case DurationExpr::Kind::kMinOf:
      case DurationExpr::Kind::kMaxOf:
        out_ += OperatorOf(expr.kind);
        out_ += '(';
        WriteExpr(*expr.left);
        out_ += ", ";
        WriteExpr(*expr.right);
        out_ += ')';
        break;
      case DurationExpr::Kind::kNegate:
        out_ += '-';
        WriteExpr(*expr.left);
        break;
      default:
        WriteExpr(*expr.left);
        out_ += ' ';
        out_ += OperatorOf(expr.kind);
        out_ += ' ';
        WriteExpr(*expr.right);
    }
    if (expr.wrapped) out_ += ')';
  }

  std::string& out_;
  std::size_t limit_;
};

// Writes a tree over several lines where one would be too long.
class PrettyPrinter {
 public:
  explicit PrettyPrinter(std::string& out) : out_(out) {}

  void Write(const Expr& expr, std::size_t level) {
    if (out_.size() > kMaxPretty) return;
    if (expr.kind == Expr::Kind::kUnary) {
      const auto& node = static_cast<const UnaryExpr&>(expr);
      std::string operand;
      PrettyPrinter(operand).Write(*node.operand, level);
      Indent(level);
      out_ += node.negate ? '-' : '+';
      out_.append(operand, std::min(operand.find_first_not_of(' '), operand.size()));
      return;
    }
    if (FitsOnLine(expr)) {
      // Upstream leaves short subqueries where the line starts.
      if (expr.kind != Expr::Kind::kSubquery) Indent(level);
      Printer(out_).Write(expr);
      return;
    }
    switch (expr.kind) {
      case Expr::Kind::kParen:
        Indent(level);
        out_ += "(\n";
        Write(*static_cast<const ParenExpr&>(expr).inner, level + 1);
        Close(level);
        return;
      case Expr::Kind::kBinary:
        WriteChain(static_cast<const BinaryExpr&>(expr), level);
        return;
      case Expr::Kind::kAggregate: {
        const auto& node = static_cast<const AggregateExpr&>(expr);
        Indent(level);
        Printer(out_).WriteAggregateHead(node);
        out_ += "(\n";
        if (node.param != nullptr) {
          Write(*node.param, level + 1);
          out_ += ",\n";
        }
        Write(*node.inner, level + 1);
        Close(level);
        return;
      }
      case Expr::Kind::kCall: {
        const auto& node = static_cast<const CallExpr&>(expr);
        Indent(level);
        out_ += node.function->name;
        out_ += "(\n";
        for (std::size_t i = 0; i < node.args.size(); ++i) {
          if (i > 0) out_ += ",\n";
          Write(*node.args[i], level + 1);
        }
        Close(level);
        return;
      }
      case Expr::Kind::kSubquery: {
        const auto& node = static_cast<const SubqueryExpr&>(expr);
        Write(*node.inner, level);
        Printer(out_).WriteSubquerySuffix(node);
        return;
      }
      default:
        Indent(level);
        Printer(out_).Write(expr);
    }
  }

 private:
  // Operators that lean to the left: what fits on a line stands innermost, each further operator
  // and its right side on lines of their own, one level less deep than what is on its left.
  void WriteChain(const BinaryExpr& outermost, std::size_t level) {
    std::vector<const BinaryExpr*> chain = {&outermost};
    while (chain.back()->left->kind == Expr::Kind::kBinary) {
      chain.push_back(static_cast<const BinaryExpr*>(chain.back()->left.get()));
    }
    std::size_t broken = chain.size();  // so many operators get lines of their own
    std::string line;
    Printer printer(line, kLineLength);
    printer.Write(*chain.back()->left);
    while (broken > 0) {
      line += ' ';
      printer.WriteOperator(*chain[broken - 1]);
      line += ' ';
      printer.Write(*chain[broken - 1]->right);
      if (line.size() > kLineLength) break;
      --broken;
    }
    const Expr* inner = chain.back()->left.get();
    if (broken < chain.size()) inner = chain[broken];
    Write(*inner, level + broken);
    for (; broken > 0 && out_.size() <= kMaxPretty; --broken) {
      out_ += '\n';
      Indent(level + broken - 1);
      Printer(out_).WriteOperator(*chain[broken - 1]);
      out_ += '\n';
      Write(*chain[broken - 1]->right, level + broken);
    }
  }

  void Indent(std::size_t level) { out_.append(2 * level, ' '); }

  void Close(std::size_t level) {
    out_ += '\n';
    Indent(level);
    out_ += ')';
  }

  static bool FitsOnLine(const Expr& expr) {
    std::string line;
    Printer(line, kLineLength).Write(expr);
    return line.size() <= kLineLength;
  }

  std::string& out_;
};

}  // namespace

std::string_view OperatorOf(DurationExpr::Kind kind) {
  switch (kind) {
    case DurationExpr::Kind::kNumber:
      return "";
    case DurationExpr::Kind::kStep:
      return "step";
    case DurationExpr::Kind::kRange:
      return "range";
    case DurationExpr::Kind::kMinOf:
      return "min_of";
    case DurationExpr::Kind::kMaxOf:
      return "max_of";
    case DurationExpr::Kind::kAdd:
      return "+";
    case DurationExpr::Kind::kSub:
    case DurationExpr::Kind::kNegate:
      return "-";
    case DurationExpr::Kind::kMul:
      return "*";
    case DurationExpr::Kind::kDiv:
      return "/";
    case DurationExpr::Kind::kMod:
      return "%";
    case DurationExpr::Kind::kPow:
      return "^";
  }
  return "";
}

std::string Print(const Expr& expr) {
  std::string out;
  CallDeep(DepthOf(expr), [&] { Printer(out).Write(expr); });
  return out;
}

std::string PrettyPrint(const Expr& expr) {
  std::string out;
  CallDeep(DepthOf(expr), [&] { PrettyPrinter(out).Write(expr, 0); });
  return out.size() > kMaxPretty ? Print(expr) : out;
}

}  // namespace meerkat::promql
