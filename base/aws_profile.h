#pragma once

#include <optional>
#include <string_view>

#include "base/aws_signature.h"

namespace meerkat {

// The keys of a profile in AWS's shared credentials file (INI: [profile], then name = value lines;
// # and ; begin comments). nullopt: the file has none for it. Pure.
std::optional<AwsKeys> AwsKeysOfProfile(std::string_view file, std::string_view profile);

}  // namespace meerkat
