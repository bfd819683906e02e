#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/number.h"

namespace meerkat::host {

// A page in the Prometheus text format, written family by family.
class Page {
 public:
  enum class Type : unsigned char { kCounter, kGauge, kUntyped };

  void Family(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    text_ += "# HELP ";
    text_ += name;
    text_ += ' ';
    text_ += help;
    text_ += "\n# TYPE ";
    text_ += name;
    text_ += type == Type::kCounter ? " counter\n"
             : type == Type::kGauge ? " gauge\n"
                                    : " untyped\n";
  }
  // A sample of the family begun last.
  void Sample(double value, std::initializer_list<Label> labels = {}) {
    text_ += name_;
    bool first = true;
    for (const Label& label : labels) {
      text_ += first ? "{" : ",";
      first = false;
      text_ += label.name;
      text_ += "=\"";
      for (const char c : label.value) {
        if (c == '\\' || c == '"') text_ += '\\';
        if (c == '\n') {
          text_ += "\\n";
        } else {
          text_ += c;
        }
      }
      text_ += '"';
    }
    if (!first) text_ += '}';
    text_ += ' ';
    text_ += FormatFloat(value, 'g');
    text_ += '\n';
  }
  // A family of one sample.
  void Counter(std::string_view name, std::string_view help, double value) {
    Family(name, Type::kCounter, help);
    Sample(value);
  }
  void Gauge(std::string_view name, std::string_view help, double value) {
    Family(name, Type::kGauge, help);
    Sample(value);
  }

  // Whole lines of another page.
  void Append(std::string_view text) { text_ += text; }

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace meerkat::host
