#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace meerkat {

// RFC 1321. For placing targets on shards and naming things as upstream does, never for secrets.
std::array<std::uint8_t, 16> Md5(std::string_view text);

}  // namespace meerkat
