#include "server/setup/listeners.h"

#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace meerkat::setup {
namespace {

constexpr std::string_view kListening = "0A";

// Addresses are hexadecimal in the machine's byte order, 32 bits at a time.
bool AnswersOnLoopback(std::string_view address) {
  if (address.size() == 8) return address == "00000000" || address.ends_with("7F");
  if (address.size() != 32) return false;
  const bool any = address.find_first_not_of('0') == std::string_view::npos;
  const bool mapped = address.starts_with("0000000000000000FFFF0000");  // ::ffff:127.0.0.1
  return any || (mapped && address.ends_with("7F"));
}

}  // namespace

std::vector<std::uint16_t> ListeningPorts(const std::filesystem::path& proc) {
  std::set<std::uint16_t> ports;
  for (const char* table : {"tcp", "tcp6"}) {
    std::ifstream file(proc / "net" / table);
    std::string line;
    std::getline(file, line);  // the head
    while (std::getline(file, line)) {
      std::string number, local, remote, state;
      if (!(std::istringstream(line) >> number >> local >> remote >> state)) continue;
      const auto colon = local.find(':');
      if (state != kListening || colon == std::string::npos) continue;
      if (!AnswersOnLoopback(std::string_view(local).substr(0, colon))) continue;
      std::uint16_t port = 0;
      const char* end = local.data() + local.size();
      if (std::from_chars(local.data() + colon + 1, end, port, 16).ptr == end) ports.insert(port);
    }
  }
  return {ports.begin(), ports.end()};
}

}  // namespace meerkat::setup
