#include "base/regex.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "base/utf8.h"

namespace meerkat {
namespace {

constexpr std::int64_t kMaxProgramBytes = 16 << 20;
constexpr std::size_t kMaxLiterals = 512;
constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";

// a|b|(c|d) at the outermost level only: splits on '|' that stands outside of any group or class.
std::vector<std::string> LiteralAlternatives(std::string_view pattern) {
  if (pattern.starts_with('(') && pattern.ends_with(')')) {
    std::string_view inside = pattern.substr(1, pattern.size() - 2);
    if (inside.starts_with("?:")) inside.remove_prefix(2);
    if (inside.find_first_of("()") == std::string_view::npos) pattern = inside;
  }
  std::vector<std::string> literals;
  while (true) {
    const std::size_t bar = pattern.find('|');
    const std::string_view part = pattern.substr(0, bar);
    // "\." is the one escape people write everywhere.
    std::string literal;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const bool escaped = part[i] == '\\' && i + 1 < part.size() &&
                           kSpecial.find(part[i + 1]) != std::string_view::npos;
      if (escaped) {
        ++i;
      } else if (kSpecial.find(part[i]) != std::string_view::npos) {
        return {};
      }
      literal += part[i];
    }
    literals.push_back(std::move(literal));
    if (bar == std::string_view::npos || literals.size() > kMaxLiterals) break;
    pattern.remove_prefix(bar + 1);
  }
  if (literals.size() > kMaxLiterals) return {};
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  return literals;
}

std::string LiteralPrefix(std::string_view pattern) {
  if (pattern.find('|') != std::string_view::npos) return {};
  std::size_t end = pattern.find_first_of(kSpecial);
  if (end == std::string_view::npos) end = pattern.size();
  // A quantifier takes the character before it back: "ab*" starts with "a" alone.
  if (end < pattern.size() && end > 0 &&
      std::string_view("*?{").find(pattern[end]) != std::string_view::npos) {
    do {
      --end;
    } while (end > 0 && (static_cast<unsigned char>(pattern[end]) & 0xC0) == 0x80);
  }
  return std::string(pattern.substr(0, end));
}

}  // namespace

struct Regex::Program {
  std::unique_ptr<RE2> re;
  std::vector<std::string> literals;
  std::string prefix;
  enum class Shape : unsigned char {
    kGeneral,
    kLiterals,
    kAnything,
    kNonEmpty
  } shape = Shape::kGeneral;
  int groups = 0;
};

namespace {

// In the words of Go's regexp package, which users know from upstream's messages.
std::string_view Explain(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "internal error";
  }
}

// What Go's syntax has and RE2's of this age has not, and the other way round: (?<name>re) is
// (?P<name>re), and \C (a single byte) is no escape sequence. nullopt for the latter.
std::optional<std::string> FromGo(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view rest = pattern.substr(i);
    if (rest.starts_with("\\Q") && !in_class) {
      const std::size_t end = rest.find("\\E");
      out += rest.substr(0, end);
      if (end == std::string_view::npos) break;
      i += end - 1;
    } else if (rest.starts_with("\\C")) {
      return std::nullopt;
    } else if (rest[0] == '\\' && rest.size() > 1) {
      out += rest.substr(0, 2);
      ++i;
    } else if (in_class && rest.starts_with("[:") && rest.find(":]") != std::string_view::npos) {
      out += rest.substr(0, rest.find(":]") + 2);
      i += rest.find(":]") + 1;
    } else if (rest[0] == '[' && !in_class) {
      in_class = true;
      // A ] that stands first is a member.
      const std::size_t first = rest.starts_with("[^") ? 2 : 1;
      const std::size_t taken = first + (rest.substr(first).starts_with(']') ? 1 : 0);
      out += rest.substr(0, taken);
      i += taken - 1;
    } else if (!in_class && rest.starts_with("(?<")) {
      out += "(?P<";
      i += 2;
    } else {
      if (rest[0] == ']') in_class = false;
      out += rest[0];
    }
  }
  return out;
}

}  // namespace

Result<Regex> Regex::Compile(std::string_view pattern, Flavor flavor) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxProgramBytes);
  options.set_dot_nl(flavor == Flavor::kPrometheus);
  auto program = std::make_shared<Program>();
  std::string rewritten;
  std::string_view source = pattern;
  if (pattern.find("(?<") != std::string_view::npos ||
      pattern.find("\\C") != std::string_view::npos) {
    auto from_go = FromGo(pattern);
    if (!from_go) {
      return Error(Code::kInvalid, "error parsing regexp: invalid escape sequence: `\\C`");
    }
    rewritten = std::move(*from_go);
    source = rewritten;
  }
  program->re = std::make_unique<RE2>(re2::StringPiece(source.data(), source.size()), options);
  if (!program->re->ok()) {
    return Error(Code::kInvalid,
                 "error parsing regexp: " + std::string(Explain(program->re->error_code())) +
                     ": `" + program->re->error_arg() + "`");
  }
  program->groups = program->re->NumberOfCapturingGroups();
  if (flavor != Flavor::kUnanchored) {
    program->literals = LiteralAlternatives(pattern);
    program->prefix = LiteralPrefix(pattern);
    // Of these Alertmanager's flavor matches no text with a newline.
    if (flavor == Flavor::kPrometheus && pattern == ".*") {
      program->shape = Program::Shape::kAnything;
    }
    if (flavor == Flavor::kPrometheus && pattern == ".+") {
      program->shape = Program::Shape::kNonEmpty;
    }
    if (!program->literals.empty()) program->shape = Program::Shape::kLiterals;
  }
  // Anchoring by the match call keeps group numbers as written.
  Regex regex;
  regex.pattern_ = pattern;
  regex.flavor_ = flavor;
  regex.program_ = std::move(program);
  return regex;
}

bool Regex::Matches(std::string_view text) const {
  switch (program_->shape) {
    case Program::Shape::kAnything:
      return true;
    case Program::Shape::kNonEmpty:
      return !text.empty();
    case Program::Shape::kLiterals:
      return std::binary_search(program_->literals.begin(), program_->literals.end(), text);
    case Program::Shape::kGeneral:
      break;
  }
  if (!text.starts_with(program_->prefix)) return false;
  const auto anchor = flavor_ == Flavor::kUnanchored ? RE2::UNANCHORED : RE2::ANCHOR_BOTH;
  const re2::StringPiece piece(text.data(), text.size());
  return program_->re->Match(piece, 0, text.size(), anchor, nullptr, 0);
}

std::vector<std::string_view> Regex::Groups(std::string_view text, std::size_t from) const {
  std::vector<re2::StringPiece> pieces(static_cast<std::size_t>(program_->groups) + 1);
  const auto anchor = flavor_ == Flavor::kUnanchored ? RE2::UNANCHORED : RE2::ANCHOR_BOTH;
  // An empty view may have no data pointer; RE2 marks absent groups by that, so give it one.
  if (text.data() == nullptr) text = std::string_view("", 0);
  const re2::StringPiece piece(text.data(), text.size());
  if (!program_->re->Match(piece, from, text.size(), anchor, pieces.data(),
                           static_cast<int>(pieces.size()))) {
    return {};
  }
  std::vector<std::string_view> groups;
  groups.reserve(pieces.size());
  for (const auto& group : pieces) groups.emplace_back(group.data(), group.size());
  return groups;
}

int Regex::GroupIndex(std::string_view name) const {
  const auto& named = program_->re->NamedCapturingGroups();
  const auto at = named.find(std::string(name));
  return at == named.end() ? -1 : at->second;
}

int Regex::group_count() const {
  return program_->groups;
}

std::string Regex::Expand(std::string_view replacement,
                          std::span<const std::string_view> groups) const {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::string out;
  while (!replacement.empty()) {
    const std::size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    const bool braced = replacement.starts_with('{');
    std::string_view rest = replacement.substr(braced ? 1 : 0);
    std::size_t length = 0;
    while (length < rest.size() && is_word(rest[length])) ++length;
    const std::string_view name = rest.substr(0, length);
    if (name.empty() || (braced && (length >= rest.size() || rest[length] != '}'))) {
      out += '$';  // malformed: taken as it stands, as Go does
      continue;
    }
    replacement = rest.substr(length + (braced ? 1 : 0));
    const bool number =
        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    std::size_t index = groups.size();
    if (number) {
      index = 0;
      for (const char c : name) index = std::min<std::size_t>(index * 10 + (c - '0'), 100000);
    } else if (const int named = GroupIndex(name); named >= 0) {
      index = static_cast<std::size_t>(named);
    }
    if (index < groups.size()) out += groups[index];
  }
  return out;
}

std::string Regex::ReplaceAll(std::string_view text, std::string_view replacement) const {
  std::string out;
  std::size_t from = 0;
  std::size_t copied = 0;
  std::size_t last_end =
      std::string_view::npos;  // where the previous match that was not empty ended
  while (from <= text.size()) {
    const auto groups = Groups(text, from);
    if (groups.empty()) break;
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    copied = end;
    // Go accepts no empty match right behind the previous one.
    if (begin != end || begin != last_end) out += Expand(replacement, groups);
    if (begin == end) {
      if (begin == text.size()) break;
      std::string_view rest = text.substr(begin);
      TakeRune(rest);
      from = text.size() - rest.size();
      out += text.substr(begin, from - begin);
      copied = from;
    } else {
      from = last_end = end;
    }
  }
  if (copied < text.size()) out += text.substr(copied);
  return out;
}

std::uint64_t Regex::WorstNanoseconds(std::size_t text_size) const {
  if (program_->shape != Program::Shape::kGeneral) return 50;
  const auto instructions = static_cast<std::uint64_t>(std::max(1, program_->re->ProgramSize()));
  return 100 + instructions * (text_size + 1);
}

const std::vector<std::string>& Regex::literals() const {
  return program_->literals;
}
const std::string& Regex::prefix() const {
  return program_->prefix;
}

}  // namespace meerkat
