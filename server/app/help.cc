#include "server/app/help.h"

#include <algorithm>
#include <string_view>

namespace meerkat::app {
namespace {

constexpr std::size_t kColumn = 38;  // where explanations begin
constexpr std::size_t kWidth = 100;

std::string NameOf(const FlagSpec& flag) {
  const std::string name(flag.name);
  if (flag.kind == FlagSpec::Kind::kBool) {
    return flag.value == "true" ? "--[no-]" + name : "--" + name;
  }
  if (!flag.value.empty()) return "--" + name + "=" + std::string(flag.value);
  switch (flag.kind) {
    case FlagSpec::Kind::kDuration:
      return "--" + name + "=DURATION";
    case FlagSpec::Kind::kSize:
      return "--" + name + "=SIZE";
    default:
      return "--" + name + "=VALUE";
  }
}

// Words of `text` in lines that begin at kColumn; the first one stands where the page ends now.
void AddWrapped(std::string& page, std::string_view text) {
  std::size_t at = kColumn;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (at > kColumn && at + 1 + end > kWidth) {
      page += "\n" + std::string(kColumn, ' ');
      at = kColumn;
    } else if (at > kColumn) {
      page += ' ';
      ++at;
    }
    page += text.substr(0, end);
    at += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  page += '\n';
}

}  // namespace

std::string HelpText(std::span<const FlagSpec> flags) {
  std::string page =
      "meerkat watches your machines and applications: scraping, storage, PromQL, alerts, "
      "dashboards.\n\n"
      "usage: meerkat [FLAG…]\n"
      "       meerkat COMMAND …\n\n"
      "Without a command it serves. meerkat help lists the commands, meerkat COMMAND --help tells\n"
      "more of one, meerkat man prints all of this as a man page.\n";
  std::string_view group;
  for (const FlagSpec& flag : flags) {
    if (flag.group.empty()) continue;
    if (flag.group != group) page += "\n" + std::string(flag.group) + ":\n";
    group = flag.group;
    const std::string name = "  " + NameOf(flag);
    page += name;
    // Names longer than their column stand on a line of their own.
    const bool fits = name.size() + 2 <= kColumn;
    page += fits ? std::string(kColumn - name.size(), ' ') : "\n" + std::string(kColumn, ' ');
    AddWrapped(page, flag.help);
  }
  page +=
      "\n  -h, --help                          Show this text.\n"
      "  --version                           Show the version.\n";
  return page;
}

}  // namespace meerkat::app
