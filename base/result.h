#pragma once

#include <cassert>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace meerkat {

// What kind of failure it was, for programs. The names follow the error types of the HTTP API.
enum class Code : unsigned char {
  kInvalid,      // the caller's input is wrong: bad_data, 400
  kNotFound,     // 404
  kExecution,    // a well-formed query that cannot be evaluated: 422
  kCanceled,     // the caller went away
  kTimeout,      // a deadline passed
  kUnavailable,  // cannot be done now, may work later: disk full, not ready, network
  kCorruption,   // stored data contradicts its checksum or format
  kConflict,     // somebody else changed it first
  kInternal,     // a promise to ourselves was broken
};

// Why something failed: a code for programs, a sentence for people.
// One pointer wide, so Result<T> stays small and success never allocates.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message)
      : state_(std::make_unique<State>(State{code, std::move(message)})) {}
  Error(const Error& other) : state_(std::make_unique<State>(*other.state_)) {}
  Error(Error&&) noexcept = default;
  Error& operator=(const Error& other) {
    state_ = std::make_unique<State>(*other.state_);
    return *this;
  }
  Error& operator=(Error&&) noexcept = default;

  Code code() const { return state_->code; }
  const std::string& message() const { return state_->message; }

  // Says where we were, outermost first: "rules.yml: group api: line 7: unknown function".
  Error Within(std::string_view where) && {
    state_->message.insert(0, std::string(where) + ": ");
    return std::move(*this);
  }

 private:
  struct State {
    Code code;
    std::string message;
  };
  std::unique_ptr<State> state_;
};

// A value or the reason there is none; a subset of std::expected, which g++ 12 lacks.
template <typename T = void>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {
  }  // NOLINT(google-explicit-constructor): `return value;` is the point
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {
  }  // NOLINT(google-explicit-constructor): `return error;` is the point

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error)
      : error_(std::make_unique<Error>(std::move(error))) {
  }  // NOLINT(google-explicit-constructor): `return error;` is the point

  bool ok() const { return error_ == nullptr; }
  explicit operator bool() const { return ok(); }
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::unique_ptr<Error> error_;
};

}  // namespace meerkat
