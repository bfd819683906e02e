#include "alerting/template.h"

#include <utility>

#include "alerting/template/executor.h"
#include "alerting/template/node.h"
#include "alerting/template/output.h"

namespace meerkat::alerting::templates {
namespace {

Result<std::string> Run(const TreeSet& own, const TreeSet* shared, const FunctionSet& functions,
                        Escaping escaping, const Tree& tree, const Value& data) {
  PlainOutput plain;
  HtmlOutput html;
  Output& out = escaping == Escaping::kHtml ? static_cast<Output&>(html) : plain;
  Result<> done = Executor(own, shared, functions, out).Run(tree, data);
  if (!done) return std::move(done).error();
  return out.Take();
}

}  // namespace

struct Template::Set {
  TreeSet trees;
};

Template::Template(std::shared_ptr<const FunctionSet> functions, Escaping escaping)
    : escaping_(escaping), functions_(std::move(functions)), set_(std::make_shared<Set>()) {}
Template::~Template() = default;
Template::Template(const Template& other)
    : name_(other.name_),
      escaping_(other.escaping_),
      functions_(other.functions_),
      set_(std::make_shared<Set>(*other.set_)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template other) noexcept {
  std::swap(name_, other.name_);
  std::swap(escaping_, other.escaping_);
  std::swap(functions_, other.functions_);
  std::swap(set_, other.set_);
  return *this;
}

Result<Template> Template::Parse(std::string name, std::string_view text,
                                 std::shared_ptr<const FunctionSet> functions, Escaping escaping) {
  Template made(std::move(functions), escaping);
  made.name_ = name;
  Result<> added = made.Add(std::move(name), text);
  if (!added) return std::move(added).error();
  return made;
}

Result<> Template::Add(std::string name, std::string_view text) {
  Result<TreeSet> parsed = ParseTemplate(std::move(name), text, *functions_);
  if (!parsed) return std::move(parsed).error();
  for (auto& [defined, tree] : *parsed) {
    TreePtr& slot = set_->trees[defined];
    if (slot == nullptr || !tree->IsBlank()) slot = std::move(tree);
  }
  return {};
}

bool Template::Defines(std::string_view name) const {
  return set_->trees.contains(name);
}

Result<std::string> Template::Execute(const Value& data) const {
  return Execute(name_, data);
}

Result<std::string> Template::Execute(std::string_view name, const Value& data) const {
  const auto tree = set_->trees.find(name);
  if (tree == set_->trees.end()) {
    return Error(Code::kExecution, "template: no template \"" + std::string(name) +
                                       "\" associated with template \"" + name_ + "\"");
  }
  return Run(set_->trees, nullptr, *functions_, escaping_, *tree->second, data);
}

Result<std::string> Template::Expand(std::string_view text, const Value& data) const {
  if (text.find("{{") == std::string_view::npos && escaping_ == Escaping::kNone) {
    return std::string(text);
  }
  Result<TreeSet> parsed = ParseTemplate("", text, *functions_);
  if (!parsed) return std::move(parsed).error();
  return Run(*parsed, &set_->trees, *functions_, escaping_, *parsed->find("")->second, data);
}

}  // namespace meerkat::alerting::templates
