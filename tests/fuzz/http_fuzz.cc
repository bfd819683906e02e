#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/net/base64.h"
#include "server/net/compression.h"
#include "server/net/http.h"
#include "server/net/router.h"
#include "server/net/url.h"

using namespace meerkat;

// The parts of an HTTP request that we read ourselves: targets, forms, header lists, encodings.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const net::Params params = net::Params::Parse(text);
  // What was read is written so that it reads the same.
  net::Params again = net::Params::Parse(params.Encode());
  if (again.pairs().size() != params.pairs().size() || !again.error().empty()) std::abort();
  if (net::PercentDecode(net::PathEscape(text)) != std::string(text)) std::abort();
  if (net::PercentDecode(net::QueryEscape(text), true) != std::string(text)) std::abort();
  if (const auto url = net::Url::Parse(text); url.ok()) {
    (void)url->Resolve(text).ok();
    url->Redacted();
  }
  if (net::Base64Decode(net::Base64Encode(text)) != std::string(text)) std::abort();
  net::ChooseEncoding(text);
  for (const char* encoding : {"gzip", "deflate", "zstd"}) {
    const auto plain = net::Decompress(encoding, text, 1 << 16);
    if (plain.ok() && plain->size() > 1 << 16) std::abort();
  }
  static const net::Router router = [] {
    net::Router made;
    const auto answer = [](const net::Request&, std::stop_token) {
      return net::Response::Empty(200);
    };
    made.Get("/api/v1/label/{name}/values", answer);
    made.Get("/static/{path...}", answer);
    made.Get("/", answer);
    return made;
  }();
  const auto match = router.Find("GET", text);
  for (const auto& [name, value] : match.path_values) {
    if (name == "name" && text.find('%') == std::string_view::npos &&
        value.find('/') != std::string::npos) {
      std::abort();
    }
  }
  return 0;
}
