#include <algorithm>
#include <optional>
#include <utility>

#include "alerting/template/go_literal.h"
#include "alerting/template/lexer.h"
#include "alerting/template/node.h"
#include "base/quote.h"

namespace meerkat::alerting::templates {
namespace {

// Statements and parentheses inside each other: whoever walks the tree may recurse.
constexpr int kMaxNesting = 300;
constexpr std::size_t kMaxSource = std::size_t{1} << 20;

// What ends a list of statements.
enum class Stop { kNone, kEof, kEnd, kElse };

// Recursive descent. After the first error every method gives nothing and error() tells it.
class Parser {
 public:
  Parser(std::string name, std::string_view source, const FunctionSet& functions)
      : name_(name),
        file_(std::make_shared<const std::string>(std::move(name))),
        source_(std::make_shared<const std::string>(source)),
        lexer_(*source_),
        functions_(functions) {}

  Result<TreeSet> Run() {
    if (source_->size() > kMaxSource) {
      Fail("text is longer than " + std::to_string(kMaxSource) + " bytes");
      return *std::move(error_);
    }
    NodePtr root = New(Node::Kind::kList, 0);
    while (!error_) {
      Stop stop = Statements(*root, true);
      if (error_) break;
      if (stop == Stop::kEof) break;
      Fail(stop == Stop::kEnd ? "unexpected {{end}}" : "unexpected {{else}}");
    }
    if (error_) return *std::move(error_);
    Define(name_, std::move(root));
    return std::move(set_);
  }

 private:
  // ---- tokens

  const Token& Peek() {
    if (!peeked_) peeked_ = lexer_.Next();
    return *peeked_;
  }
  Token Next() {
    Token token = Peek();
    peeked_.reset();
    line_ = token.line;
    return token;
  }
  const Token& PeekNonSpace() {
    while (Peek().type == TokenType::kSpace) Next();
    return Peek();
  }
  Token NextNonSpace() {
    PeekNonSpace();
    return Next();
  }

  bool Fail(const std::string& text) {
    if (!error_) {
      error_.emplace(Code::kInvalid,
                     "template: " + *file_ + ":" + std::to_string(line_) + ": " + text);
    }
    return false;
  }

  bool Unexpected(const Token& token, std::string_view context) {
    if (token.type == TokenType::kError) {
      std::string extra;
      if (action_line_ != 0 && action_line_ != token.line) {
        extra = " in action started at " + *file_ + ":" + std::to_string(action_line_);
        if (token.value.ends_with(" action")) extra.erase(0, 10);
      }
      return Fail(token.value + extra);
    }
    return Fail("unexpected " + Describe(token) + " in " + std::string(context));
  }

  bool ExpectRightDelim(std::string_view context) {
    const Token token = NextNonSpace();
    return token.type == TokenType::kRightDelim || Unexpected(token, context);
  }

  static NodePtr New(Node::Kind kind, std::uint32_t position) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->position = position;
    return node;
  }

  void Define(const std::string& name, NodePtr root) {
    auto tree = std::make_shared<Tree>();
    tree->name = name;
    tree->file = file_;
    tree->source = source_;
    tree->root = std::move(root);
    TreePtr& slot = set_[name];
    // A blank body does not replace one that says something.
    if (slot == nullptr || slot->IsBlank() || !tree->IsBlank()) slot = std::move(tree);
  }

  // ---- statements

  // Appends statements to `list` until {{end}}, {{else}} or the end of the text. The delimiter
  // behind {{else is left, because `if` or `with` may follow it.
  Stop Statements(Node& list, bool top) {
    while (!error_) {
      Token token = Next();
      if (token.type == TokenType::kText) {
        NodePtr text = New(Node::Kind::kText, token.position);
        text->text = std::move(token.value);
        list.children.push_back(std::move(text));
        continue;
      }
      if (token.type == TokenType::kEof) {
        if (!top) Fail("unexpected EOF");
        return Stop::kEof;
      }
      if (token.type != TokenType::kLeftDelim) {
        Unexpected(token, "input");
        return Stop::kNone;
      }
      action_line_ = token.line;
      const Stop stop = Action(list, top);
      action_line_ = 0;
      if (stop != Stop::kNone) return stop;
    }
    return Stop::kNone;
  }

  Stop Action(Node& list, bool top) {
    const Token token = PeekNonSpace();
    switch (token.type) {
      case TokenType::kDefine:
        if (!top) break;
        Next();
        Definition();
        return Stop::kNone;
      case TokenType::kEnd:
        Next();
        ExpectRightDelim("end");
        return Stop::kEnd;
      case TokenType::kElse:
        Next();
        if (PeekNonSpace().type != TokenType::kIf && Peek().type != TokenType::kWith) {
          ExpectRightDelim("else");
        }
        return Stop::kElse;
      case TokenType::kIf:
        Next();
        Append(list, Control(Node::Kind::kIf, token.position, "if"));
        return Stop::kNone;
      case TokenType::kWith:
        Next();
        Append(list, Control(Node::Kind::kWith, token.position, "with"));
        return Stop::kNone;
      case TokenType::kRange:
        Next();
        Append(list, Control(Node::Kind::kRange, token.position, "range"));
        return Stop::kNone;
      case TokenType::kBreak:
      case TokenType::kContinue:
        Next();
        Append(list, Jump(token));
        return Stop::kNone;
      case TokenType::kTemplate:
        Next();
        Append(list, Invocation());
        return Stop::kNone;
      case TokenType::kBlock:
        Next();
        Append(list, Block());
        return Stop::kNone;
      default:
        break;
    }
    NodePtr action = New(Node::Kind::kAction, token.position);
    action->pipe = Pipeline("command", TokenType::kRightDelim);
    Append(list, std::move(action));
    return Stop::kNone;
  }

  void Append(Node& list, NodePtr node) {
    if (!error_ && node != nullptr) list.children.push_back(std::move(node));
  }

  void Definition() {
    const Token token = NextNonSpace();
    std::optional<std::string> name = StringOf(token);
    if (!name) {
      Unexpected(token, "define clause");
      return;
    }
    if (!ExpectRightDelim("define clause")) return;
    NodePtr body = New(Node::Kind::kList, token.position);
    const std::vector<std::string> outer = std::exchange(variables_, {"$"});
    const int ranges = std::exchange(range_depth_, 0);
    const Stop stop = Statements(*body, false);
    variables_ = outer;
    range_depth_ = ranges;
    if (error_) return;
    if (stop != Stop::kEnd) {
      Fail("unexpected {{else}} in define clause");
      return;
    }
    Define(*name, std::move(body));
  }

  NodePtr Block() {
    const Token token = NextNonSpace();
    std::optional<std::string> name = StringOf(token);
    if (!name) {
      Unexpected(token, "block clause");
      return nullptr;
    }
    if (++nesting_ > kMaxNesting) Fail("statements are nested too deeply");
    NodePtr call = New(Node::Kind::kTemplate, token.position);
    call->text = *name;
    call->pipe = Pipeline("block clause", TokenType::kRightDelim);
    if (error_) return nullptr;
    NodePtr body = New(Node::Kind::kList, token.position);
    const std::vector<std::string> outer = std::exchange(variables_, {"$"});
    const int ranges = std::exchange(range_depth_, 0);
    const Stop stop = Statements(*body, false);
    variables_ = outer;
    range_depth_ = ranges;
    if (error_) return nullptr;
    if (stop != Stop::kEnd) {
      Fail("unexpected {{else}} in block clause");
      return nullptr;
    }
    --nesting_;
    Define(*name, std::move(body));
    return call;
  }

  NodePtr Invocation() {
    const Token token = NextNonSpace();
    std::optional<std::string> name = StringOf(token);
    if (!name) {
      Unexpected(token, "template clause");
      return nullptr;
    }
    NodePtr call = New(Node::Kind::kTemplate, token.position);
    call->text = *std::move(name);
    if (PeekNonSpace().type == TokenType::kRightDelim) {
      Next();
    } else {
      call->pipe = Pipeline("template clause", TokenType::kRightDelim);
    }
    return call;
  }

  NodePtr Jump(const Token& token) {
    const bool is_break = token.type == TokenType::kBreak;
    const std::string shown = is_break ? "{{break}}" : "{{continue}}";
    if (!ExpectRightDelim(shown)) return nullptr;
    if (range_depth_ == 0) {
      Fail(shown + " outside {{range}}");
      return nullptr;
    }
    return New(is_break ? Node::Kind::kBreak : Node::Kind::kContinue, token.position);
  }

  NodePtr Control(Node::Kind kind, std::uint32_t position, std::string_view context) {
    if (++nesting_ > kMaxNesting) Fail("statements are nested too deeply");
    const std::size_t mark = variables_.size();
    NodePtr node = New(kind, position);
    node->pipe = Pipeline(context, TokenType::kRightDelim);
    node->list = New(Node::Kind::kList, position);
    if (kind == Node::Kind::kRange) ++range_depth_;
    const Stop stop = error_ ? Stop::kNone : Statements(*node->list, false);
    if (kind == Node::Kind::kRange) --range_depth_;
    if (!error_ && stop == Stop::kElse) Else(*node);
    variables_.resize(mark);
    --nesting_;
    return node;
  }

  void Else(Node& node) {
    const std::uint32_t position = Peek().position;
    node.otherwise = New(Node::Kind::kList, position);
    const TokenType follows = Peek().type;
    if (follows == TokenType::kIf || follows == TokenType::kWith) {
      const bool same = (follows == TokenType::kIf) == (node.kind == Node::Kind::kIf);
      if (!same || node.kind == Node::Kind::kRange) {
        Unexpected(Next(), "input");
        return;
      }
      Next();
      // {{else if}} shares the {{end}} of the chain.
      Append(*node.otherwise,
             Control(node.kind, position, node.kind == Node::Kind::kIf ? "if" : "with"));
      return;
    }
    const Stop stop = Statements(*node.otherwise, false);
    if (!error_ && stop != Stop::kEnd) Fail("expected end; found {{else}}");
  }

  // ---- pipelines

  NodePtr Pipeline(std::string_view context, TokenType end) {
    if (++nesting_ > kMaxNesting) Fail("pipelines are nested too deeply");
    NodePtr pipe = New(Node::Kind::kPipe, PeekNonSpace().position);
    if (Declarations(*pipe, context)) Commands(*pipe, context, end);
    --nesting_;
    return error_ ? nullptr : std::move(pipe);
  }

  // $x :=, $x =, $i, $x := — or a variable that begins the first command, kept in held_.
  bool Declarations(Node& pipe, std::string_view context) {
    while (PeekNonSpace().type == TokenType::kVariable) {
      Token variable = Next();
      const bool space = Peek().type == TokenType::kSpace;
      const Token& next = PeekNonSpace();
      if (next.type == TokenType::kAssign || next.type == TokenType::kDeclare) {
        pipe.is_assignment = next.type == TokenType::kAssign;
        Next();
        pipe.names.push_back(variable.value);
        variables_.push_back(variable.value);
        return true;
      }
      if (next.type == TokenType::kChar && next.value == ",") {
        Next();
        pipe.names.push_back(variable.value);
        variables_.push_back(variable.value);
        if (context != "range" || pipe.names.size() >= 2) {
          return Fail("too many declarations in " + std::string(context));
        }
        switch (PeekNonSpace().type) {
          case TokenType::kVariable:
          case TokenType::kRightDelim:
          case TokenType::kRightParen:
            continue;
          default:
            return Fail("range can only initialize variables");
        }
      }
      held_ = std::move(variable);
      held_space_ = space;
      return true;
    }
    return true;
  }

  void Commands(Node& pipe, std::string_view context, TokenType end) {
    while (!error_) {
      const Token& token = held_ ? *held_ : PeekNonSpace();
      if (token.type == end) {
        Next();
        CheckPipeline(pipe, context);
        return;
      }
      switch (token.type) {
        case TokenType::kBool:
        case TokenType::kCharConstant:
        case TokenType::kDot:
        case TokenType::kField:
        case TokenType::kIdentifier:
        case TokenType::kNumber:
        case TokenType::kNil:
        case TokenType::kRawString:
        case TokenType::kString:
        case TokenType::kVariable:
        case TokenType::kLeftParen:
          Command(pipe);
          break;
        default:
          Unexpected(Next(), context);
      }
    }
  }

  void CheckPipeline(const Node& pipe, std::string_view context) {
    if (pipe.children.empty()) {
      Fail("missing value for " + std::string(context));
      return;
    }
    for (std::size_t i = 1; i < pipe.children.size(); ++i) {
      switch (pipe.children[i]->children[0]->kind) {
        case Node::Kind::kBool:
        case Node::Kind::kDot:
        case Node::Kind::kNil:
        case Node::Kind::kNumber:
        case Node::Kind::kString:
          Fail("non executable command in pipeline stage " + std::to_string(i + 1));
          return;
        default:
          break;
      }
    }
  }

  // Operands up to | or the end of the pipeline.
  void Command(Node& pipe) {
    NodePtr command = New(Node::Kind::kCommand, held_ ? held_->position : PeekNonSpace().position);
    while (!error_) {
      if (NodePtr operand = Operand()) command->children.push_back(std::move(operand));
      if (error_) return;
      if (held_space_) {  // already taken behind the held variable
        held_space_ = false;
        continue;
      }
      const Token& token = Peek();
      if (token.type == TokenType::kSpace) {
        Next();
        continue;
      }
      if (token.type == TokenType::kRightDelim || token.type == TokenType::kRightParen) break;
      if (token.type == TokenType::kPipe) {
        Next();
        break;
      }
      Unexpected(Next(), "operand");
      return;
    }
    if (command->children.empty()) {
      Fail("empty command");
      return;
    }
    pipe.children.push_back(std::move(command));
  }

  // A term and the fields behind it.
  NodePtr Operand() {
    const bool held = held_.has_value() && held_space_;
    NodePtr node = Term();
    if (error_ || node == nullptr || held || Peek().type != TokenType::kField) return node;
    const std::uint32_t position = Peek().position;
    std::vector<std::string> names;
    while (Peek().type == TokenType::kField) names.push_back(Next().value.substr(1));
    switch (node->kind) {
      case Node::Kind::kField:
      case Node::Kind::kVariable:
        node->position = position;
        std::ranges::move(names, std::back_inserter(node->names));
        return node;
      case Node::Kind::kBool:
      case Node::Kind::kString:
      case Node::Kind::kNumber:
      case Node::Kind::kNil:
      case Node::Kind::kDot:
        Fail("unexpected . after term " + Quote(node->ToText()));
        return nullptr;
      default: {
        NodePtr chain = New(Node::Kind::kChain, position);
        chain->names = std::move(names);
        chain->children.push_back(std::move(node));
        return chain;
      }
    }
  }

  NodePtr Term() {
    Token token;
    if (held_) {
      token = *std::exchange(held_, std::nullopt);
    } else {
      switch (PeekNonSpace().type) {
        case TokenType::kIdentifier:
        case TokenType::kDot:
        case TokenType::kNil:
        case TokenType::kVariable:
        case TokenType::kField:
        case TokenType::kBool:
        case TokenType::kCharConstant:
        case TokenType::kNumber:
        case TokenType::kLeftParen:
        case TokenType::kString:
        case TokenType::kRawString:
          token = Next();
          break;
        default:
          return nullptr;
      }
    }
    switch (token.type) {
      case TokenType::kIdentifier: {
        if (!functions_.contains(token.value) && !Builtins().contains(token.value)) {
          Fail("function " + Quote(token.value) + " not defined");
          return nullptr;
        }
        NodePtr node = New(Node::Kind::kIdentifier, token.position);
        node->text = token.value;
        return node;
      }
      case TokenType::kDot:
        return New(Node::Kind::kDot, token.position);
      case TokenType::kNil:
        return New(Node::Kind::kNil, token.position);
      case TokenType::kVariable: {
        if (std::ranges::find(variables_, token.value) == variables_.end()) {
          Fail("undefined variable " + Quote(token.value));
          return nullptr;
        }
        NodePtr node = New(Node::Kind::kVariable, token.position);
        node->names.push_back(token.value);
        return node;
      }
      case TokenType::kField: {
        NodePtr node = New(Node::Kind::kField, token.position);
        node->names.push_back(token.value.substr(1));
        return node;
      }
      case TokenType::kBool: {
        NodePtr node = New(Node::Kind::kBool, token.position);
        node->text = token.value;
        node->constant = Value::Bool(token.value == "true");
        return node;
      }
      case TokenType::kLeftParen: {
        NodePtr pipe = Pipeline("parenthesized pipeline", TokenType::kRightParen);
        return pipe;
      }
      case TokenType::kString:
      case TokenType::kRawString: {
        NodePtr node = New(Node::Kind::kString, token.position);
        const std::optional<std::string> text = UnquoteGo(token.value);
        if (!text) {
          Fail("invalid syntax");
          return nullptr;
        }
        node->text = token.value;
        node->constant = Value::String(*text);
        return node;
      }
      default:
        return Number(token);
    }
  }

  NodePtr Number(const Token& token) {
    auto number = ReadGoNumber(token.value);
    if (!number) {
      Fail(number.error().message());
      return nullptr;
    }
    NodePtr node = New(Node::Kind::kNumber, token.position);
    node->text = token.value;
    node->constant = number->integer ? Value::Int(*number->integer) : Value::Float(number->real);
    node->is_integer = number->is_whole;
    node->as_float = number->real;
    return node;
  }

  static std::optional<std::string> StringOf(const Token& token) {
    if (token.type != TokenType::kString && token.type != TokenType::kRawString) {
      return std::nullopt;
    }
    return UnquoteGo(token.value);
  }

  const std::string name_;
  std::shared_ptr<const std::string> file_;
  std::shared_ptr<const std::string> source_;
  Lexer lexer_;
  const FunctionSet& functions_;
  std::optional<Token> peeked_;
  std::optional<Token> held_;  // a variable that turned out to be an operand
  bool held_space_ = false;    // white space followed it
  int line_ = 1;
  int action_line_ = 0;
  int nesting_ = 0;
  int range_depth_ = 0;
  std::vector<std::string> variables_ = {"$"};
  TreeSet set_;
  std::optional<Error> error_;
};

}  // namespace

Result<TreeSet> ParseTemplate(std::string name, std::string_view source,
                              const FunctionSet& functions) {
  return Parser(std::move(name), source, functions).Run();
}

}  // namespace meerkat::alerting::templates
