// What a name server answers: the first byte says which type was asked for. Whatever the message
// is, it becomes records that can stand in labels, or one error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "server/discovery/dns_lookup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using meerkat::discovery::DnsSd;
  if (size == 0) return 0;
  constexpr DnsSd::Type kTypes[] = {DnsSd::Type::kSrv, DnsSd::Type::kA, DnsSd::Type::kAaaa,
                                    DnsSd::Type::kMx, DnsSd::Type::kNs};
  const DnsSd::Type type = kTypes[data[0] % std::size(kTypes)];
  const std::string_view message(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto records = meerkat::discovery::ParseDnsAnswer(type, message);
  if (!records) {
    if (records.error().message().empty()) std::abort();
    return 0;
  }
  const bool addresses = type == DnsSd::Type::kA || type == DnsSd::Type::kAaaa;
  for (const auto& record : *records) {
    if (record.host.empty() || !meerkat::IsValidUtf8(record.host)) std::abort();
    if (!addresses && !record.host.ends_with('.')) std::abort();
    if (type != DnsSd::Type::kSrv && record.port != 0) std::abort();
  }
  return 0;
}
