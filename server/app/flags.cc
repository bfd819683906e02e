#include "server/app/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "base/duration.h"
#include "base/nearest.h"
#include "base/number.h"
#include "server/app/help.h"
#include "server/app/version.h"

namespace meerkat::app {
namespace {

Error Bad(std::string_view flag, const std::string& why) {
  return {Code::kInvalid, "--" + std::string(flag) + ": " + why};
}

std::vector<std::string> SplitByComma(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts) {
    std::size_t begin = 0;
    while (begin <= text.size()) {
      const std::size_t comma = std::min(text.find(',', begin), text.size());
      if (comma > begin) parts.push_back(text.substr(begin, comma - begin));
      begin = comma + 1;
    }
  }
  return parts;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<> CheckValue(const FlagSpec& spec, const std::string& text) {
  switch (spec.kind) {
    case FlagSpec::Kind::kDuration:
      if (text.empty() && spec.value.empty()) return {};
      if (auto duration = ParseDuration(text); !duration)
        return Bad(spec.name, duration.error().message());
      return {};
    case FlagSpec::Kind::kInt:
      if (!ParseInteger(text)) return Bad(spec.name, "not a whole number: \"" + text + "\"");
      return {};
    case FlagSpec::Kind::kFloat:
      if (!ParseFloat(text)) return Bad(spec.name, "not a number: \"" + text + "\"");
      return {};
    case FlagSpec::Kind::kSize:
      if (auto size = ParseSize(text); !size) return Bad(spec.name, size.error().message());
      return {};
    case FlagSpec::Kind::kString:
      if (spec.name == "log.level" && text != "debug" && text != "info" && text != "warn" &&
          text != "error") {
        return Bad(spec.name, "must be one of debug, info, warn, error, got \"" + text + "\"");
      }
      if (spec.name == "log.format" && text != "logfmt" && text != "json") {
        return Bad(spec.name, "must be one of logfmt, json, got \"" + text + "\"");
      }
      return {};
    case FlagSpec::Kind::kBool:
    case FlagSpec::Kind::kList:
      return {};
  }
  return {};
}

Error Unknown(const std::string& argument) {
  std::string word = argument.substr(0, argument.find('='));
  if (!word.starts_with("--")) {
    return {Code::kInvalid, "unexpected argument \"" + argument + "\"; see meerkat --help"};
  }
  word.erase(0, 2);
  std::vector<std::string_view> names;
  for (const FlagSpec& spec : FlagSpecs()) names.push_back(spec.name);
  const std::string_view nearest = Nearest(word, names);
  std::string message = "unknown flag --" + word;
  if (!nearest.empty()) message += " (did you mean --" + std::string(nearest) + "?)";
  return {Code::kInvalid, message + "; see meerkat --help"};
}

}  // namespace

Result<std::uint64_t> ParseSize(std::string_view text) {
  if (text == "0") return std::uint64_t{0};
  std::size_t digits = 0;
  std::uint64_t number = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' &&
         number < (1ULL << 50)) {
    number = number * 10 + static_cast<std::uint64_t>(text[digits++] - '0');
  }
  const std::string_view unit = text.substr(digits);
  int shift = -1;
  constexpr std::string_view kPrefixes = "KMGTPE";
  if (unit == "B") shift = 0;
  const bool binary = unit.size() == 3 && unit.substr(1) == "iB";
  if (binary || (unit.size() == 2 && unit[1] == 'B')) {
    const std::size_t at = kPrefixes.find(unit[0]);
    if (at != std::string_view::npos) shift = 10 * (static_cast<int>(at) + 1);
  }
  if (digits == 0 || shift < 0 || (shift > 0 && number > (~0ULL >> shift))) {
    return Error(Code::kInvalid,
                 "not a size: \"" + std::string(text) + "\" (use a unit, such as 512MB or 10GB)");
  }
  return number << shift;
}

Result<Flags::Outcome> Flags::Parse(std::vector<std::string> args) {
  CLI::App parser;
  parser.set_help_flag("-h,--help");
  bool version = false;
  parser.add_flag("--version", version);
  parser.allow_extras();

  Outcome outcome;
  struct Slot {
    std::vector<std::string> texts;
    bool on = false;
    CLI::Option* option = nullptr;
  };
  std::map<std::string_view, Slot> slots;
  for (const FlagSpec& spec : FlagSpecs()) {
    Slot& slot = slots[spec.name];
    const std::string name = "--" + std::string(spec.name);
    if (spec.kind == FlagSpec::Kind::kBool) {
      slot.on = spec.value == "true";
      slot.option = parser.add_flag(name + ",!--no-" + std::string(spec.name), slot.on);
    } else {
      slot.option = parser.add_option(name, slot.texts)->allow_extra_args(false);
    }
  }

  // CLI11 reads `--flag= next` as if next were the value; as an argument of its own "" is taken as
  // meant.
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i].starts_with("--") && args[i].find('=') == args[i].size() - 1) {
      args[i].pop_back();
      args.insert(args.begin() + static_cast<std::ptrdiff_t>(i) + 1, "");
    }
  }
  std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
  try {
    parser.parse(args);
  } catch (const CLI::CallForHelp&) {
    outcome.message = HelpText(FlagSpecs());
    return outcome;
  } catch (const CLI::ParseError& error) {
    return Error(Code::kInvalid, std::string(error.what()) + "; see meerkat --help");
  }
  if (version) {
    outcome.message = VersionText();
    return outcome;
  }
  if (const auto extras = parser.remaining(); !extras.empty()) return Unknown(extras.front());

  for (const FlagSpec& spec : FlagSpecs()) {
    Slot& slot = slots[spec.name];
    Value value;
    value.spec = &spec;
    value.given = slot.option->count() > 0;
    if (spec.kind == FlagSpec::Kind::kBool) {
      value.texts = {slot.on ? "true" : "false"};
    } else if (value.given) {
      value.texts = slot.texts;
    } else {
      value.texts = {std::string(spec.value)};
    }
    if (spec.kind == FlagSpec::Kind::kList) {
      value.texts = SplitByComma(value.texts);
    } else if (value.texts.size() > 1) {
      return Bad(spec.name, "flag cannot be repeated");
    }
    for (const std::string& text : value.texts) {
      if (auto checked = CheckValue(spec, text); !checked) return std::move(checked).error();
    }
    for (const std::string& text : value.texts)
      value.joined += (value.joined.empty() ? "" : ",") + text;
    outcome.flags.values_.emplace(spec.name, std::move(value));
  }
  return outcome;
}

const Flags::Value& Flags::Find(std::string_view name) const {
  const auto at = values_.find(name);
  assert(at != values_.end());
  return at->second;
}

const std::string& Flags::text(std::string_view name) const {
  return Find(name).joined;
}
bool Flags::is_set(std::string_view name) const {
  return Find(name).given;
}
Millis Flags::duration(std::string_view name) const {
  const auto parsed = ParseDuration(text(name));
  return parsed ? *parsed : Millis(0);
}
std::int64_t Flags::integer(std::string_view name) const {
  return ParseInteger(text(name)).value_or(0);
}
double Flags::number(std::string_view name) const {
  return ParseFloat(text(name)).value_or(0);
}
std::uint64_t Flags::bytes(std::string_view name) const {
  const auto parsed = ParseSize(text(name));
  return parsed ? *parsed : 0;
}
const std::vector<std::string>& Flags::list(std::string_view name) const {
  return Find(name).texts;
}

bool Flags::feature(std::string_view name) const {
  const auto& features = list("enable-feature");
  return std::find(features.begin(), features.end(), name) != features.end();
}

std::map<std::string, std::string> Flags::all() const {
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : values_) all[name] = value.joined;
  return all;
}

}  // namespace meerkat::app
