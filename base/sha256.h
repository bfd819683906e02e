#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace meerkat {

using Sha256Digest = std::array<std::uint8_t, 32>;

// FIPS 180-4; for identifiers and request signatures, not for passwords.
Sha256Digest Sha256(std::string_view bytes);
// RFC 2104 over SHA-256.
Sha256Digest HmacSha256(std::string_view key, std::string_view bytes);

// Lower-case hexadecimal.
std::string Hex(const Sha256Digest& digest);
std::string Sha256Hex(std::string_view bytes);

}  // namespace meerkat
