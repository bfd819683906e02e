#include "alerting/template/executor.h"

#include <algorithm>

#include "base/quote.h"

namespace meerkat::alerting::templates {
namespace {

constexpr int kMaxDepth = 200;
constexpr int kMaxNesting = 2000;  // statements and operands inside each other, over all templates
constexpr std::uint64_t kMaxSteps = 10'000'000;
constexpr std::size_t kMaxOutput = std::size_t{64} << 20;

std::string_view NameOf(Param param) {
  switch (param) {
    case Param::kAny:
      return "interface {}";
    case Param::kBool:
      return "bool";
    case Param::kInt:
      return "int";
    case Param::kFloat:
      return "float64";
    case Param::kString:
      return "string";
    case Param::kStrings:
      return "[]string";
    case Param::kList:
      return "[]interface {}";
    case Param::kTime:
      return "time.Time";
    case Param::kDuration:
      return "time.Duration";
    case Param::kQueryResult:
      return "template.queryResult";
    case Param::kSample:
      return "*template.sample";
  }
  return "";
}

bool Fits(const Value& value, Param param) {
  switch (param) {
    case Param::kAny:
      return true;
    case Param::kBool:
      return value.kind() == Value::Kind::kBool;
    case Param::kInt:
      return value.kind() == Value::Kind::kInt;
    case Param::kFloat:
      return value.kind() == Value::Kind::kFloat;
    case Param::kString:
      // template.HTML and template.URL are other types than string.
      return value.kind() == Value::Kind::kString &&
             (value.type() == nullptr || value.type()->name == NameOf(param));
    case Param::kStrings:
      return value.type() == &kStringList;
    case Param::kList:
      return value.kind() == Value::Kind::kList && value.type() == nullptr;
    case Param::kTime:
      return value.kind() == Value::Kind::kTime;
    case Param::kDuration:
      return value.kind() == Value::Kind::kDuration;
    case Param::kQueryResult:
      return value.type() == &kQueryResult;
    case Param::kSample:
      return value.type() == &kSample;
  }
  return false;
}

class Nest {
 public:
  explicit Nest(int& level) : level_(level) { ++level_; }
  ~Nest() { --level_; }
  Nest(const Nest&) = delete;
  Nest& operator=(const Nest&) = delete;

 private:
  int& level_;
};

}  // namespace

Result<> Executor::Run(const Tree& tree, const Value& data) {
  data_ = data;
  tree_ = &tree;
  variables_ = {{"$", data}};
  if (Walk(data, *tree.root) == Flow::kFailed) return *std::move(error_);
  return {};
}

std::string Executor::Place() const {
  const std::string_view before = std::string_view(*tree_->source).substr(0, at_->position);
  const std::size_t line_break = before.rfind('\n');
  const std::size_t column =
      line_break == std::string_view::npos ? before.size() : before.size() - line_break - 1;
  return *tree_->file + ":" + std::to_string(1 + std::ranges::count(before, '\n')) + ":" +
         std::to_string(column) + ": ";
}

std::nullopt_t Executor::Fail(const std::string& text) {
  if (error_) return std::nullopt;
  std::string message = "template: ";
  if (at_ == nullptr) {
    message += tree_->name + ": " + text;
  } else {
    message += Place() + "executing " + Quote(tree_->name) + " at <" + at_->ToText() + ">: " + text;
  }
  error_.emplace(Code::kExecution, std::move(message));
  return std::nullopt;
}

bool Executor::CountStep() {
  if (++steps_ > kMaxSteps) Fail("template runs for too long");
  if (out_.text().size() > kMaxOutput) Fail("output is too long");
  if (nesting_ > kMaxNesting) Fail("exceeded maximum nesting");
  return !error_.has_value();
}

Value* Executor::Variable(const std::string& name) {
  for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
    if (it->first == name) return &it->second;
  }
  Fail("undefined variable: " + name);
  return nullptr;
}

const Tree* Executor::Find(std::string_view name) const {
  if (const auto it = own_.find(name); it != own_.end()) return it->second.get();
  if (shared_ == nullptr) return nullptr;
  const auto it = shared_->find(name);
  return it == shared_->end() ? nullptr : it->second.get();
}

// ---- statements

Executor::Flow Executor::Walk(const Value& dot, const Node& node) {
  const Nest nest(nesting_);
  if (!CountStep()) return Flow::kFailed;
  at_ = &node;
  switch (node.kind) {
    case Node::Kind::kText:
      out_.Text(node.text);
      return Flow::kOn;
    case Node::Kind::kList:
      return WalkList(dot, node);
    case Node::Kind::kAction: {
      const Evaluated value = Pipeline(dot, *node.pipe);
      if (!value) return Flow::kFailed;
      if (node.pipe->names.empty()) out_.Print(*value);
      return Flow::kOn;
    }
    case Node::Kind::kIf:
    case Node::Kind::kWith:
      return WalkIfOrWith(dot, node);
    case Node::Kind::kRange:
      return WalkRange(dot, node);
    case Node::Kind::kTemplate:
      return WalkTemplate(dot, node);
    case Node::Kind::kBreak:
      return Flow::kBreak;
    case Node::Kind::kContinue:
      return Flow::kContinue;
    default:
      Fail("unknown node: " + node.ToText());
      return Flow::kFailed;
  }
}

Executor::Flow Executor::WalkList(const Value& dot, const Node& list) {
  for (const NodePtr& child : list.children) {
    if (const Flow flow = Walk(dot, *child); flow != Flow::kOn) return flow;
  }
  return Flow::kOn;
}

Executor::Flow Executor::WalkIfOrWith(const Value& dot, const Node& node) {
  const std::size_t mark = variables_.size();
  const Evaluated value = Pipeline(dot, *node.pipe);
  if (!value) return Flow::kFailed;
  Flow flow = Flow::kOn;
  if (value->IsTrue()) {
    flow = Walk(node.kind == Node::Kind::kWith ? *value : dot, *node.list);
  } else if (node.otherwise != nullptr) {
    flow = Walk(dot, *node.otherwise);
  }
  variables_.resize(mark);
  return flow;
}

Executor::Flow Executor::WalkRange(const Value& dot, const Node& node) {
  const std::size_t outer = variables_.size();
  const Evaluated over = Pipeline(dot, *node.pipe);
  if (!over) return Flow::kFailed;
  const std::size_t mark = variables_.size();
  Flow flow = Flow::kOn;
  bool any = false;
  // One round; true: go on.
  const auto round = [&](const Value& index, const Value& element) {
    any = true;
    flow = Iterate(node, index, element, mark);
    if (flow == Flow::kContinue) flow = Flow::kOn;
    return flow == Flow::kOn;
  };
  switch (over->kind()) {
    case Value::Kind::kNil:
      break;
    case Value::Kind::kList: {
      std::int64_t index = 0;
      for (const Value& element : over->list()) {
        if (!round(Value::Int(index++), element)) break;
      }
      break;
    }
    case Value::Kind::kMap:
      for (const auto& [key, element] : over->map()) {
        if (!round(Value::String(key), element)) break;
      }
      break;
    case Value::Kind::kInt:
      if (node.pipe->names.size() > 1) {
        Fail("can't use " + over->ToText() + " to iterate over more than one variable");
        return Flow::kFailed;
      }
      for (std::int64_t i = 0; i < over->integer(); ++i) {
        if (!round(Value::Int(i), Value::Int(i))) break;
      }
      break;
    default:
      Fail("range can't iterate over " + over->ToText());
      return Flow::kFailed;
  }
  if (flow == Flow::kBreak) flow = Flow::kOn;
  if (!any && node.otherwise != nullptr) flow = Walk(dot, *node.otherwise);
  variables_.resize(outer);
  return flow;
}

Executor::Flow Executor::Iterate(const Node& node, const Value& index, const Value& element,
                                 std::size_t mark) {
  const std::vector<std::string>& names = node.pipe->names;
  if (node.pipe->is_assignment && !names.empty()) {
    // With two variables the index comes first, with one it is the element.
    const bool both = names.size() > 1;
    if (Value* first = Variable(names[0])) *first = both ? index : element;
    if (both) {
      if (Value* second = Variable(names[1])) *second = element;
    }
  } else if (!names.empty()) {
    variables_[mark - 1].second = element;
    if (names.size() > 1) variables_[mark - 2].second = index;
  }
  const Flow flow = error_ ? Flow::kFailed : Walk(element, *node.list);
  variables_.resize(mark);
  return flow;
}

Executor::Flow Executor::WalkTemplate(const Value& dot, const Node& node) {
  const Tree* called = Find(node.text);
  if (called == nullptr) {
    if (out_.escapes() && !error_) {
      error_.emplace(Code::kExecution,
                     "html/template:" + Place() + "no such template " + Quote(node.text));
      return Flow::kFailed;
    }
    Fail("template " + Quote(node.text) + " not defined");
    return Flow::kFailed;
  }
  if (depth_ == kMaxDepth) {
    Fail("exceeded maximum template depth (" + std::to_string(kMaxDepth) + ")");
    return Flow::kFailed;
  }
  Value data;
  if (node.pipe != nullptr) {
    const Evaluated value = Pipeline(dot, *node.pipe);
    if (!value) return Flow::kFailed;
    data = *value;
  }
  ++depth_;
  const Tree* caller = std::exchange(tree_, called);
  std::vector<std::pair<std::string, Value>> outer = std::move(variables_);
  variables_ = {{"$", data}};
  const Flow flow = Walk(data, *called->root);
  variables_ = std::move(outer);
  tree_ = caller;
  --depth_;
  return flow;
}

// ---- pipelines

Executor::Evaluated Executor::Pipeline(const Value& dot, const Node& pipe) {
  at_ = &pipe;
  Evaluated value;
  for (const NodePtr& command : pipe.children) {
    value = Command(dot, *command, value ? &*value : nullptr);
    if (!value) return std::nullopt;
  }
  for (const std::string& name : pipe.names) {
    if (!pipe.is_assignment) {
      variables_.emplace_back(name, *value);
    } else if (Value* variable = Variable(name)) {
      *variable = *value;
    } else {
      return std::nullopt;
    }
  }
  return value;
}

Executor::Evaluated Executor::Command(const Value& dot, const Node& command, const Value* last) {
  const Nest nest(nesting_);
  if (!CountStep()) return std::nullopt;
  // The piped value may live where the result goes.
  const std::optional<Value> kept = last == nullptr ? std::nullopt : std::optional(*last);
  const Value* piped = kept ? &*kept : nullptr;
  const Node& first = *command.children[0];
  switch (first.kind) {
    case Node::Kind::kField:
      at_ = &first;
      return FieldChain(dot, dot, first, 0, &command, piped);
    case Node::Kind::kChain: {
      at_ = &first;
      if (first.children[0]->kind == Node::Kind::kNil) {
        return Fail("indirection through explicit nil in " + first.ToText());
      }
      const Evaluated receiver = Argument(dot, Param::kAny, *first.children[0]);
      if (!receiver) return std::nullopt;
      return FieldChain(dot, *receiver, first, 0, &command, piped);
    }
    case Node::Kind::kIdentifier:
      return CallFunction(dot, first, &command, piped);
    case Node::Kind::kVariable:
      if (first.names.size() > 1) {
        at_ = &first;
        const Value* variable = Variable(first.names[0]);
        if (variable == nullptr) return std::nullopt;
        return FieldChain(dot, *variable, first, 1, &command, piped);
      }
      break;
    default:
      break;
  }
  if (first.kind != Node::Kind::kPipe) at_ = &first;
  if (command.children.size() > 1 || piped != nullptr) {
    return Fail("can't give argument to non-function " + first.ToText());
  }
  if (first.kind == Node::Kind::kNil) return Fail("nil is not a command");
  return Operand(dot, first);
}

// What stands for itself: no arguments.
Executor::Evaluated Executor::Operand(const Value& dot, const Node& node) {
  at_ = &node;
  switch (node.kind) {
    case Node::Kind::kDot:
      return dot;
    case Node::Kind::kNil:
      return Value();
    case Node::Kind::kBool:
    case Node::Kind::kNumber:
    case Node::Kind::kString:
      return node.constant;
    case Node::Kind::kField:
      return FieldChain(dot, dot, node, 0, nullptr, nullptr);
    case Node::Kind::kVariable: {
      const Value* variable = Variable(node.names[0]);
      if (variable == nullptr) return std::nullopt;
      if (node.names.size() == 1) return *variable;
      return FieldChain(dot, *variable, node, 1, nullptr, nullptr);
    }
    case Node::Kind::kIdentifier:
      return CallFunction(dot, node, nullptr, nullptr);
    case Node::Kind::kPipe:
      return Pipeline(dot, node);
    case Node::Kind::kChain: {
      const Evaluated receiver = Argument(dot, Param::kAny, *node.children[0]);
      if (!receiver) return std::nullopt;
      return FieldChain(dot, *receiver, node, 0, nullptr, nullptr);
    }
    default:
      return Fail("can't evaluate " + node.ToText());
  }
}

Executor::Evaluated Executor::Argument(const Value& dot, Param param, const Node& node) {
  at_ = &node;
  switch (node.kind) {
    case Node::Kind::kNil:
      if (param != Param::kAny) return Fail("cannot assign nil to " + std::string(NameOf(param)));
      return Value();
    case Node::Kind::kBool:
    case Node::Kind::kNumber:
    case Node::Kind::kString:
      return Constant(param, node);
    default:
      return Checked(Operand(dot, node), param);
  }
}

// A constant takes the type that is wanted, where it can.
Executor::Evaluated Executor::Constant(Param param, const Node& node) {
  const bool number = node.kind == Node::Kind::kNumber;
  switch (param) {
    case Param::kAny:
      return node.constant;
    case Param::kBool:
      if (node.kind == Node::Kind::kBool) return node.constant;
      return Fail("expected bool; found " + node.ToText());
    case Param::kInt:
    case Param::kDuration: {
      if (!number || !node.is_integer) return Fail("expected integer; found " + node.ToText());
      const std::int64_t value = node.constant.kind() == Value::Kind::kInt
                                     ? node.constant.integer()
                                     : static_cast<std::int64_t>(node.as_float);
      return param == Param::kInt ? Value::Int(value) : Value::Duration(Nanos(value));
    }
    case Param::kFloat:
      if (!number) return Fail("expected float; found " + node.ToText());
      return Value::Float(node.as_float);
    case Param::kString:
      if (node.kind == Node::Kind::kString) return node.constant;
      return Fail("expected string; found " + node.ToText());
    default:
      return Fail("can't handle " + node.ToText() + " for arg of type " +
                  std::string(NameOf(param)));
  }
}

Executor::Evaluated Executor::Checked(Evaluated value, Param param) {
  if (!value || Fits(*value, param)) return value;
  if (value->is_nil()) return Fail("invalid value; expected " + std::string(NameOf(param)));
  return Fail("wrong type for value; expected " + std::string(NameOf(param)) + "; got " +
              value->TypeName());
}

Executor::Evaluated Executor::FieldChain(const Value& dot, Value receiver, const Node& node,
                                         std::size_t first, const Node* command,
                                         const Value* last) {
  for (std::size_t i = first; i < node.names.size(); ++i) {
    const bool is_last = i + 1 == node.names.size();  // which alone gets the arguments
    Evaluated next = Field(dot, node.names[i], node, is_last ? command : nullptr,
                           is_last ? last : nullptr, receiver);
    if (!next) return std::nullopt;
    receiver = *std::move(next);
  }
  return receiver;
}

Executor::Evaluated Executor::Field(const Value& dot, const std::string& name, const Node& node,
                                    const Node* command, const Value* last, const Value& receiver) {
  if (receiver.is_nil()) return Value();
  if (receiver.type() != nullptr) {
    for (const Type::Method& method : receiver.type()->methods) {
      if (method.name != name) continue;
      const auto args = Arguments(dot, name, method.params, false, command, last);
      if (!args) return std::nullopt;
      return Returned(method.call(receiver, *args), name, node);
    }
  }
  const bool has_arguments =
      last != nullptr || (command != nullptr && command->children.size() > 1);
  if (receiver.kind() == Value::Kind::kStruct) {
    for (const auto& [field, value] : receiver.fields()) {
      if (field != name) continue;
      if (has_arguments) {
        return Fail(name + " has arguments but cannot be invoked as function");
      }
      return value;
    }
  } else if (receiver.kind() == Value::Kind::kMap) {
    if (has_arguments) return Fail(name + " is not a method but has arguments");
    const auto found = receiver.map().find(name);
    if (found != receiver.map().end()) return found->second;
    const bool strings = receiver.type() != nullptr && receiver.type()->string_elements;
    return strings ? Value::String("") : Value();
  }
  return Fail("can't evaluate field " + name + " in type " + receiver.TypeName());
}

// ---- calls

Executor::Evaluated Executor::CallFunction(const Value& dot, const Node& identifier,
                                           const Node* command, const Value* last) {
  at_ = &identifier;
  const std::string& name = identifier.text;
  const auto own = functions_.find(name);
  if (own == functions_.end() && (name == "and" || name == "or")) {
    return AndOr(dot, identifier, command, last);
  }
  const auto builtin = Builtins().find(name);
  if (own == functions_.end() && builtin == Builtins().end()) {
    return Fail(Quote(name) + " is not a defined function");
  }
  const Function& function = own != functions_.end() ? own->second : builtin->second;
  const auto args = Arguments(dot, name, function.params, function.variadic, command, last);
  if (!args) return std::nullopt;
  return Returned(
      function.call_on_data ? function.call_on_data(data_, *args) : function.call(*args), name,
      command == nullptr ? identifier : *command);
}

// They look at no more arguments than they need.
Executor::Evaluated Executor::AndOr(const Value& dot, const Node& identifier, const Node* command,
                                    const Value* last) {
  const bool stop_at = identifier.text == "or";
  const std::size_t count = command == nullptr ? 1 : command->children.size();
  if (count == 1 && last == nullptr) {
    return Fail("wrong number of args for " + identifier.text + ": want at least 1 got 0");
  }
  Evaluated value;
  for (std::size_t i = 1; i < count; ++i) {
    value = Argument(dot, Param::kAny, *command->children[i]);
    if (!value || value->IsTrue() == stop_at) return value;
  }
  return last == nullptr ? value : *last;
}

std::optional<std::vector<Value>> Executor::Arguments(const Value& dot, const std::string& name,
                                                      const std::vector<Param>& params,
                                                      bool variadic, const Node* command,
                                                      const Value* last) {
  const std::size_t operands = command == nullptr ? 0 : command->children.size() - 1;
  const std::size_t given = operands + (last == nullptr ? 0 : 1);
  const std::size_t least = variadic ? params.size() - 1 : params.size();
  if (given < least || (!variadic && given > least)) {
    return Fail("wrong number of args for " + name + ": want " + (variadic ? "at least " : "") +
                std::to_string(least) + " got " + std::to_string(given));
  }
  std::vector<Value> args;
  args.reserve(given);
  const auto param = [&](std::size_t i) { return params[std::min(i, params.size() - 1)]; };
  for (std::size_t i = 0; i < operands; ++i) {
    Evaluated arg = Argument(dot, param(i), *command->children[i + 1]);
    if (!arg) return std::nullopt;
    args.push_back(*std::move(arg));
  }
  if (last != nullptr) {
    Evaluated arg = Checked(*last, param(operands));
    if (!arg) return std::nullopt;
    args.push_back(*std::move(arg));
  }
  return args;
}

Executor::Evaluated Executor::Returned(Result<Value> value, const std::string& name,
                                       const Node& node) {
  if (value) return *std::move(value);
  at_ = &node;
  return Fail("error calling " + name + ": " + value.error().message());
}

}  // namespace meerkat::alerting::templates
