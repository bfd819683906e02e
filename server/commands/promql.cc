#include "server/commands/promql.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "promql/parser.h"

namespace meerkat::commands {
namespace {

using promql::Expr;
using promql::ExprPtr;
using promql::VectorSelector;

struct Arguments {
  std::string type = "=";  // of -t
  std::vector<std::string> words;
};

// Flags, then exactly `count` words; those that begin with a hyphen stand behind "--".
std::optional<Arguments> ReadArguments(std::span<const std::string> args, std::size_t count,
                                       bool takes_type, std::ostream& err) {
  Arguments out;
  bool flags = true;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (!flags || !arg.starts_with('-') || arg == "-") {
      out.words.push_back(arg);
    } else if (arg == "--") {
      flags = false;
    } else if (arg == "--experimental") {
      continue;  // upstream asks for it; here the command is what it is
    } else if (takes_type && (arg == "-t" || arg == "--type") && i + 1 < args.size()) {
      out.type = args[++i];
    } else if (takes_type && arg.starts_with("--type=")) {
      out.type = arg.substr(7);
    } else {
      err << "error: unknown flag " << arg << "\n";
      return std::nullopt;
    }
  }
  if (out.words.size() == count) return out;
  err << (out.words.size() < count ? "error: an argument is missing, try --help\n"
                                   : "error: unexpected " + out.words[count] + ", try --help\n");
  return std::nullopt;
}

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
  const auto arguments = ReadArguments(args, 1, false, streams.err);
  if (!arguments) return 2;
  const ExprPtr expr = ParseQuery(arguments->words[0], streams.err);
  if (expr == nullptr) return 1;
  streams.out << promql::PrettyPrint(*expr) << "\n";
  return 0;
}

int SetMatcher(std::span<const std::string> args, Streams streams) {
  const auto arguments = ReadArguments(args, 3, true, streams.err);
  if (!arguments) return 2;
  std::optional<Matcher::Type> type;
  for (const Matcher::Type candidate : {Matcher::Type::kEqual, Matcher::Type::kNotEqual,
                                        Matcher::Type::kRegex, Matcher::Type::kNotRegex}) {
    if (Matcher::OperatorOf(candidate) == arguments->type) type = candidate;
  }
  if (!type) {
    streams.err << "error: enum value must be one of =,!=,=~,!~, got '" << arguments->type
                << "', try --help\n";
    return 2;
  }
  const ExprPtr expr = ParseQuery(arguments->words[0], streams.err);
  if (expr == nullptr) return 1;
  const Result<Matcher> matcher = Matcher::Make(*type, arguments->words[1], arguments->words[2]);
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
  const auto arguments = ReadArguments(args, 2, false, streams.err);
  if (!arguments) return 2;
  const ExprPtr expr = ParseQuery(arguments->words[0], streams.err);
  if (expr == nullptr) return 1;
  EachSelector(expr.get(), [&](VectorSelector& selector) {
    std::erase_if(selector.matchers,
                  [&](const Matcher& matcher) { return matcher.name() == arguments->words[1]; });
  });
  streams.out << promql::PrettyPrint(*expr) << "\n";
  return 0;
}

}  // namespace

std::vector<Command> PromqlCommands() {
  return {
      {"promql format", "QUERY", "prints a query over several lines where it is long", Format},
      {"promql label-matchers set", "[-t =|!=|=~|!~] QUERY NAME VALUE",
       "sets a label matcher in every selector of a query", SetMatcher},
      {"promql label-matchers delete", "QUERY NAME",
       "takes a label's matchers out of every selector of a query", DeleteMatcher},
  };
}

}  // namespace meerkat::commands
