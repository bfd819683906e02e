#include <algorithm>
#include <cstdlib>
#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "alerting/matchers.h"
#include "base/duration.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/commands/alert.h"
#include "server/commands/alertmanager_client.h"
#include "server/config/prometheus_config.h"

namespace meerkat::commands {
namespace {

using json = nlohmann::ordered_json;

constexpr FlagRule kOfQuery[] = {
    {"expired", '\0', false, "", "Those that have ended instead of those that have not."},
    {"quiet", 'q', false, "", "Print only their IDs."},
    {"created-by", '\0', true, "AUTHOR", "Only those of this author."},
    {"id", '\0', true, "ID", "Only this one. May be repeated."},
    {"within", '\0', true, "DURATION", "Only those that end, or have ended, within this time."}};
constexpr auto kQueryFlags = WithClientFlags(kOfQuery);

constexpr FlagRule kOfAdd[] = {
    {"comment", 'c', true, "TEXT", "Why."},
    {"author", 'a', true, "NAME", "Who; the user at the keyboard."},
    {"duration", 'd', true, "1h", "How long."},
    {"start", '\0', true, "TIME", "When it begins; now."},
    {"end", '\0', true, "TIME", "When it ends, instead of a duration."},
    {"require-comment", '\0', false, "", "Refuse a silence without a comment."},
    {"annotation", '\0', true, "NAME=VALUE", "An annotation. May be repeated."}};
constexpr auto kAddFlags = WithClientFlags(kOfAdd);

constexpr FlagRule kOfUpdate[] = {{"duration", 'd', true, "DURATION", "How long, from its start."},
                                  {"start", '\0', true, "TIME", "When it begins."},
                                  {"end", '\0', true, "TIME", "When it ends."},
                                  {"comment", 'c', true, "TEXT", "Why."},
                                  {"quiet", 'q', false, "", "Print only the new IDs."}};
constexpr auto kUpdateFlags = WithClientFlags(kOfUpdate);

constexpr FlagRule kOfImport[] = {
    {"force", 'f', false, "", "Add all as new ones, whatever their IDs."},
    {"worker", 'w', true, "8", "Accepted; they are added one after the other."}};
constexpr auto kImportFlags = WithClientFlags(kOfImport);

Timestamp Now() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

std::string TextAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<Matcher> MatcherOf(const json& matcher) {
  using Type = Matcher::Type;
  const bool regex = matcher.value("isRegex", false);
  const bool equal = matcher.value("isEqual", true);
  return alerting::MakeMatcher(
      regex ? (equal ? Type::kRegex : Type::kNotRegex) : (equal ? Type::kEqual : Type::kNotEqual),
      TextAt(matcher, "name"), TextAt(matcher, "value"));
}

json MatcherJson(const Matcher& matcher) {
  using Type = Matcher::Type;
  return {{"name", matcher.name()},
          {"value", matcher.value()},
          {"isRegex", matcher.type() == Type::kRegex || matcher.type() == Type::kNotRegex},
          {"isEqual", matcher.type() == Type::kEqual || matcher.type() == Type::kRegex}};
}

std::string ShowMatchers(const json& matchers, bool braces) {
  std::string out;
  for (const json& item : matchers) {
    const auto matcher = MatcherOf(item);
    if (!matcher) continue;
    if (!out.empty()) out += braces ? "," : " ";
    out += alerting::MatcherText(*matcher);
  }
  return braces ? "{" + out + "}" : out;
}

void PrintSilences(std::vector<json> silences, const std::string& format, std::ostream& out) {
  std::stable_sort(silences.begin(), silences.end(), [](const json& a, const json& b) {
    return TextAt(a, "endsAt") < TextAt(b, "endsAt");
  });
  if (format == "json") {
    out << json(silences).dump() << "\n";
    return;
  }
  std::vector<std::vector<std::string>> rows;
  if (format == "extended") {
    rows.push_back(
        {"ID", "Matchers", "Starts At", "Ends At", "Updated At", "Created By", "Comment"});
  } else {
    rows.push_back({"ID", "Matchers", "Ends At", "Created By", "Comment"});
  }
  for (const json& silence : silences) {
    std::vector<std::string> row = {TextAt(silence, "id"),
                                    ShowMatchers(silence["matchers"], format == "extended")};
    if (format == "extended") row.push_back(ShowTime(TextAt(silence, "startsAt")));
    row.push_back(ShowTime(TextAt(silence, "endsAt")));
    if (format == "extended") row.push_back(ShowTime(TextAt(silence, "updatedAt")));
    row.push_back(TextAt(silence, "createdBy"));
    row.push_back(TextAt(silence, "comment"));
    rows.push_back(std::move(row));
  }
  PrintTable(out, rows);
}

int Query(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kQueryFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  const auto matchers = MatcherWords(arguments->words());
  if (!matchers) return Refuse(streams, matchers.error());
  const auto within = ParseDuration(arguments->Value("within", "0s"));
  if (!within) return Refuse(streams, within.error());
  AlertmanagerClient::Query query;
  for (const std::string& matcher : *matchers) query.emplace_back("filter", matcher);
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return Refuse(streams, client.error());
  const auto all = (*client)->Get("/silences", query);
  if (!all) return Refuse(streams, all.error());

  const auto ids = arguments->Values("id");
  std::vector<json> shown;
  for (const json& silence : *all) {
    const auto ends = ParseRfc3339(TextAt(silence, "endsAt"));
    if (!ends) continue;
    const bool expired = *ends <= Now();
    if (expired != arguments->On("expired")) continue;
    if (*within > Millis(0)) {
      const Millis away = expired ? Now() - *ends : *ends - Now();
      if (away > *within) continue;
    }
    if (arguments->Has("created-by") &&
        TextAt(silence, "createdBy") != arguments->Value("created-by")) {
      continue;
    }
    if (!ids.empty() && std::find(ids.begin(), ids.end(), TextAt(silence, "id")) == ids.end()) {
      continue;
    }
    shown.push_back(silence);
  }
  if (arguments->On("quiet")) {
    for (const json& silence : shown) streams.out << TextAt(silence, "id") << "\n";
  } else {
    PrintSilences(std::move(shown), arguments->Value("output", "simple"), streams.out);
  }
  return 0;
}

// The times that --start, --end and --duration ask for; what is not asked for stays as it is.
Result<> SetTimes(const Arguments& arguments, json& silence, Timestamp starts) {
  if (arguments.Has("start")) {
    const auto time = GoTime(arguments.Value("start"));
    if (!time) return time.error();
    starts = *time;
  }
  silence["startsAt"] = FormatRfc3339Millis(starts);
  if (arguments.Has("end")) {
    const auto time = GoTime(arguments.Value("end"));
    if (!time) return time.error();
    if (*time < starts) return Error(Code::kInvalid, "silence cannot start after it ends");
    silence["endsAt"] = FormatRfc3339Millis(*time);
  } else if (arguments.Has("duration") || !silence.contains("endsAt")) {
    const auto duration = ParseDuration(arguments.Value("duration", "1h"));
    if (!duration) return duration.error();
    if (*duration == Millis(0))
      return Error(Code::kInvalid, "silence duration must be greater than 0");
    silence["endsAt"] = FormatRfc3339Millis(starts + *duration);
  }
  return {};
}

int Add(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kAddFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  const auto words = MatcherWords(arguments->words());
  if (!words) return Refuse(streams, words.error());
  if (words->empty()) return Refuse(streams, Error(Code::kInvalid, "no matchers specified"));
  if (!arguments->Has("comment") && arguments->Value("require-comment", "true") == "true") {
    return Refuse(streams, Error(Code::kInvalid, "comment required by config"));
  }
  json silence = {{"matchers", json::array()}, {"comment", arguments->Value("comment")}};
  for (const std::string& word : *words) {
    const auto matcher = alerting::ParseMatcher(word);
    if (!matcher) return Refuse(streams, matcher.error());
    silence["matchers"].push_back(MatcherJson(*matcher));
  }
  const char* user = std::getenv("USER");
  silence["createdBy"] = arguments->Value("author", user == nullptr ? "" : user);
  for (const std::string& pair : arguments->Values("annotation")) {
    const auto equals = std::min(pair.find('='), pair.size());
    silence["annotations"][pair.substr(0, equals)] = pair.substr(std::min(equals + 1, pair.size()));
  }
  if (const auto set = SetTimes(*arguments, silence, Now()); !set) {
    return Refuse(streams, set.error());
  }
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return Refuse(streams, client.error());
  const auto posted = (*client)->Post("/silences", silence);
  if (!posted) return Refuse(streams, posted.error());
  streams.out << TextAt(*posted, "silenceID") << "\n";
  return 0;
}

int Expire(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kClientFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  if (arguments->words().empty()) {
    return Refuse(streams, Error(Code::kInvalid, "no silence IDs specified"));
  }
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return Refuse(streams, client.error());
  for (const std::string& id : arguments->words()) {
    const auto expired = (*client)->Delete("/silence/" + id);
    if (!expired) return Refuse(streams, expired.error());
  }
  return 0;
}

int Update(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kUpdateFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  if (arguments->words().empty()) {
    return Refuse(streams, Error(Code::kInvalid, "no silence IDs specified"));
  }
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return Refuse(streams, client.error());
  std::vector<json> updated;
  for (const std::string& id : arguments->words()) {
    auto silence = (*client)->Get("/silence/" + id);
    if (!silence) return Refuse(streams, silence.error());
    const auto starts = ParseRfc3339(TextAt(*silence, "startsAt"));
    if (const auto set = SetTimes(*arguments, *silence, starts.value_or(Now())); !set) {
      return Refuse(streams, set.error());
    }
    if (arguments->Has("comment")) (*silence)["comment"] = arguments->Value("comment");
    const auto posted = (*client)->Post("/silences", *silence);
    if (!posted) return Refuse(streams, posted.error());
    (*silence)["id"] = TextAt(*posted, "silenceID");
    updated.push_back(std::move(*silence));
  }
  if (arguments->On("quiet")) {
    for (const json& silence : updated) streams.out << TextAt(silence, "id") << "\n";
  } else {
    PrintSilences(std::move(updated), arguments->Value("output", "simple"), streams.out);
  }
  return 0;
}

int Import(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kImportFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  std::string text;
  if (arguments->words().empty() || arguments->words()[0] == "-") {
    text.assign(std::istreambuf_iterator<char>(streams.in), {});
  } else {
    const std::string& path = arguments->words()[0];
    auto read = config::ReadFile(path);
    if (!read) return Refuse(streams, Error(Code::kNotFound, "path '" + path + "' does not exist"));
    text = std::move(*read);
  }
  const json silences = json::parse(text, nullptr, false);
  if (!silences.is_array()) {
    return Refuse(streams, Error(Code::kInvalid, "couldn't unmarshal input data, is it JSON?"));
  }
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return Refuse(streams, client.error());
  std::size_t failed = 0;
  for (json silence : silences) {
    // Without --force a silence that is there already is updated under its id.
    if (arguments->On("force")) silence.erase("id");
    auto posted = (*client)->Post("/silences", silence);
    if (!posted && silence.contains("id")) {
      silence.erase("id");
      posted = (*client)->Post("/silences", silence);
    }
    if (posted) {
      streams.out << TextAt(*posted, "silenceID") << "\n";
    } else {
      ++failed;
      streams.err << "Error adding silence: " << posted.error().message() << "\n";
    }
  }
  if (failed == 0) return 0;
  return Refuse(streams,
                Error(Code::kInvalid, "couldn't import " + std::to_string(failed) + " out of " +
                                          std::to_string(silences.size()) + " silences"));
}

}  // namespace

std::vector<Command> SilenceCommands() {
  return {{"silence", "[MATCHER…]", "The same as silence query.", Query, kQueryFlags},
          {"silence query", "[MATCHER…]", "Show silences.", Query, kQueryFlags},
          {"silence add", "MATCHER…", "Silence alerts.", Add, kAddFlags},
          {"silence expire", "ID…", "End silences.", Expire, kClientFlags},
          {"silence update", "ID…", "Change silences.", Update, kUpdateFlags},
          {"silence import", "[FILE]", "Add the silences of a JSON file.", Import, kImportFlags}};
}

}  // namespace meerkat::commands
