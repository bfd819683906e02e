#include "server/setup/alert_address.h"

#include <gtest/gtest.h>

#include "server/config/alertmanager_config.h"

namespace meerkat::setup {
namespace {

TEST(AlertAddress, BecomesAFileTheAlertManagerTakes) {
  for (
      const char* form : {
          R"({"kind":"email","to":"a@example.org, b@example.org","smarthost":"mail:587"})",
          R"({"kind":"email","to":"a@example.org","from":"m@x","smarthost":"mail:25","username":"u","password":"p\"\\ q: #","requireTls":false})",
          R"({"kind":"slack","url":"https://hooks.example.org/T/B/x","to":"#alerts"})",
          R"({"kind":"webhook","url":"http://127.0.0.1:8080/alert"})",
      }) {
    const auto address = ReadAlertAddress(form);
    ASSERT_TRUE(address) << form;
    const std::string text = ComposeAlertmanagerFile(*address);
    const auto file = config::ParseAlertmanagerConfig("made.yml", text);
    ASSERT_TRUE(file) << text << file.error().message();
    ASSERT_EQ(file->config.receivers.size(), 1u);
    EXPECT_EQ(file->config.receivers[0].name, "home");
  }
}

TEST(AlertAddress, MailComesFromTheFirstAddressWhenNothingElseIsSaid) {
  const auto address =
      ReadAlertAddress(R"({"kind":"email","to":"a@x, b@x","smarthost":"mail:587"})");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->from, "a@x");
}

TEST(AlertAddress, SaysWhichFieldIsMissing) {
  const struct {
    const char* form;
    const char* says;
  } rows[] = {
      {"[]", "the body must be a JSON object"},
      {"{}", "kind is email, slack or webhook"},
      {R"({"kind":"pigeon"})", "kind is email, slack or webhook"},
      {R"({"kind":"email"})", "the address (to) is missing"},
      {R"({"kind":"email","to":"a@x"})", "the mail server (smarthost) is missing"},
      {R"({"kind":"email","to":"a@x","smarthost":"mail"})",
       "the mail server needs a port: mail:587"},
      {R"({"kind":"slack"})", "the URL is missing"},
      {R"({"kind":"webhook","url":7})", "the URL is missing"},
  };
  for (const auto& row : rows) {
    const auto address = ReadAlertAddress(row.form);
    ASSERT_FALSE(address) << row.form;
    EXPECT_EQ(address.error().message(), row.says);
  }
}

}  // namespace
}  // namespace meerkat::setup
