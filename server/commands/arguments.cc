#include "server/commands/arguments.h"

#include <algorithm>

namespace meerkat::commands {
namespace {

Error Unknown(std::string_view flag) {
  return {Code::kInvalid, "unknown flag '" + std::string(flag) + "'"};
}

}  // namespace

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
    std::string_view name = std::string_view(arg).substr(is_long ? 2 : 1);
    if (equals != std::string::npos) name = name.substr(0, equals - 2);
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const FlagRule& known) {
      if (!is_long) return known.letter == name[0];
      return known.name == name ||
             (!known.takes_value && name.starts_with("no-") && known.name == name.substr(3));
    });
    if (rule == rules.end()) return Unknown(arg);
    auto& values = parsed.flags_[std::string(rule->name)];
    if (!rule->takes_value) {
      if (!is_long && name.size() > 1) return Unknown(arg);
      values.emplace_back(is_long && name.starts_with("no-") ? "false" : "true");
    } else if (equals != std::string::npos) {
      values.push_back(arg.substr(equals + 1));
    } else if (!is_long && name.size() > 1) {
      values.emplace_back(name.substr(1));
    } else if (i + 1 < args.size()) {
      values.push_back(args[++i]);
    } else {
      return Error(Code::kInvalid, "expected argument for flag '" + arg + "'");
    }
  }
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

}  // namespace meerkat::commands
