#include "alerting/receivers/sigv4.h"

#include <algorithm>

#include "base/rfc3339.h"
#include "base/sha256.h"

namespace meerkat::alerting {
namespace {

std::string_view View(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// 20150830T123600Z
std::string BasicTime(Timestamp now) {
  std::string text = FormatRfc3339(std::chrono::floor<std::chrono::seconds>(now));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace

void SignV4(HttpRequest& request, const Sigv4Config& keys, std::string_view region,
            std::string_view service, Timestamp now) {
  const auto scheme_end = request.url.find("://");
  const auto host_start = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  const auto path_start = std::min(request.url.find('/', host_start), request.url.size());
  const std::string host = request.url.substr(host_start, path_start - host_start);
  std::string path = request.url.substr(path_start);
  if (path.empty()) path = "/";

  const std::string time = BasicTime(now);
  const std::string date = time.substr(0, 8);
  request.headers.emplace_back("X-Amz-Date", time);
  if (!keys.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token", keys.session_token);
  }

  std::vector<std::pair<std::string, std::string>> headers = {{"host", host}};
  for (const auto& [name, value] : request.headers) headers.emplace_back(Lower(name), value);
  std::sort(headers.begin(), headers.end());
  std::string canonical_headers;
  std::string signed_headers;
  for (const auto& [name, value] : headers) {
    canonical_headers += name + ":" + value + "\n";
    if (!signed_headers.empty()) signed_headers += ';';
    signed_headers += name;
  }
  const std::string canonical = request.method + "\n" + path + "\n\n" + canonical_headers + "\n" +
                                signed_headers + "\n" + Sha256Hex(request.body);
  const std::string scope =
      date + "/" + std::string(region) + "/" + std::string(service) + "/aws4_request";
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + Sha256Hex(canonical);

  auto key = HmacSha256("AWS4" + keys.secret_key, date);
  key = HmacSha256(View(key), region);
  key = HmacSha256(View(key), service);
  key = HmacSha256(View(key), "aws4_request");
  request.headers.emplace_back("Authorization",
                               "AWS4-HMAC-SHA256 Credential=" + keys.access_key + "/" + scope +
                                   ", SignedHeaders=" + signed_headers +
                                   ", Signature=" + Hex(HmacSha256(View(key), to_sign)));
}

}  // namespace meerkat::alerting
