#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/template.h"

// The tree of a template text.
namespace meerkat::alerting::templates {

struct Node;
using NodePtr = std::unique_ptr<Node>;

// One variable, field, constant, call, pipeline or statement. Which members mean something depends
// on the kind.
struct Node {
  enum class Kind : std::uint8_t {
    // operands
    kDot,
    kNil,
    kBool,
    kNumber,
    kString,
    kField,       // .A.B: names
    kVariable,    // $x.A.B: names, the first with its $
    kIdentifier,  // a function: text
    kChain,       // (children[0]).A.B: names
    // pipelines
    kPipe,     // names := / = children (commands)
    kCommand,  // children: what is called and its arguments
    // statements
    kText,
    kAction,  // pipe
    kIf,      // pipe, list, otherwise
    kWith,
    kRange,
    kTemplate,  // text: its name; pipe or null
    kBreak,
    kContinue,
    kList,  // children
  };
  Kind kind = Kind::kText;
  std::uint32_t position = 0;  // byte offset in the source

  std::string text;
  std::vector<std::string> names;
  bool is_assignment = false;  // of a pipe: = and not :=
  Value constant;
  bool is_integer = false;  // of a number: it may stand where an integer is wanted
  double as_float = 0;      // … or a float
  std::vector<NodePtr> children;
  NodePtr pipe, list, otherwise;

  // As Go prints the node in its messages.
  std::string ToText() const;
};

// A parsed template with what messages need: the name and text of the file it came from.
struct Tree {
  std::string name;
  std::shared_ptr<const std::string> file;
  std::shared_ptr<const std::string> source;
  NodePtr root;  // a list

  bool IsBlank() const;  // nothing but white space and definitions
};
using TreePtr = std::shared_ptr<const Tree>;
using TreeSet = std::map<std::string, TreePtr, std::less<>>;

// Parses `source` as the template `name`; what it defines comes beside it. Errors are Go's.
Result<TreeSet> ParseTemplate(std::string name, std::string_view source,
                              const FunctionSet& functions);

// The functions of the language itself, beside those that are injected.
const FunctionSet& Builtins();

}  // namespace meerkat::alerting::templates
