#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alerting/template/node.h"
#include "alerting/template/output.h"

namespace meerkat::alerting::templates {

// Runs a template over data. One per execution.
class Executor {
 public:
  Executor(const TreeSet& own, const TreeSet* shared, const FunctionSet& functions, Output& out)
      : own_(own), shared_(shared), functions_(functions), out_(out) {}

  Result<> Run(const Tree& tree, const Value& data);

 private:
  enum class Flow { kOn, kBreak, kContinue, kFailed };
  // nullopt: it failed and error_ says why.
  using Evaluated = std::optional<Value>;

  Flow Walk(const Value& dot, const Node& node);
  Flow WalkList(const Value& dot, const Node& list);
  Flow WalkIfOrWith(const Value& dot, const Node& node);
  Flow WalkRange(const Value& dot, const Node& node);
  Flow Iterate(const Node& node, const Value& index, const Value& element, std::size_t mark);
  Flow WalkTemplate(const Value& dot, const Node& node);

  Evaluated Pipeline(const Value& dot, const Node& pipe);
  Evaluated Command(const Value& dot, const Node& command, const Value* last);
  Evaluated Operand(const Value& dot, const Node& node);
  Evaluated Argument(const Value& dot, Param param, const Node& node);
  Evaluated Constant(Param param, const Node& node);
  Evaluated Checked(Evaluated value, Param param);
  Evaluated FieldChain(const Value& dot, Value receiver, const Node& node, std::size_t first,
                       const Node* command, const Value* last);
  Evaluated Field(const Value& dot, const std::string& name, const Node& node, const Node* command,
                  const Value* last, const Value& receiver);
  Evaluated CallFunction(const Value& dot, const Node& identifier, const Node* command,
                         const Value* last);
  Evaluated AndOr(const Value& dot, const Node& identifier, const Node* command, const Value* last);
  // Arguments of a call: the command's operands behind the first, then the piped value.
  std::optional<std::vector<Value>> Arguments(const Value& dot, const std::string& name,
                                              const std::vector<Param>& params, bool variadic,
                                              const Node* command, const Value* last);
  Evaluated Returned(Result<Value> value, const std::string& name, const Node& node);

  std::nullopt_t Fail(const std::string& text);
  std::string Place() const;  // FILE:LINE:COL: of at_
  bool CountStep();
  Value* Variable(const std::string& name);
  const Tree* Find(std::string_view name) const;

  const TreeSet& own_;
  const TreeSet* shared_;  // looked into when own_ has no such template; may be null
  const FunctionSet& functions_;
  Output& out_;
  Value data_;
  const Tree* tree_ = nullptr;
  const Node* at_ = nullptr;
  std::vector<std::pair<std::string, Value>> variables_;
  int depth_ = 0;    // of templates
  int nesting_ = 0;  // of everything
  std::uint64_t steps_ = 0;
  std::optional<Error> error_;
};

}  // namespace meerkat::alerting::templates
