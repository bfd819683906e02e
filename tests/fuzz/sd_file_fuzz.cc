// A file of file_sd_configs: whatever the text, it becomes groups that know the file, or one error
// that names the place.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "server/config/sd_file.h"

namespace {

bool Storable(const meerkat::Labels& labels) {
  for (const auto& label : labels) {
    if (label.name.empty() || !meerkat::IsValidUtf8(label.name)) return false;
    if (!meerkat::IsValidUtf8(label.value)) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto groups = meerkat::config::ParseTargetFile("f.yml", text);
  if (!groups) {
    if (!groups.error().message().starts_with("f.yml:")) std::abort();
    return 0;
  }
  // !!binary may say any bytes; the target with them is refused later.
  const bool binary = text.find('!') != std::string_view::npos;
  for (const auto& group : *groups) {
    if (group.labels.Get("__meta_filepath") != "f.yml") std::abort();
    if (binary) continue;
    if (!Storable(group.labels)) std::abort();
    for (const auto& target : group.targets) {
      if (!Storable(target)) std::abort();
    }
  }
  return 0;
}
