#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// What a plain YAML scalar means to upstream's YAML library (yaml.v2: YAML 1.1 with its extras).
namespace meerkat::config {

// y, yes, on, true / n, no, off, false in their three spellings.
std::optional<bool> ScalarToBool(std::string_view text);
// Base by prefix (0x, 0b, 0o, leading 0), underscores ignored; integral floats lose their fraction
// as upstream truncates them. nullopt: no number, or out of range.
std::optional<std::int64_t> ScalarToInt(std::string_view text);
std::optional<std::uint64_t> ScalarToUint(std::string_view text);
// Also .inf and .nan.
std::optional<double> ScalarToFloat(std::string_view text);

// "512MB", "1GiB", "1.5KB": powers of 1024 for both spellings; "0" needs no unit.
std::optional<std::uint64_t> ParseSize(std::string_view text);

}  // namespace meerkat::config
