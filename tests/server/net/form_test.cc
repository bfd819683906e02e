#include <gtest/gtest.h>

#include "server/net/http.h"
#include "server/net/media_type.h"
#include "server/net/multipart.h"

namespace meerkat::net {
namespace {

TEST(MediaType, IsReadAsGoReadsIt) {
  const struct {
    std::string_view header, type, parameters, error;
  } cases[] = {
      {"text/plain", "text/plain", "", ""},
      {" Text/PLAIN ; Charset=UTF-8", "text/plain", "charset=UTF-8 ", ""},
      {"a/b; c=\"d \\\" \\e\"; f=g;", "a/b", "c=d \" \\e f=g ", ""},
      {"form-data; name=\"x\"", "form-data", "name=x ", ""},
      {"a/b; c=d; C=d", "a/b", "c=d ", ""},
      {"a/b; c=d; c=e", "", "", "mime: duplicate parameter name"},
      {"a/b; c", "a/b", "", "mime: invalid media parameter"},
      {"a/b; c=d; =", "a/b", "", "mime: invalid media parameter"},
      {"a/b; c=\"d", "a/b", "", "mime: invalid media parameter"},
      {"a/b;;", "a/b", "", "mime: invalid media parameter"},
      {"", "", "", "mime: no media type"},
      {"/", "", "", "mime: no media type"},
      {"a/", "", "", "mime: expected token after slash"},
      {"a b", "", "", "mime: expected slash after first token"},
      {"a/b, c/d", "", "", "mime: unexpected content after media subtype"},
  };
  for (const auto& c : cases) {
    const MediaType media = MediaType::Parse(c.header);
    std::string parameters;
    for (const auto& [name, value] : media.parameters) parameters += name + "=" + value + " ";
    EXPECT_EQ(media.type, c.type) << c.header;
    EXPECT_EQ(parameters, c.parameters) << c.header;
    EXPECT_EQ(media.error, c.error) << c.header;
  }
}

TEST(Multipart, GivesTheFieldsOfACompleteBody) {
  const std::string field = "Content-Disposition: form-data; name=";
  const struct {
    std::string body, fields;
  } cases[] = {
      {"--B\r\n" + field + "a\r\n\r\n1\r\n--B\r\n" + field + "\"b[]\"\r\n\r\n2\r\n3\r\n--B--\r\n",
       "a=1&b%5B%5D=2%0D%0A3"},
      {"preamble\r\n--B  \r\n" + field + "a\r\n\r\n--Bad\r\n--B--", "a=--Bad"},
      {"--B\n" + field + "a\n\n1\n--B--\n", "a=1"},  // lines end as the first one does
      {"--B\r\n" + field + "a\r\n\r\n--B--", "a="},
      {"--B\r\n" + field + "a; filename=f\r\n\r\n1\r\n--B--", ""},
      {"--B\r\nContent-Type: text/plain\r\n\r\n1\r\n--B--", ""},
      {"--B\r\n" + field + "a\r\n\r\n1\r\n", "malformed"},  // cut off
      {"--B\r\n" + field + "a\r\n\r\n1\r\n--B\r\n", "malformed"},
      {"--B\r\nno header\r\n\r\n1\r\n--B--", "malformed"},
      {"--C\r\n" + field + "a\r\n\r\n1\r\n--C--", "malformed"},
      {"", "malformed"},
  };
  for (const auto& c : cases) {
    const auto fields = ParseMultipart(c.body, "B");
    EXPECT_EQ(fields ? fields->Encode() : "malformed", c.fields) << c.body;
  }
  EXPECT_FALSE(ParseMultipart("--\r\n\r\n----", ""));
}

TEST(Form, HoldsBodyThenUrlThenMultipart) {
  Request request;
  request.method = "POST";
  request.raw_query = "a=url";
  request.query = Params::Parse(request.raw_query);
  const auto form_of = [&](std::string type, std::string body) {
    request.headers.Set("Content-Type", std::move(type));
    request.body = std::move(body);
    const Params form = request.Form();
    std::string text;
    for (const std::string& value : form.All("a")) text += value + " ";
    return text + form.error();
  };
  const std::string multipart =
      "--B\r\nContent-Disposition: form-data; name=a\r\n\r\npart\r\n--B--\r\n";
  EXPECT_EQ(form_of("application/x-www-form-urlencoded", "a=body"), "body url ");
  EXPECT_EQ(form_of("Application/X-WWW-Form-Urlencoded; charset=utf-8", "a=body"), "body url ");
  EXPECT_EQ(form_of("text/plain", "a=body"), "url ");
  EXPECT_EQ(form_of("application/x-www-form-urlencoded; =", "a=body"),
            "body url mime: invalid media parameter");
  EXPECT_EQ(form_of("multipart/form-data; boundary=B", multipart), "url part ");
  EXPECT_EQ(form_of("multipart/form-data", multipart), "url ");
  request.method = "GET";
  EXPECT_EQ(form_of("application/x-www-form-urlencoded", "a=body"), "url ");
}

}  // namespace
}  // namespace meerkat::net
