#include "server/remote/read_server.h"

#include <cmath>
#include <limits>

#include "base/number.h"
#include "server/remote/chunk_frame.h"
#include "server/remote/message.h"
#include "server/remote/snappy_body.h"
#include "server/remote/xor_chunk.h"
#include "tests/server/remote/fixture.h"
#include "tests/server/remote/messages.h"

namespace meerkat::remote {
namespace {

// A reader of XOR chunks, written from the format's description.
class XorReader {
 public:
  explicit XorReader(std::string_view chunk) : bytes_(chunk) {
    count_ = static_cast<unsigned char>(chunk[0]) << 8 | static_cast<unsigned char>(chunk[1]);
    at_ = 16;
  }
  std::vector<std::pair<std::int64_t, double>> All() {
    std::vector<std::pair<std::int64_t, double>> out;
    std::int64_t time = 0;
    std::uint64_t delta = 0;
    std::uint64_t value = 0;
    for (int i = 0; i < count_; ++i) {
      if (i == 0) {
        const std::uint64_t zigzag = Uvarint();
        time = static_cast<std::int64_t>(zigzag >> 1) ^ -static_cast<std::int64_t>(zigzag & 1);
        value = Bits(64);
      } else {
        if (i == 1) {
          delta = Uvarint();
        } else {
          delta += static_cast<std::uint64_t>(Change());
        }
        time += static_cast<std::int64_t>(delta);
        if (Bits(1) != 0) {
          if (Bits(1) != 0) {
            leading_ = static_cast<int>(Bits(5));
            size_ = static_cast<int>(Bits(6));
            if (size_ == 0) size_ = 64;
          }
          value ^= Bits(size_) << (64 - leading_ - size_);
        }
      }
      out.emplace_back(time, std::bit_cast<double>(value));
    }
    return out;
  }

 private:
  std::uint64_t Bits(int count) {
    std::uint64_t out = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      out = out << 1 | (static_cast<unsigned char>(bytes_[at_ / 8]) >> (7 - at_ % 8) & 1);
    }
    return out;
  }
  std::uint64_t Uvarint() {
    std::uint64_t out = 0;
    for (int shift = 0;; shift += 7) {
      const std::uint64_t byte = Bits(8);
      out |= (byte & 0x7f) << shift;
      if (byte < 0x80) return out;
    }
  }
  std::int64_t Change() {
    int ones = 0;
    while (ones < 4 && Bits(1) != 0) ++ones;
    static constexpr int kSizes[] = {0, 14, 17, 20, 64};
    const int size = kSizes[ones];
    if (size == 0) return 0;
    const std::uint64_t bits = Bits(size);
    if (size < 64 && bits > (1ULL << (size - 1))) {
      return static_cast<std::int64_t>(bits) - (std::int64_t{1} << size);
    }
    return static_cast<std::int64_t>(bits);
  }

  std::string_view bytes_;
  int count_ = 0;
  std::size_t at_ = 0;
  int leading_ = 0;
  int size_ = 0;
};

TEST(XorChunk, GivesBackEveryBit) {
  XorChunk chunk;
  std::vector<std::pair<std::int64_t, double>> in;
  const double odd[] = {
      0,     -0.0,   1,          1,    1.5, std::numeric_limits<double>::infinity(),
      1e300, 5e-324, StaleNan(), -7.25};
  std::int64_t time = -5;
  const std::int64_t steps[] = {1, 1, 8192, 8193, 8192, 70000, 600000, 3, 1LL << 40, 1};
  for (int i = 0; i < 10; ++i) {
    time += steps[i];
    in.emplace_back(time, odd[i]);
    chunk.Append(FromMillis(time), odd[i]);
  }
  const std::string bytes = chunk.Take();
  const auto out = XorReader(bytes).All();
  ASSERT_EQ(out.size(), in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(out[i].first, in[i].first) << i;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(out[i].second),
              std::bit_cast<std::uint64_t>(in[i].second))
        << i;
  }
}

TEST(Crc32c, KnownAnswer) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
}

class ReadServerTest : public RemoteFixture {
 protected:
  void SetUp() override {
    RemoteFixture::SetUp();
    auto appender = database_->NewAppender();
    for (const char* code : {"200", "500"}) {
      const auto ref = appender->Resolve(Labels{{"__name__", "m"}, {"code", code}});
      for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(appender->Append(ref, FromMillis(kNow + i * 1000), i), tsdb::Refusal::kNone);
      }
    }
    ASSERT_TRUE(appender->Commit().ok());
  }

  static std::string Query(std::initializer_list<std::array<std::string, 2>> equal, std::int64_t to,
                           int type = -1, int matcher_type = 0) {
    std::string out;
    protozero::pbf_writer request(out);
    {
      protozero::pbf_writer query(request, 1);
      query.add_int64(1, kNow);
      query.add_int64(2, kNow + to);
      for (const auto& [name, value] : equal) {
        protozero::pbf_writer matcher(query, 3);
        matcher.add_enum(1, matcher_type);
        matcher.add_string(2, name);
        matcher.add_string(3, value);
      }
    }
    if (type >= 0) request.add_enum(2, type);
    return out;
  }

  std::pair<int, std::string> Ask(const std::string& message) {
    net::Request request;
    request.method = "POST";
    request.body = Snappy(message);
    net::Response response = server_.Handle(request, {});
    if (auto* text = std::get_if<std::string>(&response.body)) return {response.status, *text};
    std::string all;
    auto& source = std::get<std::unique_ptr<net::BodySource>>(response.body);
    for (bool more = true; more;) {
      std::string piece;
      auto next = source->Next(piece);
      EXPECT_TRUE(next.ok());
      more = next.ok() && *next;
      all += piece;
    }
    return {response.status, all};
  }

  Labels external_{{"cluster", "c"}};
  ReadServer server_{[this] { return database_.get(); }, [this] { return external_; },
                     ReadServerOptions{500, 400, 10}, registry_};
};

TEST_F(ReadServerTest, SamplesCarryExternalLabels) {
  const auto [status, body] =
      Ask(Query({{"__name__", "m"}, {"code", "500"}, {"cluster", "c"}}, 2000));
  ASSERT_EQ(status, 200);
  std::string buffer;
  auto plain = Unsnappy(body, buffer, 1 << 20);
  ASSERT_TRUE(plain.ok());
  const std::string text(*plain);
  EXPECT_NE(text.find("cluster"), std::string::npos);
  EXPECT_NE(text.find("500"), std::string::npos);
  EXPECT_EQ(text.find("200"), std::string::npos);
}

TEST_F(ReadServerTest, AnotherClustersSamplesAreNotHere) {
  const auto [status, body] = Ask(Query({{"__name__", "m"}, {"cluster", "d"}}, 2000));
  std::string buffer;
  EXPECT_EQ(Unsnappy(body, buffer, 1 << 20)->size(), 2U);  // one empty result
}

TEST_F(ReadServerTest, RefusesTooMuchAndNonsense) {
  EXPECT_EQ(Ask(Query({{"__name__", "m"}}, 299'000)).second, "exceeded sample limit (500)\n");
  EXPECT_EQ(Ask(Query({{"__name__", "m"}}, 1000, -1, 9)).first, 500);
  EXPECT_EQ(Ask("\xff\xff\xff\xff").first, 400);
}

TEST_F(ReadServerTest, ChunksComeInFramesThatCheck) {
  const auto [status, body] = Ask(Query({{"__name__", "m"}}, 299'000, 1));
  ASSERT_EQ(status, 200);
  std::string_view rest = body;
  std::map<std::string, int> samples;
  int frames = 0;
  while (!rest.empty()) {
    std::size_t size = 0;
    int shift = 0;
    for (bool more = true; more; shift += 7) {
      const auto byte = static_cast<unsigned char>(rest[0]);
      rest.remove_prefix(1);
      size |= static_cast<std::size_t>(byte & 0x7f) << shift;
      more = byte >= 0x80;
    }
    std::uint32_t crc = 0;
    for (int i = 0; i < 4; ++i) crc = crc << 8 | static_cast<unsigned char>(rest[i]);
    const std::string_view message = rest.substr(4, size);
    EXPECT_EQ(Crc32c(message), crc);
    rest.remove_prefix(4 + size);
    ++frames;
    Message reader(message);
    ASSERT_TRUE(reader.next());
    Message series(reader.bytes());
    std::string labels;
    while (series.next()) {
      if (series.tag() == 1) {
        labels += series.bytes();
        continue;
      }
      Message chunk(series.bytes());
      while (chunk.next()) {
        if (chunk.tag() == 4) {
          samples[labels] += static_cast<int>(XorReader(chunk.bytes()).All().size());
        } else {
          chunk.skip();
        }
      }
    }
  }
  EXPECT_EQ(samples.size(), 2U);
  for (const auto& [labels, count] : samples) EXPECT_EQ(count, 300);
  EXPECT_GT(frames, 2);  // 400 bytes hold no three chunks
}

}  // namespace
}  // namespace meerkat::remote
