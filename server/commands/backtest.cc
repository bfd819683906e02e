#include "server/commands/backtest.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/duration.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/commands/api_client.h"
#include "server/commands/arguments.h"

namespace meerkat::commands {
namespace {

using Json = nlohmann::ordered_json;

constexpr FlagRule kFlags[] = {{"url"},         {"rule"},
                               {"group"},       {"file"},
                               {"expr"},        {"for"},
                               {"label"},       {"keep-firing-for"},
                               {"start"},       {"end"},
                               {"interval"},    {"timeout"},
                               {"output", 'o'}, {"http.config.file"},
                               {"header"},      {"notifications", '\0', false}};

// {a="b", c="d"}
std::string LabelsText(const Json& labels) {
  std::string text = "{";
  for (const auto& [name, value] : labels.items()) {
    if (text.size() > 1) text += ", ";
    text += name + "=" + Quote(value.get<std::string>());
  }
  return text + "}";
}

// The time to the second, as people read it.
std::string TimeText(const Json& rfc3339) {
  const std::string text = rfc3339.get<std::string>();
  return text.substr(0, 10) + " " + text.substr(11, 8);
}

std::string Between(const Json& from, const Json& to) {
  const auto begin = ParseRfc3339(from.get<std::string>());
  const auto end = ParseRfc3339(to.get<std::string>());
  return begin && end ? FormatDuration(*end - *begin) : "";
}

void PrintPhases(const Json& phases, std::ostream& out) {
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const Json& phase = phases[i];
    std::string state = phase["state"];
    state.resize(10, ' ');
    out << "  " << TimeText(phase["from"]) << "  " << state;
    if (!phase.contains("to")) {
      out << "still so at the end\n";
      continue;
    }
    out << "for " << Between(phase["from"], phase["to"]) << "\n";
    // Where nothing follows at once it is over.
    const bool followed = i + 1 < phases.size() && phases[i + 1]["from"] == phase["to"];
    if (!followed && phase["state"] == "firing") {
      out << "  " << TimeText(phase["to"]) << "  resolved\n";
    }
  }
}

void Print(const Json& data, bool with_notifications, std::ostream& out) {
  const Json& rule = data["rule"];
  const auto seconds = [](const Json& number) {
    return FormatDuration(Millis(static_cast<std::int64_t>(number.get<double>() * 1000)));
  };
  out << rule["name"].get<std::string>() << ": " << rule["query"].get<std::string>();
  if (rule["duration"] != 0) out << " for " << seconds(rule["duration"]);
  out << "\n"
      << data["evaluations"] << " evaluations, every " << seconds(rule["interval"]) << ", from "
      << TimeText(data["start"]) << " to " << TimeText(data["end"]) << " UTC\n";
  if (data["instances"].empty()) out << "\nIt would never have been pending or firing.\n";
  for (const Json& instance : data["instances"]) {
    out << "\n" << LabelsText(instance["labels"]) << "\n";
    PrintPhases(instance["phases"], out);
  }
  if (data["failures"] != 0) {
    out << "\n" << data["failures"] << " evaluations would have failed:\n";
    for (const Json& failed : data["failed"])
      out << "  " << TimeText(failed["at"]) << "  " << failed["error"].get<std::string>() << "\n";
  }
  if (!with_notifications || data["instances"].empty()) return;
  out << "\n";
  if (data["notifications"].empty()) out << "Nobody would have been notified.\n";
  for (const Json& told : data["notifications"]) {
    out << TimeText(told["at"]) << "  " << told["receiver"].get<std::string>() << "/"
        << told["integration"].get<std::string>() << "  " << LabelsText(told["groupLabels"]) << "  "
        << told["firing"].size() << " firing, " << told["resolved"].size() << " resolved  ("
        << told["reason"].get<std::string>() << ")\n";
  }
}

Result<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (!file) return Error(Code::kNotFound, "open " + path + ": no such file or directory");
  return text;
}

}  // namespace

int BacktestRule(std::span<const std::string> args, Streams streams) {
  const auto refuse = [&](const Error& error, int code) {
    streams.err << "error: " << error.message() << "\n";
    return code;
  };
  const auto arguments = Arguments::Parse(args, kFlags);
  if (!arguments) return refuse(arguments.error(), 2);
  if (!arguments->words().empty())
    return refuse(Error(Code::kInvalid, "unexpected " + arguments->words().front()), 2);
  if (!arguments->Has("rule") && !arguments->Has("file") && !arguments->Has("expr"))
    return refuse(Error(Code::kInvalid, "one of --rule, --file and --expr must be given"), 2);

  net::Params form;
  if (arguments->Has("file")) {
    auto text = ReadAll(arguments->Value("file"));
    if (!text) return refuse(text.error(), 1);
    form.Add("yaml", *text);
  }
  static constexpr std::pair<const char*, const char*> kSent[] = {
      {"rule", "rule"}, {"group", "group"},     {"expr", "expr"},
      {"for", "for"},   {"start", "start"},     {"keep-firing-for", "keep_firing_for"},
      {"end", "end"},   {"timeout", "timeout"}, {"interval", "interval"}};
  for (const auto& [flag, name] : kSent) {
    if (arguments->Has(flag)) form.Add(name, arguments->Value(flag));
  }
  for (const std::string& label : arguments->Values("label")) form.Add("label[]", label);
  const bool with_notifications = arguments->Value("notifications", "true") == "true";
  if (!with_notifications) form.Add("notifications", "false");

  auto client = ApiClient::Make(arguments->Value("url", "http://localhost:9090"),
                                arguments->Value("http.config.file"), arguments->Values("header"));
  if (!client) return refuse(client.error(), 1);
  std::vector<std::string> warnings;
  const auto data = (*client)->Api("rules/backtest", form, warnings);
  if (!data) {
    // A status alone does not tell which rule there is not.
    const auto told = Json::parse((*client)->detail(), nullptr, false);
    const auto why = told.find("error");
    if (!told.is_object() || why == told.end() || !why->is_string()) return refuse(data.error(), 1);
    return refuse(Error(data.error().code(), why->get<std::string>()), 1);
  }
  for (const std::string& warning : warnings) streams.err << "warning: " << warning << "\n";
  if (arguments->Value("output") == "json") {
    streams.out << data->dump() << "\n";
  } else {
    Print(*data, with_notifications, streams.out);
  }
  return 0;
}

}  // namespace meerkat::commands
