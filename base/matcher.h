#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/regex.h"
#include "base/result.h"

namespace meerkat {

// One condition on one label: name op "value". A missing label counts as "". Immutable. Threads:
// any.
class Matcher {
 public:
  enum class Type : unsigned char { kEqual, kNotEqual, kRegex, kNotRegex };

  // Fails only for a bad regular expression.
  static Result<Matcher> Make(Type type, std::string name, std::string value,
                              Regex::Flavor flavor = Regex::Flavor::kPrometheus);
  static Matcher Equal(std::string name, std::string value);

  Type type() const { return type_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  const std::optional<Regex>& regex() const { return regex_; }

  bool Matches(std::string_view value) const;
  bool Matches(const Labels& labels) const { return Matches(labels.Get(name_)); }
  bool MatchesEmpty() const { return Matches(std::string_view()); }

  // name="value", the value quoted as Go does; names outside the legacy alphabet are quoted too.
  std::string ToString() const;
  static std::string_view OperatorOf(Type type);  // "=", "!=", "=~", "!~"

  bool operator==(const Matcher& other) const {
    return type_ == other.type_ && name_ == other.name_ && value_ == other.value_;
  }

 private:
  Matcher(Type type, std::string name, std::string value)
      : type_(type), name_(std::move(name)), value_(std::move(value)) {}

  Type type_;
  std::string name_;
  std::string value_;
  std::optional<Regex> regex_;
};

}  // namespace meerkat
