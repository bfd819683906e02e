#include "base/matcher.h"

#include <algorithm>

#include "base/quote.h"

namespace meerkat {

Result<Matcher> Matcher::Make(Type type, std::string name, std::string value,
                              Regex::Flavor flavor) {
  Matcher matcher(type, std::move(name), std::move(value));
  if (type == Type::kRegex || type == Type::kNotRegex) {
    auto regex = Regex::Compile(matcher.value_, flavor);
    if (!regex) return std::move(regex).error();
    matcher.regex_ = std::move(*regex);
  }
  return matcher;
}

Matcher Matcher::Equal(std::string name, std::string value) {
  return {Type::kEqual, std::move(name), std::move(value)};
}

bool Matcher::Matches(std::string_view value) const {
  switch (type_) {
    case Type::kEqual:
      return value == value_;
    case Type::kNotEqual:
      return value != value_;
    case Type::kRegex:
      return regex_->Matches(value);
    case Type::kNotRegex:
      return !regex_->Matches(value);
  }
  return false;
}

std::string_view Matcher::OperatorOf(Type type) {
  switch (type) {
    case Type::kEqual:
      return "=";
    case Type::kNotEqual:
      return "!=";
    case Type::kRegex:
      return "=~";
    case Type::kNotRegex:
      return "!~";
  }
  return "";
}

std::string Matcher::ToString() const {
  std::string out = IsLegacyLabelName(name_) ? name_ : Quote(name_);
  out += OperatorOf(type_);
  out += Quote(value_);
  return out;
}

}  // namespace meerkat
