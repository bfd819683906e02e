#include "base/html_text.h"

#include <gtest/gtest.h>

namespace meerkat {
namespace {

TEST(HtmlText, TheFiveThatHaveAMeaningInMarkupBecomeEntities) {
  EXPECT_EQ(EscapeHtml(R"(<a title="x" href='y'>b&c</a>)"),
            "&lt;a title=&#34;x&#34; href=&#39;y&#39;&gt;b&amp;c&lt;/a&gt;");
  EXPECT_EQ(EscapeHtml("grüße, 100 % + 1\n"), "grüße, 100 % + 1\n");
  EXPECT_EQ(EscapeHtml(""), "");
}

}  // namespace
}  // namespace meerkat
