#pragma once

#include <span>
#include <string>

#include "server/app/flags.h"

namespace meerkat::app {

// What --help prints of the server: every flag with a heading, its default behind its name, the
// explanations in lines of at most 100 columns.
std::string HelpText(std::span<const FlagSpec> flags);

}  // namespace meerkat::app
