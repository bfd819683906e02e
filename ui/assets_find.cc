#include <algorithm>

#include "ui/assets.h"

namespace meerkat::ui {

const Asset* FindAsset(std::string_view path) {
  const std::span<const Asset> all = Assets();
  const auto found = std::lower_bound(
      all.begin(), all.end(), path,
      [](const Asset& asset, std::string_view wanted) { return asset.path < wanted; });
  return found != all.end() && found->path == path ? &*found : nullptr;
}

}  // namespace meerkat::ui
