#include "server/config/kubernetes_selector.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/quote.h"

namespace meerkat::config {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestPrefix = 253;
constexpr std::string_view kSpecial = "=!(),<>";
constexpr std::string_view kSpace = " \t\r\n";

Error Invalid(std::string text) {
  return {Code::kInvalid, std::move(text)};
}

bool IsAlphaNumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Letters and digits at both ends, `inner` allowed between.
bool IsWord(std::string_view text, std::string_view inner) {
  return !text.empty() && IsAlphaNumeric(text.front()) && IsAlphaNumeric(text.back()) &&
         std::ranges::all_of(text, [inner](char c) {
           return IsAlphaNumeric(c) || inner.find(c) != std::string_view::npos;
         });
}

bool IsName(std::string_view text) {
  return text.size() <= kLongestName && IsWord(text, "-_.");
}

// A name, or a DNS domain and a name: app.kubernetes.io/name.
bool IsKey(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return IsName(text);
  std::string_view domain = text.substr(0, slash);
  if (domain.empty() || domain.size() > kLongestPrefix || !IsName(text.substr(slash + 1))) {
    return false;
  }
  while (true) {
    const std::size_t dot = domain.find('.');
    const std::string_view part = domain.substr(0, dot);
    const bool lower = std::ranges::none_of(part, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!lower || !IsWord(part, "-")) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool IsInteger(std::string_view text) {
  return !text.empty() && text.size() < 19 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Words and operators of a label selector.
std::vector<std::string_view> Tokens(std::string_view text) {
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t start = text.find_first_not_of(kSpace);
    if (start == std::string_view::npos) return tokens;
    text.remove_prefix(start);
    std::size_t length = 1;
    if (kSpecial.find(text.front()) == std::string_view::npos) {
      length = std::min(text.find_first_of(kSpecial), text.find_first_of(kSpace));
      length = std::min(length, text.size());
    } else if (text.starts_with("==") || text.starts_with("!=")) {
      length = 2;
    }
    tokens.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

class LabelSelector {
 public:
  explicit LabelSelector(std::string_view text) : tokens_(Tokens(text)) {}

  Result<> Check() {
    while (at_ < tokens_.size()) {
      if (auto good = Requirement(); !good) return good;
      if (at_ == tokens_.size()) return {};
      if (Next() != ",") return Expected("',' or the end");
      if (at_ == tokens_.size()) return Expected("a label after ','");
    }
    return {};
  }

 private:
  std::string_view Peek() const { return at_ < tokens_.size() ? tokens_[at_] : ""; }
  std::string_view Next() { return at_ < tokens_.size() ? tokens_[at_++] : ""; }
  static bool IsOperator(std::string_view token) {
    return token.empty() || kSpecial.find(token.front()) != std::string_view::npos;
  }
  Error Expected(const std::string& what) const {
    return Invalid("unable to parse label selector: found " + Quote(Peek()) + ", expected " + what);
  }

  Result<> Value(std::string_view value) const {
    if (value.empty() || IsName(value)) return {};
    return Invalid("unable to parse label selector: " + Quote(value) + " is not a label value");
  }

  Result<> Requirement() {
    const bool negated = Peek() == "!";
    if (negated) ++at_;
    const std::string_view key = Peek();
    if (IsOperator(key)) return Expected("a label");
    if (!IsKey(key)) {
      return Invalid("unable to parse label selector: " + Quote(key) + " is not a label name");
    }
    ++at_;
    const std::string_view comparison = Peek();
    if (negated || comparison.empty() || comparison == ",") return {};
    ++at_;
    if (comparison == "in" || comparison == "notin") return Values();
    if (comparison == ">" || comparison == "<") {
      if (IsInteger(Peek())) return (void)++at_, Result<>();
      return Expected("a whole number");
    }
    if (comparison != "=" && comparison != "==" && comparison != "!=") {
      --at_;
      return Expected("one of '=', '==', '!=', 'in', 'notin', '<', '>'");
    }
    if (Peek().empty() || Peek() == ",") return {};  // compared with the empty value
    if (IsOperator(Peek())) return Expected("a value");
    return Value(Next());
  }

  Result<> Values() {
    if (Next() != "(") return (void)--at_, Expected("'('");
    bool any = false;
    while (true) {
      if (!IsOperator(Peek())) {
        if (auto good = Value(Next()); !good) return good;
        any = true;
      } else if (Peek() == ",") {
        any = true;
      }
      if (Peek() == ",") {
        ++at_;
        continue;
      }
      if (Peek() != ")") return Expected("',' or ')'");
      ++at_;
      if (any) return {};
      return Invalid("unable to parse label selector: 'in' and 'notin' need values");
    }
  }

  const std::vector<std::string_view> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

Result<> CheckFieldSelector(std::string_view text) {
  if (text.empty()) return {};
  // A backslash takes the meaning from '=', ',' and itself.
  std::size_t start = 0;
  bool compares = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;
      continue;
    }
    if (i < text.size() && text[i] != ',') {
      compares = compares || text[i] == '=';
      continue;
    }
    const std::string_view term = text.substr(start, i - start);
    if (!term.empty() && !compares) {
      return Invalid("invalid selector: '" + std::string(text) + "'; can't understand '" +
                     std::string(term) + "'");
    }
    start = i + 1;
    compares = false;
  }
  return {};
}

Result<> CheckLabelSelector(std::string_view text) {
  return LabelSelector(text).Check();
}

}  // namespace meerkat::config
