#include "server/commands/texts.h"

#include <algorithm>
#include <string>
#include <vector>

namespace meerkat::commands {
namespace {

// Characters, not bytes: "…" is one column.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Padded(std::string text, std::size_t width) {
  const std::size_t have = Width(text);
  if (have < width) text.append(width - have, ' ');
  return text;
}

std::string SynopsisOf(const Command& command) {
  std::string text(command.name);
  for (const FlagRule& flag : command.flags) {
    if (!flag.required) continue;
    text += " --" + std::string(flag.name) + "=" + std::string(flag.value);
  }
  if (!command.flags.empty()) text += " [FLAG…]";
  if (!command.usage.empty()) text += " " + std::string(command.usage);
  return text;
}

std::string FlagText(const FlagRule& flag) {
  std::string text = flag.letter == '\0' ? "    " : std::string("-") + flag.letter + ", ";
  text += "--" + std::string(flag.name);
  if (flag.takes_value) text += "=" + std::string(flag.value.empty() ? "…" : flag.value);
  return text;
}

// `text` for roff: hyphens that people copy, no line that begins with a command.
std::string Roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else if ((c == '.' || c == '\'') && out.empty()) {
      out += "\\&";
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

void AddItem(std::string& page, std::string_view term, std::string_view text) {
  page += ".TP\n.B " + Roff(term) + "\n" + Roff(text) + "\n";
}

}  // namespace

std::string ListOf(std::span<const Command> commands, std::string_view first_word,
                   std::string_view program) {
  std::vector<std::pair<std::string, std::string_view>> lines;
  std::size_t width = 0;
  for (const Command& command : commands) {
    if (!first_word.empty() && command.name.substr(0, command.name.find(' ')) != first_word)
      continue;
    lines.emplace_back("  " + std::string(program) + " " + SynopsisOf(command), command.summary);
    width = std::max(width, Width(lines.back().first));
  }
  std::string text;
  for (const auto& [line, summary] : lines) {
    text += Padded(line, std::min<std::size_t>(width, 64)) + "  " + std::string(summary) + "\n";
  }
  return text;
}

std::string HelpOf(const Command& command, std::string_view program) {
  std::string text = "usage: " + std::string(program) + " " + SynopsisOf(command) + "\n\n";
  text += std::string(command.summary) + "\n";
  if (command.flags.empty()) return text;
  std::size_t width = 0;
  for (const FlagRule& flag : command.flags) width = std::max(width, Width(FlagText(flag)));
  text += "\nFlags:\n";
  for (const FlagRule& flag : command.flags) {
    text += "  " + Padded(FlagText(flag), width) + "  " + std::string(flag.help) + "\n";
  }
  return text;
}

std::string ManPage(const CommandLineTables& tables, std::string_view version) {
  std::string page =
      ".TH MEERKAT 1 \"\" \"meerkat " + Roff(version) + "\" \"User Commands\"\n.ad l\n";
  page +=
      ".SH NAME\nmeerkat \\- monitoring server: scraping, storage, PromQL, alerts, dashboards\n";
  page += ".SH SYNOPSIS\n.B meerkat\n[FLAG…]\n.br\n.B meerkat\nCOMMAND [FLAG…] [ARGUMENT…]\n";
  page +=
      ".SH DESCRIPTION\nWithout a command\n.B meerkat\nserves: it scrapes the targets of its "
      "configuration file, stores the samples, evaluates rules, sends notifications and shows "
      "dashboards. Configuration files, flags and HTTP APIs are those of Prometheus and "
      "Alertmanager. Called through a link named\n.B promtool\nor\n.BR amtool ,\nit is that "
      "tool.\n";
  page += ".SH FLAGS OF THE SERVER\n";
  std::string_view group;
  for (const app::FlagSpec& flag : tables.server_flags) {
    if (flag.group.empty()) continue;
    if (flag.group != group) page += ".SS " + Roff(flag.group) + "\n";
    group = flag.group;
    std::string term = "--" + std::string(flag.name);
    if (flag.kind != app::FlagSpec::Kind::kBool) {
      term += "=" + std::string(flag.value.empty() ? "…" : flag.value);
    }
    AddItem(page, term, flag.help);
  }
  page += ".SH COMMANDS\n";
  for (const Command& command : tables.commands) {
    page += ".SS \"meerkat " + Roff(SynopsisOf(command)) + "\"\n" + Roff(command.summary) + "\n";
    for (const FlagRule& flag : command.flags) {
      std::string term = FlagText(flag);
      term.erase(0, term.find_first_not_of(' '));
      AddItem(page, term, flag.help);
    }
  }
  page +=
      ".SH EXIT STATUS\nOf commands: 0 for success, 1 for failure or a wrong command line, 3 for "
      "lint findings. Of the server: 0 after a clean stop, 1 when stopping failed, 2 when it could "
      "not start.\n";
  page +=
      ".SH SIGNALS\nSIGHUP reloads the configuration, SIGTERM and SIGINT stop the server.\n"
      ".SH SEE ALSO\nhttps://prometheus.io/docs/ describes configuration, PromQL and the HTTP "
      "API.\n";
  return page;
}

}  // namespace meerkat::commands
