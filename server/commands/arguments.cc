#include "server/commands/arguments.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <ostream>

#include "base/duration.h"

namespace meerkat::commands {
namespace {

Error Invalid(std::string text) {
  return {Code::kInvalid, std::move(text)};
}

std::string Lowered(std::string_view word) {
  std::string name;
  for (const char c : word) {
    if (c >= 'A' && c <= 'Z') name += static_cast<char>(c - 'A' + 'a');
    if (c == '-') name += c;
  }
  return name;
}

// Whether `given` words are those that `words` asks for.
Result<> CheckWords(std::string_view words, const std::vector<std::string>& given) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t space = std::min(words.find(' ', at), words.size());
    const std::string_view word = words.substr(at, space - at);
    at = space + 1;
    if (word.find("…") != std::string_view::npos) {
      if (word[0] != '[' && given.size() <= count) {
        return Invalid("required argument '" + Lowered(word) + "' not provided");
      }
      return {};
    }
    if (count++ >= given.size() && word[0] != '[') {
      return Invalid("required argument '" + Lowered(word) + "' not provided");
    }
  }
  if (given.size() > count) return Invalid("unexpected " + given[count]);
  return {};
}

}  // namespace

Result<> CheckFilesExist(std::span<const std::string> paths) {
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      return Invalid("path '" + path + "' does not exist");
    }
    if (std::filesystem::is_directory(path, ignored)) {
      return Invalid("'" + path + "' is a directory");
    }
  }
  return {};
}

const FlagRule* FindFlag(std::span<const FlagRule> rules, std::string_view arg) {
  const bool is_long = arg.starts_with("--");
  const std::string_view name = is_long ? arg.substr(2, arg.find('=') - 2) : arg.substr(1);
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const FlagRule& known) {
    if (!is_long) return !name.empty() && known.letter == name[0];
    return known.name == name ||
           (!known.takes_value && name.starts_with("no-") && known.name == name.substr(3));
  });
  return rule == rules.end() ? nullptr : &*rule;
}

Result<Arguments> Arguments::Parse(std::span<const std::string> args,
                                   std::span<const FlagRule> rules) {
  Arguments parsed;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--") {
      parsed.words_.insert(parsed.words_.end(), args.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                           args.end());
      break;
    }
    if (arg.size() < 2 || arg[0] != '-') {
      parsed.words_.push_back(arg);
      continue;
    }
    const bool is_long = arg[1] == '-';
    const auto equals = is_long ? arg.find('=') : std::string::npos;
    const std::string flag = is_long ? arg.substr(0, equals) : arg.substr(0, 2);
    const FlagRule* const rule = FindFlag(rules, arg);
    if (rule == nullptr) {
      return Invalid((is_long ? "unknown long flag '" : "unknown short flag '") + flag + "'");
    }
    auto& values = parsed.flags_[std::string(rule->name)];
    if (!rule->takes_value) {
      if (equals != std::string::npos) return Invalid("unexpected " + arg.substr(equals));
      if (!is_long && arg.size() > 2) {
        return Invalid("unknown short flag '-" + arg.substr(2, 1) + "'");
      }
      values.emplace_back(is_long && arg.substr(2) != rule->name ? "false" : "true");
    } else if (equals != std::string::npos) {
      values.push_back(arg.substr(equals + 1));
    } else if (!is_long && arg.size() > 2) {
      values.push_back(arg.substr(2));
    } else if (i + 1 < args.size()) {
      values.push_back(args[++i]);
    } else {
      return Invalid("expected argument for flag '" + flag + "'");
    }
  }
  return parsed;
}

Result<Arguments> Arguments::Parse(std::span<const std::string> args,
                                   std::span<const FlagRule> rules, std::string_view words) {
  auto parsed = Parse(args, rules);
  if (!parsed) return parsed;
  std::vector<std::string> missing;
  for (const FlagRule& rule : rules) {
    if (rule.required && !parsed->Has(rule.name)) {
      missing.push_back("'--" + std::string(rule.name) + "'");
    }
  }
  if (!missing.empty()) {
    std::sort(missing.begin(), missing.end());
    std::string names;
    for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
    return Invalid("required flag(s) " + names + " not provided");
  }
  if (auto right = CheckWords(words, parsed->words_); !right) return std::move(right).error();
  return parsed;
}

std::string Arguments::Value(std::string_view name, std::string_view otherwise) const {
  const auto found = flags_.find(name);
  return found == flags_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::Values(std::string_view name) const {
  const auto found = flags_.find(name);
  return found == flags_.end() ? std::vector<std::string>() : found->second;
}

Result<std::int64_t> Arguments::Integer(std::string_view name, std::int64_t otherwise) const {
  if (!Has(name)) return otherwise;
  const std::string text = Value(name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Invalid("--" + std::string(name) + ": \"" + text + "\" is no integer");
  }
  return value;
}

Result<Millis> Arguments::Duration(std::string_view name, Millis otherwise) const {
  if (!Has(name)) return otherwise;
  auto duration = ParseDuration(Value(name));
  if (!duration) return std::move(duration).error().Within("--" + std::string(name));
  return *duration;
}

Result<std::string> Arguments::Choice(std::string_view name,
                                      std::initializer_list<std::string_view> choices) const {
  const std::string value = Value(name, *choices.begin());
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  std::string known;
  for (const std::string_view choice : choices) {
    known += (known.empty() ? "" : ",") + std::string(choice);
  }
  return Invalid("enum value must be one of " + known + ", got '" + value + "'");
}

int Fail(Streams streams, const Error& error) {
  streams.err << "error: " << error.message() << "\n";
  return 1;
}

int Misused(Streams streams, const Error& error) {
  if (!streams.program.empty()) streams.err << streams.program << ": ";
  streams.err << "error: " << error.message() << ", try --help\n";
  return 1;
}

}  // namespace meerkat::commands
