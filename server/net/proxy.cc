#include "server/net/proxy.h"

#include <arpa/inet.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/trim.h"
#include "server/net/http.h"

namespace meerkat::net {
namespace {

// An address in its 16-byte form, IPv4 mapped.
std::optional<std::array<unsigned char, 16>> ParseAddress(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  if (inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1) {
    bytes[10] = bytes[11] = 0xff;
    return bytes;
  }
  return std::nullopt;
}

bool SamePrefix(const std::array<unsigned char, 16>& a, const std::array<unsigned char, 16>& b,
                int bits) {
  for (int i = 0; i < bits; ++i) {
    const auto byte = static_cast<std::size_t>(i / 8);
    const int mask = 0x80 >> (i % 8);
    if ((a[byte] & mask) != (b[byte] & mask)) return false;
  }
  return true;
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost") return true;
  const auto address = ParseAddress(host);
  if (!address) return false;
  const bool v4 = host.find(':') == std::string::npos;
  std::array<unsigned char, 16> v6_loopback{};
  v6_loopback[15] = 1;
  return v4 ? (*address)[12] == 127 : *address == v6_loopback;
}

std::string FromEnvironment(const char* upper, const char* lower) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody in this program sets the environment
  const char* value = std::getenv(upper);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody in this program sets the environment
  if (value == nullptr || *value == '\0') value = std::getenv(lower);
  return value == nullptr ? "" : value;
}

}  // namespace

bool InNoProxy(const std::string& host, std::uint16_t port, const std::string& no_proxy) {
  const auto address = ParseAddress(host);
  std::string_view rest = no_proxy;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string item(Trim(rest.substr(0, comma)));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (item.empty()) continue;
    if (item == "*") return true;
    if (const auto slash = item.find('/'); slash != std::string::npos) {
      const auto network = ParseAddress(item.substr(0, slash));
      const bool v4 = item.find(':') == std::string::npos;
      const int bits = std::atoi(item.c_str() + slash + 1) + (v4 ? 96 : 0);
      if (network && address && bits <= 128 && SamePrefix(*network, *address, bits)) return true;
      continue;
    }
    if (const auto network = ParseAddress(item)) {
      if (address && *network == *address) return true;
      continue;
    }
    if (const auto colon = item.rfind(':'); colon != std::string::npos) {
      if (item.substr(colon + 1) != std::to_string(port)) continue;
      item.resize(colon);
      if (item.starts_with('[') && item.ends_with(']')) item = item.substr(1, item.size() - 2);
      if (const auto network = ParseAddress(item)) {
        if (address && *network == *address) return true;
        continue;
      }
    }
    if (item.starts_with("*.")) item.erase(0, 1);
    const bool only_below = item.starts_with('.');
    const std::string suffix = only_below ? item : "." + item;
    if (!only_below && EqualsIgnoreCase(host, item)) return true;
    if (host.size() > suffix.size() &&
        EqualsIgnoreCase(std::string_view(host).substr(host.size() - suffix.size()), suffix)) {
      return true;
    }
  }
  return false;
}

Result<std::optional<Url>> ProxyFor(const Url& url, const ProxyConfig& config) {
  std::string proxy = config.url;
  std::string no_proxy = config.no_proxy;
  if (config.from_environment) {
    proxy = url.scheme == "https" ? FromEnvironment("HTTPS_PROXY", "https_proxy")
                                  : FromEnvironment("HTTP_PROXY", "http_proxy");
    no_proxy = FromEnvironment("NO_PROXY", "no_proxy");
  }
  if (proxy.empty()) return std::optional<Url>();
  if (config.from_environment || !no_proxy.empty()) {
    if (IsLoopback(url.host) || InNoProxy(url.host, url.effective_port(), no_proxy)) {
      return std::optional<Url>();
    }
  }
  if (proxy.find("://") == std::string::npos) proxy = "http://" + proxy;
  auto parsed = Url::Parse(proxy);
  if (!parsed) return std::move(parsed).error().Within("invalid proxy address");
  if (parsed->scheme != "http" && parsed->scheme != "https") {
    return Error(Code::kInvalid, "unsupported proxy scheme: " + parsed->scheme);
  }
  return std::optional<Url>(std::move(*parsed));
}

}  // namespace meerkat::net
