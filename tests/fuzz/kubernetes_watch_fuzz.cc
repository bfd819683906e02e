// What a Kubernetes API answers. The first byte says which role reads it and how long the pieces
// are that it arrives in; up to the first NUL byte it is the page of a list, beyond that the lines
// of a watch. Pieces make no difference, and what is kept becomes targets with addresses.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "server/discovery/kubernetes_watch.h"

namespace {

using namespace meerkat;             // NOLINT(google-build-using-namespace): a fuzz target
using namespace meerkat::discovery;  // NOLINT(google-build-using-namespace): a fuzz target

struct Heard {
  KubernetesFeed feed;
  std::string events;
};

Heard Listen(const KubernetesPage& page, std::string_view body, std::size_t piece) {
  Heard heard;
  heard.feed.TakeList(page.objects, page.version.empty() ? "1" : page.version);
  heard.feed.BeginWatch();
  while (!body.empty() && !heard.feed.version().empty()) {
    heard.feed.TakePiece(body.substr(0, piece), [&heard](KubernetesFeed::Event event) {
      heard.events += static_cast<char>('0' + static_cast<int>(event));
    });
    body.remove_prefix(std::min(piece, body.size()));
  }
  return heard;
}

bool Same(const KubernetesStore& a, const KubernetesStore& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && *x.second == *y.second;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::uint8_t kRoles = 6;
  KubernetesSd config;
  config.role = static_cast<KubernetesSd::Role>(data[0] % kRoles);
  const std::size_t piece = 1 + data[0] / kRoles;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = std::min(text.find('\0'), text.size());
  auto page = ParseKubernetesPage(text.substr(0, end));
  if (!page && page.error().message().empty()) std::abort();
  const KubernetesPage known = page ? *std::move(page) : KubernetesPage();

  const std::string_view watched = text.substr(std::min(end + 1, text.size()));
  const Heard whole = Listen(known, watched, watched.size());
  const Heard pieces = Listen(known, watched, piece);
  if (whole.events != pieces.events || whole.feed.version() != pieces.feed.version()) std::abort();
  if (!Same(whole.feed.objects(), pieces.feed.objects())) std::abort();

  const KubernetesStores stores{{KindsOf(config).front(), whole.feed.objects()}};
  for (const TargetGroup& group : KubernetesTargets(config, stores)) {
    if (group.source.empty()) std::abort();
  }
  return 0;
}
