#pragma once

#include <string>
#include <string_view>

// Escaping of text for HTML, JavaScript and URLs, as Go's template packages and net/url do it.
namespace meerkat::alerting::templates {

std::string EscapeHtml(std::string_view text);   // the function `html`
std::string EscapeJs(std::string_view text);     // the function `js`
std::string EscapeQuery(std::string_view text);  // url.QueryEscape: a space is +
std::string EscapePath(std::string_view text);   // url.PathEscape of one segment
// url.QueryUnescape / PathUnescape; false: `out` is the bad escape.
bool UnescapeUrl(std::string_view text, bool plus_is_space, std::string& out);

}  // namespace meerkat::alerting::templates
