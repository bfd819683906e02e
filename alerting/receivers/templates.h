#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/config.h"
#include "alerting/notify/notification.h"
#include "alerting/template.h"
#include "alerting/time_interval.h"
#include "base/result.h"

namespace meerkat::alerting {

// Now, and what a named zone's clocks show then.
struct TemplateWorld {
  std::function<Timestamp()> now;
  std::function<Result<templates::LocalZone>(std::string_view zone, Timestamp at)> zone;
};

// The zones of a loader whose null stands for UTC.
TemplateWorld MakeTemplateWorld(
    std::function<Timestamp()> now,
    std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone);

// The template files of a configuration over upstream's defaults. Immutable. Threads: any.
class TemplateSet {
 public:
  // Fails as upstream does at load: a file that does not parse.
  static Result<std::shared_ptr<const TemplateSet>> Make(const std::vector<TemplateFile>& files,
                                                         const TemplateWorld& world);
  ~TemplateSet();

 private:
  friend class Renderer;
  struct Compiled;
  explicit TemplateSet(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

// Renders the many small templates of one notification. After the first that fails everything
// renders as "", so a receiver asks for error() once, at the end.
class Renderer {
 public:
  Renderer(const TemplateSet& templates, const Notification& what);
  ~Renderer();

  std::string Text(std::string_view text);
  std::string Html(std::string_view text);
  // With the firing (or the resolved) alerts as data.
  std::string TextOfAlerts(std::string_view text, bool firing);
  bool ok() const { return !error_.has_value(); }
  const Error& error() const { return *error_; }
  void Fail(Error error);

  const Notification& what() const { return what_; }

 private:
  struct Data;
  std::string Execute(std::string_view text, bool html);

  const TemplateSet& templates_;
  const Notification& what_;
  std::unique_ptr<Data> data_;
  std::optional<Error> error_;
};

// `text` as is when it has at most `limit` runes, else limit-1 of them and an ellipsis.
std::string TruncateRunes(std::string_view text, std::size_t limit);
// The same by bytes, never inside a rune.
std::string TruncateBytes(std::string_view text, std::size_t limit);

// Labels that all alerts share, and annotations likewise.
Labels CommonLabels(const std::vector<Alert>& alerts);
Labels CommonAnnotations(const std::vector<Alert>& alerts);

// The templates that come with meerkat, under upstream's names and with upstream's texts.
std::string_view DefaultTemplates();
std::string_view DefaultHtmlTemplates();

}  // namespace meerkat::alerting
