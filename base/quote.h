#pragma once

#include <string>
#include <string_view>

namespace meerkat {

// "text" in double quotes, escaped as Go's strconv.Quote does, which upstream's messages use:
// \a \b \f \n \r \t \v \\ \" ; other unprintable runes as \x \u \U, invalid UTF-8 bytes as \xNN.
std::string Quote(std::string_view text);

}  // namespace meerkat
