#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/commands/texts.h"

namespace meerkat::commands {
namespace {

// What may follow the words typed so far.
struct Step {
  std::map<std::string, std::string> words;  // next word to what it is for
  std::vector<FlagRule> flags;
};

// The flags of a command; of one without a table, those its usage shows: "[--id=ID] [-q] FILE…".
std::vector<FlagRule> FlagsOf(const Command& command) {
  if (!command.flags.empty()) return {command.flags.begin(), command.flags.end()};
  std::vector<FlagRule> flags;
  const std::string_view usage = command.usage;
  for (std::size_t at = usage.find("--"); at < usage.size(); at = usage.find("--", at)) {
    at += 2;
    const std::size_t end = std::min(usage.find_first_of("=] ", at), usage.size());
    flags.push_back({usage.substr(at, end - at), '\0', end < usage.size() && usage[end] == '='});
    at = end;
  }
  return flags;
}

// By the words in front, joined by spaces; "" for the first word, and for the server's flags.
std::map<std::string, Step> StepsOf(const CommandLineTables& tables) {
  std::map<std::string, Step> steps;
  for (const app::FlagSpec& flag : tables.server_flags) {
    if (flag.group.empty()) continue;
    steps[""].flags.push_back(
        {flag.name, '\0', flag.kind != app::FlagSpec::Kind::kBool, flag.value, flag.help});
  }
  for (const Command& command : tables.commands) {
    std::string before;
    for (std::size_t at = 0; at < command.name.size();) {
      const std::size_t space = std::min(command.name.find(' ', at), command.name.size());
      const std::string word(command.name.substr(at, space - at));
      const bool last = space == command.name.size();
      auto& text = steps[before].words[word];
      if (last) text = command.summary;
      before += (before.empty() ? "" : " ") + word;
      at = space + 1;
    }
    steps[before].flags = FlagsOf(command);
  }
  return steps;
}

std::string ShellQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// In fish backslashes count inside of quotes.
std::string FishQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string ZshItem(std::string_view name, std::string_view help) {
  std::string item;
  for (const char c : name) {
    if (c == ':') item += '\\';
    item += c;
  }
  return ShellQuoted(item + ":" + std::string(help));
}

}  // namespace

std::string BashCompletion(const CommandLineTables& tables) {
  std::string out =
      "# bash completion of meerkat: source <(meerkat completion bash)\n"
      "_meerkat() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local typed= next= flags= i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${COMP_WORDS[i]} in\n"
      "      -* | =) continue ;;\n"
      "    esac\n"
      "    [[ ${COMP_WORDS[i-1]} == = ]] && continue\n"
      "    typed+=${typed:+ }${COMP_WORDS[i]}\n"
      "  done\n"
      "  if [[ $cur == = || $prev == = ]]; then\n"
      "    COMPREPLY=($(compgen -f -- \"${cur#=}\"))\n"
      "    return\n"
      "  fi\n"
      "  while :; do\n"
      "    case $typed in\n";
  for (const auto& [typed, step] : StepsOf(tables)) {
    std::string words;
    for (const auto& [word, help] : step.words) words += (words.empty() ? "" : " ") + word;
    std::string flags;
    for (const FlagRule& flag : step.flags) {
      flags += (flags.empty() ? "--" : " --") + std::string(flag.name);
      if (flag.takes_value) flags += "=";
    }
    out += "      " + ShellQuoted(typed) + ") next=" + ShellQuoted(words) +
           " flags=" + ShellQuoted(flags) + "; break ;;\n";
  }
  // Words that name nothing are arguments of the command in front of them.
  out +=
      "    esac\n"
      "    [[ $typed == *' '* ]] || break\n"
      "    typed=${typed% *}\n"
      "  done\n"
      "  if [[ $cur == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
      "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
      "  elif [[ -n $next ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$next\" -- \"$cur\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
      "  fi\n"
      "} 2>/dev/null\n"
      "complete -o filenames -F _meerkat meerkat\n";
  return out;
}

std::string ZshCompletion(const CommandLineTables& tables) {
  std::string out =
      "#compdef meerkat\n"
      "# zsh completion of meerkat: meerkat completion zsh > \"${fpath[1]}/_meerkat\"\n"
      "_meerkat() {\n"
      "  local typed=\"${(j: :)${(@)words[2,CURRENT-1]:#-*}}\"\n"
      "  local -a next flags\n"
      "  while :; do\n"
      "    case $typed in\n";
  for (const auto& [typed, step] : StepsOf(tables)) {
    out += "      (" + ShellQuoted(typed) + ")\n        next=(";
    for (const auto& [word, help] : step.words) out += " " + ZshItem(word, help);
    out += " )\n        flags=(";
    for (const FlagRule& flag : step.flags) {
      out +=
          " " + ZshItem("--" + std::string(flag.name) + (flag.takes_value ? "=" : ""), flag.help);
    }
    out += " )\n        break ;;\n";
  }
  out +=
      "    esac\n"
      "    [[ $typed == *' '* ]] || break\n"
      "    typed=${typed% *}\n"
      "  done\n"
      "  if [[ $PREFIX == -*=* ]]; then\n"
      "    compset -P '*='\n"
      "    _files\n"
      "  elif [[ $PREFIX == -* ]]; then\n"
      "    _describe -o flag flags -S ''\n"
      "  elif (( $#next )); then\n"
      "    _describe command next\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}\n"
      "_meerkat \"$@\"\n";
  return out;
}

std::string FishCompletion(const CommandLineTables& tables) {
  std::string out =
      "# fish completion of meerkat: meerkat completion fish | source\n"
      "function __meerkat_typed\n"
      "  set -l words (commandline -opc)\n"
      "  set -l typed (string match -v -- '-*' $words[2..-1])\n"
      "  string join ' ' -- $typed\n"
      "end\n"
      "function __meerkat_is\n"
      "  test (__meerkat_typed; or echo) = \"$argv[1]\"\n"
      "end\n"
      "function __meerkat_in\n"
      "  string match -q -- \"$argv[1]*\" (__meerkat_typed; or echo)\n"
      "end\n";
  for (const auto& [typed, step] : StepsOf(tables)) {
    const std::string is = "__meerkat_is " + FishQuoted(typed);
    for (const auto& [word, help] : step.words) {
      out += "complete -c meerkat -f -n " + FishQuoted(is) + " -a " + FishQuoted(word) + " -d " +
             FishQuoted(help) + "\n";
    }
    const std::string in = typed.empty() ? is : "__meerkat_in " + FishQuoted(typed);
    for (const FlagRule& flag : step.flags) {
      out += "complete -c meerkat -n " + FishQuoted(in) + " -l " + FishQuoted(flag.name);
      if (flag.letter != '\0') out += std::string(" -s ") + flag.letter;
      if (flag.takes_value) out += " -r";
      out += " -d " + FishQuoted(flag.help) + "\n";
    }
  }
  return out;
}

}  // namespace meerkat::commands
