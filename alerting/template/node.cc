#include "alerting/template/node.h"

#include <algorithm>

#include "base/quote.h"

namespace meerkat::alerting::templates {

bool Tree::IsBlank() const {
  return std::ranges::all_of(root->children, [](const NodePtr& node) {
    return node->kind == Node::Kind::kText &&
           node->text.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
  });
}

std::string Node::ToText() const {
  std::string out;
  const auto fields = [&] {
    for (const std::string& name : names) out += "." + name;
  };
  switch (kind) {
    case Kind::kDot:
      return ".";
    case Kind::kNil:
      return "nil";
    case Kind::kBool:
    case Kind::kNumber:
    case Kind::kString:
    case Kind::kIdentifier:
      return text;
    case Kind::kField:
      fields();
      return out;
    case Kind::kVariable:
      for (const std::string& name : names) out += (out.empty() ? "" : ".") + name;
      return out;
    case Kind::kChain:
      out = children[0]->kind == Kind::kPipe ? "(" + children[0]->ToText() + ")"
                                             : children[0]->ToText();
      fields();
      return out;
    case Kind::kPipe:
      for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
      if (!names.empty()) out += is_assignment ? " = " : " := ";
      for (std::size_t i = 0; i < children.size(); ++i) {
        out += (i > 0 ? " | " : "") + children[i]->ToText();
      }
      return out;
    case Kind::kCommand:
      for (std::size_t i = 0; i < children.size(); ++i) {
        if (i > 0) out += ' ';
        const bool nested = children[i]->kind == Kind::kPipe;
        out += nested ? "(" + children[i]->ToText() + ")" : children[i]->ToText();
      }
      return out;
    case Kind::kText:
      return text;
    case Kind::kAction:
      return "{{" + pipe->ToText() + "}}";
    case Kind::kIf:
      return "{{if " + pipe->ToText() + "}}…{{end}}";
    case Kind::kWith:
      return "{{with " + pipe->ToText() + "}}…{{end}}";
    case Kind::kRange:
      return "{{range " + pipe->ToText() + "}}…{{end}}";
    case Kind::kTemplate:
      return "{{template " + Quote(text) + (pipe == nullptr ? "" : " " + pipe->ToText()) + "}}";
    case Kind::kBreak:
      return "{{break}}";
    case Kind::kContinue:
      return "{{continue}}";
    case Kind::kList:
      for (const NodePtr& child : children) out += child->ToText();
      return out;
  }
  return out;
}

}  // namespace meerkat::alerting::templates
