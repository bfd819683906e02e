#include "server/commands/promql.h"

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "promql/parser.h"
#include "server/commands/arguments.h"

namespace meerkat::commands {
namespace {

using promql::Expr;
using promql::ExprPtr;
using promql::VectorSelector;

constexpr FlagRule kFormatFlags[] = {kExperimentalFlag, kFeatureFlag};
constexpr FlagRule kSetFlags[] = {
    {"type", 't', true, "=", "Operator of the matcher: =, !=, =~ or !~."},
    kExperimentalFlag,
    kFeatureFlag};

ExprPtr ParseQuery(const std::string& query, std::ostream& err) {
  const promql::ParseOptions everything{
      .experimental_functions = true, .extended_range_selectors = true, .fill_modifiers = true};
  Result<ExprPtr> parsed = promql::Parse(query, everything);
  if (parsed) return *std::move(parsed);
  err << parsed.error().message() << "\n";
  const std::string place = promql::ExplainError(query, parsed.error());
  if (!place.empty()) err << place << "\n";
  return nullptr;
}

using Visit = std::function<void(VectorSelector& selector)>;

void EachSelector(Expr* expr, const Visit& visit) {
  if (expr == nullptr) return;
  switch (expr->kind) {
    case Expr::Kind::kNumber:
    case Expr::Kind::kString:
      return;
    case Expr::Kind::kParen:
      return EachSelector(static_cast<promql::ParenExpr*>(expr)->inner.get(), visit);
    case Expr::Kind::kUnary:
      return EachSelector(static_cast<promql::UnaryExpr*>(expr)->operand.get(), visit);
    case Expr::Kind::kBinary:
      EachSelector(static_cast<promql::BinaryExpr*>(expr)->left.get(), visit);
      return EachSelector(static_cast<promql::BinaryExpr*>(expr)->right.get(), visit);
    case Expr::Kind::kAggregate:
      EachSelector(static_cast<promql::AggregateExpr*>(expr)->param.get(), visit);
      return EachSelector(static_cast<promql::AggregateExpr*>(expr)->inner.get(), visit);
    case Expr::Kind::kCall:
      for (const ExprPtr& arg : static_cast<promql::CallExpr*>(expr)->args) {
        EachSelector(arg.get(), visit);
      }
      return;
    case Expr::Kind::kVectorSelector:
      return visit(*static_cast<VectorSelector*>(expr));
    case Expr::Kind::kMatrixSelector:
      return visit(*static_cast<promql::MatrixSelector*>(expr)->selector);
    case Expr::Kind::kSubquery:
      return EachSelector(static_cast<promql::SubqueryExpr*>(expr)->inner.get(), visit);
  }
}

int Format(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFormatFlags, "QUERY");
  if (!arguments) return Misused(streams, arguments.error());
  const ExprPtr expr = ParseQuery(arguments->words()[0], streams.err);
  if (expr == nullptr) return 1;
  streams.out << promql::PrettyPrint(*expr) << "\n";
  return 0;
}

int SetMatcher(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kSetFlags, "QUERY NAME VALUE");
  if (!arguments) return Misused(streams, arguments.error());
  const auto operation = arguments->Choice("type", {"=", "!=", "=~", "!~"});
  if (!operation) return Misused(streams, operation.error());
  Matcher::Type type = Matcher::Type::kEqual;
  for (const Matcher::Type candidate :
       {Matcher::Type::kNotEqual, Matcher::Type::kRegex, Matcher::Type::kNotRegex}) {
    if (Matcher::OperatorOf(candidate) == *operation) type = candidate;
  }
  const ExprPtr expr = ParseQuery(arguments->words()[0], streams.err);
  if (expr == nullptr) return 1;
  const Result<Matcher> matcher = Matcher::Make(type, arguments->words()[1], arguments->words()[2]);
  if (!matcher) {
    streams.err << matcher.error().message() << "\n";
    return 1;
  }
  EachSelector(expr.get(), [&](VectorSelector& selector) {
    bool found = false;
    for (Matcher& known : selector.matchers) {
      if (known.name() != matcher->name()) continue;
      known = *matcher;
      found = true;
    }
    if (!found) selector.matchers.push_back(*matcher);
  });
  streams.out << promql::PrettyPrint(*expr) << "\n";
  return 0;
}

int DeleteMatcher(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFormatFlags, "QUERY NAME");
  if (!arguments) return Misused(streams, arguments.error());
  const ExprPtr expr = ParseQuery(arguments->words()[0], streams.err);
  if (expr == nullptr) return 1;
  EachSelector(expr.get(), [&](VectorSelector& selector) {
    std::erase_if(selector.matchers,
                  [&](const Matcher& matcher) { return matcher.name() == arguments->words()[1]; });
  });
  streams.out << promql::PrettyPrint(*expr) << "\n";
  return 0;
}

}  // namespace

std::vector<Command> PromqlCommands() {
  return {
      {"promql format", "QUERY", "Print a query over several lines where it is long.", Format,
       kFormatFlags},
      {"promql label-matchers set", "QUERY NAME VALUE",
       "Set a label matcher in every selector of a query.", SetMatcher, kSetFlags},
      {"promql label-matchers delete", "QUERY NAME",
       "Take a label's matchers out of every selector of a query.", DeleteMatcher, kFormatFlags},
  };
}

}  // namespace meerkat::commands
