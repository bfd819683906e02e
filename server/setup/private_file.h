#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace meerkat::setup {

// Puts `text` at `path`, which afterwards holds all of it or what it held before, is on disk, and
// can be read by its owner alone. Makes the folder.
Result<> ReplaceFile(const std::filesystem::path& path, std::string_view text);

}  // namespace meerkat::setup
