#include "server/remote/read_request.h"

#include <optional>
#include <utility>

#include "server/remote/message.h"

namespace meerkat::remote {
namespace {

Result<Matcher> ReadMatcher(std::string_view message) {
  Message reader(message);
  std::int32_t type = 0;
  std::string name;
  std::string value;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        type = reader.get_enum();
        break;
      case 2:
        name = reader.bytes();
        break;
      case 3:
        value = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  static constexpr Matcher::Type kTypes[] = {Matcher::Type::kEqual, Matcher::Type::kNotEqual,
                                             Matcher::Type::kRegex, Matcher::Type::kNotRegex};
  if (type < 0 || type > 3) {
    return Error(Code::kExecution, "invalid matcher type");
  }
  auto matcher = Matcher::Make(kTypes[type], std::move(name), std::move(value));
  if (!matcher) return Error(Code::kExecution, matcher.error().message());
  return matcher;
}

Result<ReadQuery> ReadOne(std::string_view message) {
  ReadQuery query;
  query.range = {FromMillis(0), FromMillis(0)};
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        query.range.min = FromMillis(reader.get_int64());
        break;
      case 2:
        query.range.max = FromMillis(reader.get_int64());
        break;
      case 3: {
        auto matcher = ReadMatcher(reader.bytes());
        if (!matcher) return std::move(matcher).error();
        query.matchers.push_back(std::move(*matcher));
        break;
      }
      default:
        reader.skip();  // hints: the store needs none
    }
  }
  return query;
}

}  // namespace

Result<ReadRequest> ParseReadRequest(std::string_view message) {
  ReadRequest request;
  std::optional<ReadRequest::Form> form;
  std::optional<Error> fault;  // in a query; told only to those who could take an answer
  std::string unknown;         // the forms asked for that nobody knows
  try {
    Message reader(message);
    while (reader.next()) {
      if (reader.tag() == 1) {
        auto query = ReadOne(reader.bytes());
        if (query) {
          request.queries.push_back(std::move(*query));
        } else if (!fault) {
          fault = std::move(query).error();
        }
      } else if (reader.tag() == 2) {
        const auto accept = [&](std::uint64_t type) {
          if (form) return;
          if (type == 0) form = ReadRequest::Form::kSamples;
          if (type == 1) form = ReadRequest::Form::kStreamedChunks;
          if (type > 1) unknown += (unknown.empty() ? "" : " ") + std::to_string(type);
        };
        reader.each_uint64(accept);
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception& error) {
    return Error(Code::kInvalid, TextOf(error));
  }
  if (!form && !unknown.empty()) {
    return Error(Code::kInvalid, "server does not support any of the requested response types: [" +
                                     unknown +
                                     "]; supported: map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]");
  }
  if (fault) return std::move(*fault);
  request.form = form.value_or(ReadRequest::Form::kSamples);
  return request;
}

std::vector<Matcher> WithoutExternal(const std::vector<Matcher>& matchers, const Labels& external) {
  std::vector<Matcher> kept;
  for (const Matcher& matcher : matchers) {
    const std::string_view value = external.Get(matcher.name());
    const bool ours =
        matcher.type() == Matcher::Type::kEqual && !value.empty() && matcher.value() == value;
    kept.push_back(ours ? Matcher::Equal(matcher.name(), "") : matcher);
  }
  return kept;
}

Labels WithExternal(const Labels& labels, const Labels& external) {
  if (external.empty()) return labels;
  LabelsBuilder builder(labels);
  for (const Label label : external) {
    if (builder.Get(label.name).empty()) builder.Set(label.name, label.value);
  }
  return builder.Build();
}

}  // namespace meerkat::remote
