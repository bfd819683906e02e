#pragma once

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>

namespace meerkat::remote {

struct WrongWireType : protozero::exception {
  const char* what() const noexcept override { return "wrong wireType"; }
};

// What upstream says of a message that does not parse.
inline std::string TextOf(const protozero::exception& error) {
  if (dynamic_cast<const protozero::end_of_buffer_exception*>(&error) != nullptr) {
    return "unexpected EOF";
  }
  return std::string("proto: ") + error.what();
}

// A protobuf message from a stranger, read field by field. protozero trusts its caller to know each
// field's wire type and only asserts it; here a wrong one is an exception like other malformed
// input, caught once per request. The names are protozero's.
class Message : private protozero::pbf_reader {
 public:
  explicit Message(std::string_view bytes) : pbf_reader(bytes.data(), bytes.size()) {}

  using pbf_reader::next;
  using pbf_reader::skip;
  using pbf_reader::tag;

  // A repeated number: packed into one field, or one of many.
  bool is_packed() const { return wire_type() == protozero::pbf_wire_type::length_delimited; }

  std::string_view bytes() {
    Need(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = get_view();
    return {view.data(), view.size()};
  }
  double get_double() { return Need(protozero::pbf_wire_type::fixed64).pbf_reader::get_double(); }
  std::uint64_t get_fixed64() {
    return Need(protozero::pbf_wire_type::fixed64).pbf_reader::get_fixed64();
  }
  std::int64_t get_sfixed64() {
    return Need(protozero::pbf_wire_type::fixed64).pbf_reader::get_sfixed64();
  }
  std::int64_t get_int64() { return Varint().pbf_reader::get_int64(); }
  std::uint64_t get_uint64() { return Varint().pbf_reader::get_uint64(); }
  std::int64_t get_sint64() { return Varint().pbf_reader::get_sint64(); }
  std::int32_t get_sint32() { return Varint().pbf_reader::get_sint32(); }
  std::uint32_t get_uint32() { return Varint().pbf_reader::get_uint32(); }
  std::int32_t get_enum() { return Varint().pbf_reader::get_enum(); }
  bool get_bool() { return Varint().pbf_reader::get_uint64() != 0; }

  // Calls take(number) for each of a repeated field, packed or not.
  template <typename Take>
  void each_double(const Take& take) {
    if (!is_packed()) {
      take(get_double());
      return;
    }
    for (const double value : get_packed_double()) take(value);
  }
  template <typename Take>
  void each_fixed64(const Take& take) {
    if (!is_packed()) {
      take(get_fixed64());
      return;
    }
    for (const std::uint64_t value : get_packed_fixed64()) take(value);
  }
  template <typename Take>
  void each_sint64(const Take& take) {
    if (!is_packed()) {
      take(get_sint64());
      return;
    }
    for (const std::int64_t value : get_packed_sint64()) take(value);
  }
  template <typename Take>
  void each_uint64(const Take& take) {
    if (!is_packed()) {
      take(get_uint64());
      return;
    }
    for (const std::uint64_t value : get_packed_uint64()) take(value);
  }
  template <typename Take>
  void each_uint32(const Take& take) {
    if (!is_packed()) {
      take(get_uint32());
      return;
    }
    for (const std::uint32_t value : get_packed_uint32()) take(value);
  }

 private:
  Message& Need(protozero::pbf_wire_type type) {
    if (wire_type() != type) throw WrongWireType();
    return *this;
  }
  Message& Varint() { return Need(protozero::pbf_wire_type::varint); }
};

}  // namespace meerkat::remote
