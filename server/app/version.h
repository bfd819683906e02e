#pragma once

#include <string>
#include <string_view>

namespace meerkat::app {

inline constexpr std::string_view kVersion = "0.1.0";
// The behaviour we answer with: clients choose their requests by this number.
inline constexpr std::string_view kPrometheusVersion = "3.14.0";
inline constexpr std::string_view kAlertmanagerVersion = "0.34.0";

std::string_view Compiler();  // "clang 19.1.7"
std::string VersionText();    // what --version prints
// What it prints of promtool and amtool: a line of upstream's form, which installers look into.
std::string ToolVersionText(std::string_view tool);

}  // namespace meerkat::app
