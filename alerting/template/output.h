#pragma once

#include <string>
#include <string_view>

#include "alerting/template.h"

namespace meerkat::alerting::templates {

// A value as an action prints it: what a pointer points to, where %v would begin with &.
inline std::string PrintedText(const Value& value) {
  std::string text = value.ToText();
  if (value.kind() == Value::Kind::kStruct && text.starts_with('&')) text.erase(0, 1);
  return text;
}

// Where an execution writes: the text of the template as it stands, and values that may need
// escaping on the way.
class Output {
 public:
  virtual ~Output() = default;
  virtual void Text(std::string_view text) = 0;
  virtual void Print(const Value& value) = 0;
  virtual bool escapes() const { return false; }

  const std::string& text() const { return out_; }
  std::string Take() { return std::move(out_); }

 protected:
  std::string out_;
};

class PlainOutput final : public Output {
 public:
  void Text(std::string_view text) override { out_ += text; }
  void Print(const Value& value) override {
    out_ += value.is_nil() ? "<no value>" : PrintedText(value);
  }
};

// Escapes each value for the place in the HTML text where it lands, as html/template does: follows
// tags, attributes, URLs, scripts and styles while the text goes by. Comments of the template's
// text are left out.
class HtmlOutput final : public Output {
 public:
  void Text(std::string_view text) override;
  void Print(const Value& value) override;
  bool escapes() const override { return true; }

 private:
  enum class State {
    kText,
    kTagName,
    kTag,
    kAttributeName,
    kAfterName,
    kBeforeValue,
    kValue,
    kComment,
    kRawText,  // in <title>, <textarea>, <script> or <style>
  };
  enum class Content { kPlain, kUrl, kScript, kStyle };
  enum class UrlPart { kStart, kPath, kQuery };

  std::string_view Step(std::string_view text);
  void EndTag();
  void BeginValue(char quote);
  void NoteUrl(std::string_view text);
  void NoteScript(std::string_view text);
  std::string ForAttribute(const Value& value) const;
  std::string ForUrl(const Value& value) const;
  std::string ForScript(const Value& value) const;
  std::string ForStyle(const Value& value) const;

  State state_ = State::kText;
  Content content_ = Content::kPlain;  // of the value, or of the raw text
  UrlPart url_part_ = UrlPart::kStart;
  char quote_ = '\0';         // around the value; '\0': none
  char script_quote_ = '\0';  // around the string inside of a script or style
  bool script_escape_ = false;
  bool closing_ = false;  // the tag is </…>
  std::string tag_;
  std::string attribute_;
};

}  // namespace meerkat::alerting::templates
