#include "base/aws_signature.h"

#include <algorithm>

#include "base/letter_case.h"
#include "base/rfc3339.h"
#include "base/sha256.h"

namespace meerkat {
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

}  // namespace

std::vector<std::pair<std::string, std::string>> SignAwsPost(
    std::string_view url, const std::vector<std::pair<std::string, std::string>>& headers,
    std::string_view body, const AwsKeys& keys, std::string_view region, std::string_view service,
    Timestamp now) {
  const std::size_t scheme_end = url.find("://");
  const std::size_t host_begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t path_begin = std::min(url.find('/', host_begin), url.size());
  const std::string_view path = path_begin == url.size() ? "/" : url.substr(path_begin);

  const std::string time = BasicTime(now);
  const std::string date = time.substr(0, 8);
  std::vector<std::pair<std::string, std::string>> added = {{"X-Amz-Date", time}};
  if (!keys.session_token.empty()) added.emplace_back("X-Amz-Security-Token", keys.session_token);

  std::vector<std::pair<std::string, std::string>> all = {
      {"host", std::string(url.substr(host_begin, path_begin - host_begin))}};
  for (const auto& [name, value] : headers) all.emplace_back(ToLower(name), value);
  for (const auto& [name, value] : added) all.emplace_back(ToLower(name), value);
  std::ranges::sort(all);
  std::string canonical_headers;
  std::string signed_headers;
  for (const auto& [name, value] : all) {
    canonical_headers.append(name).append(":").append(value).append("\n");
    if (!signed_headers.empty()) signed_headers += ';';
    signed_headers += name;
  }
  const std::string canonical = "POST\n" + std::string(path) + "\n\n" + canonical_headers + "\n" +
                                signed_headers + "\n" + Sha256Hex(body);
  const std::string scope =
      date + "/" + std::string(region) + "/" + std::string(service) + "/aws4_request";
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + Sha256Hex(canonical);

  Sha256Digest key = HmacSha256("AWS4" + keys.secret_key, date);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) {
    key = HmacSha256(View(key), part);
  }
  added.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + keys.access_key + "/" +
                                          scope + ", SignedHeaders=" + signed_headers +
                                          ", Signature=" + Hex(HmacSha256(View(key), to_sign)));
  return added;
}

}  // namespace meerkat
