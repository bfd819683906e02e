#include "base/json_writer.h"
#include "base/number.h"
#include "promql/functions.h"
#include "promql/parse/deep.h"
#include "promql/parse/printer.h"
#include "promql/parser.h"

namespace meerkat::promql {
namespace {

std::string_view NameOf(Cardinality card) {
  switch (card) {
    case Cardinality::kOneToOne:
      return "one-to-one";
    case Cardinality::kManyToOne:
      return "many-to-one";
    case Cardinality::kOneToMany:
      return "one-to-many";
    case Cardinality::kManyToMany:
      return "many-to-many";
  }
  return "";
}

// Keys in alphabetic order, as upstream's encoder sorts them.
class AstWriter {
 public:
  explicit AstWriter(std::string& out) : json_(out) {}

  void Write(const Expr* expr) {
    if (expr == nullptr) {
      json_.Null();
      return;
    }
    json_.BeginObject();
    switch (expr->kind) {
      case Expr::Kind::kNumber:
        Field("type", "numberLiteral");
        Field("val", FormatFloat(static_cast<const NumberLiteral&>(*expr).value));
        break;
      case Expr::Kind::kString:
        Field("type", "stringLiteral");
        Field("val", static_cast<const StringLiteral&>(*expr).value);
        break;
      case Expr::Kind::kParen:
        Child("expr", static_cast<const ParenExpr&>(*expr).inner.get());
        Field("type", "parenExpr");
        break;
      case Expr::Kind::kUnary:
        Child("expr", static_cast<const UnaryExpr&>(*expr).operand.get());
        Field("op", static_cast<const UnaryExpr&>(*expr).negate ? "-" : "+");
        Field("type", "unaryExpr");
        break;
      case Expr::Kind::kBinary:
        WriteBinary(static_cast<const BinaryExpr&>(*expr));
        break;
      case Expr::Kind::kAggregate:
        WriteAggregate(static_cast<const AggregateExpr&>(*expr));
        break;
      case Expr::Kind::kCall:
        WriteCall(static_cast<const CallExpr&>(*expr));
        break;
      case Expr::Kind::kVectorSelector:
        WriteSelector(static_cast<const VectorSelector&>(*expr), nullptr);
        break;
      case Expr::Kind::kMatrixSelector:
        WriteSelector(*static_cast<const MatrixSelector&>(*expr).selector,
                      &static_cast<const MatrixSelector&>(*expr));
        break;
      case Expr::Kind::kSubquery:
        WriteSubquery(static_cast<const SubqueryExpr&>(*expr));
        break;
    }
    json_.EndObject();
  }

 private:
  void Field(std::string_view key, std::string_view value) { json_.Key(key).String(value); }

  void Child(std::string_view key, const Expr* expr) {
    json_.Key(key);
    Write(expr);
  }

  void List(std::string_view key, const std::vector<std::string>& items) {
    json_.Key(key).BeginArray();
    for (const std::string& item : items) json_.String(item);
    json_.EndArray();
  }

  void Fill(std::string_view key, const std::optional<double>& value) {
    json_.Key(key);
    if (value) {
      json_.Double(*value);
    } else {
      json_.Null();
    }
  }

  void WriteBinary(const BinaryExpr& node) {
    json_.Key("bool").Bool(node.return_bool);
    Child("lhs", node.left.get());
    json_.Key("matching");
    if (node.matching) {
      json_.BeginObject();
      Field("card", NameOf(node.matching->card));
      json_.Key("fillValues").BeginObject();
      Fill("lhs", node.matching->fill_left);
      Fill("rhs", node.matching->fill_right);
      json_.EndObject();
      List("include", node.matching->include);
      List("labels", node.matching->labels);
      json_.Key("on").Bool(node.matching->on);
      json_.EndObject();
    } else {
      json_.Null();
    }
    Field("op", TextOf(node.op));
    Child("rhs", node.right.get());
    Field("type", "binaryExpr");
  }

  void WriteAggregate(const AggregateExpr& node) {
    Child("expr", node.inner.get());
    List("grouping", node.grouping);
    Field("op", TextOf(node.op));
    Child("param", node.param.get());
    Field("type", "aggregation");
    json_.Key("without").Bool(node.without);
  }

  void WriteCall(const CallExpr& node) {
    json_.Key("args").BeginArray();
    for (const ExprPtr& arg : node.args) Write(arg.get());
    json_.EndArray();
    json_.Key("func").BeginObject();
    json_.Key("argTypes").BeginArray();
    for (const ValueType type : node.function->arg_types) json_.String(ApiNameOf(type));
    json_.EndArray();
    Field("name", node.function->name);
    Field("returnType", ApiNameOf(node.function->return_type));
    json_.Key("variadic").Int(node.function->variadic);
    json_.EndObject();
    Field("type", "call");
  }

  void WriteSelector(const VectorSelector& node, const MatrixSelector* matrix) {
    json_.Key("anchored").Bool(node.anchored);
    json_.Key("matchers").BeginArray();
    for (const Matcher& matcher : node.matchers) {
      json_.BeginObject();
      Field("name", matcher.name());
      Field("type", Matcher::OperatorOf(matcher.type()));
      Field("value", matcher.value());
      json_.EndObject();
    }
    json_.EndArray();
    Field("name", node.name);
    Offset(node.modifiers);
    if (matrix != nullptr) {
      json_.Key("range").Int(matrix->range.count());
      Duration("rangeExpr", matrix->range_expr.get());
    }
    json_.Key("smoothed").Bool(node.smoothed);
    At(node.modifiers);
    Field("type", matrix == nullptr ? "vectorSelector" : "matrixSelector");
  }

  void WriteSubquery(const SubqueryExpr& node) {
    Child("expr", node.inner.get());
    Offset(node.modifiers);
    json_.Key("range").Int(node.range.count());
    Duration("rangeExpr", node.range_expr.get());
    StartOrEnd(node.modifiers);
    json_.Key("step").Int(node.step.count());
    Duration("stepExpr", node.step_expr.get());
    Time(node.modifiers);
    Field("type", "subquery");
  }

  void Offset(const TimeModifiers& modifiers) {
    json_.Key("offset").Int(modifiers.offset.count());
    Duration("offsetExpr", modifiers.offset_expr.get());
  }

  void At(const TimeModifiers& modifiers) {
    StartOrEnd(modifiers);
    Time(modifiers);
  }

  void StartOrEnd(const TimeModifiers& modifiers) {
    json_.Key("startOrEnd");
    switch (modifiers.at) {
      case AtKind::kStart:
        json_.String("start");
        break;
      case AtKind::kEnd:
        json_.String("end");
        break;
      default:
        json_.Null();
    }
  }

  void Time(const TimeModifiers& modifiers) {
    json_.Key("timestamp");
    if (modifiers.at == AtKind::kTime) {
      json_.Int(ToMillis(modifiers.at_time));
    } else {
      json_.Null();
    }
  }

  void Duration(std::string_view key, const DurationExpr* expr) {
    json_.Key(key);
    WriteDuration(expr);
  }

  void WriteDuration(const DurationExpr* expr) {
    if (expr == nullptr) {
      json_.Null();
      return;
    }
    json_.BeginObject();
    if (expr->kind == DurationExpr::Kind::kNumber) {
      Field("type", "numberLiteral");
      Field("val", FormatFloat(expr->number));
    } else {
      const bool unary = expr->kind == DurationExpr::Kind::kNegate;
      json_.Key("lhs");
      WriteDuration(unary ? nullptr : expr->left.get());
      Field("op", OperatorOf(expr->kind));
      json_.Key("rhs");
      WriteDuration(unary ? expr->left.get() : expr->right.get());
      Field("type", "durationExpr");
      json_.Key("wrapped").Bool(expr->wrapped);
    }
    json_.EndObject();
  }

  JsonWriter json_;
};

}  // namespace

std::string ToJson(const Expr& expr) {
  std::string out;
  CallDeep(DepthOf(expr), [&] { AstWriter(out).Write(&expr); });
  return out;
}

}  // namespace meerkat::promql
