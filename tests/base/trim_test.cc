#include "base/trim.h"

#include <gtest/gtest.h>

namespace meerkat {
namespace {

TEST(Trim, TakesWhiteSpaceOffBothEnds) {
  EXPECT_EQ(Trim(" \t\r\n\v\fa b\n "), "a b");
  EXPECT_EQ(Trim("a"), "a");
  EXPECT_EQ(Trim(" \n "), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(Trim, OrWhateverIsNamed) {
  EXPECT_EQ(Trim("\t a ", " "), "\t a");
  EXPECT_EQ(Trim("--a-b-", "-"), "a-b");
}

}  // namespace
}  // namespace meerkat
