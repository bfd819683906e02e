#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "server/discovery/kubernetes_targets.h"

// What the pages of a list and the lines of a watch say. Pure: bytes in, objects out.
namespace meerkat::discovery {

// One page of a list.
struct KubernetesPage {
  std::string version;  // resourceVersion; never empty on a list's last page
  std::string next;     // to ask for the next page with; "" on the last
  KubernetesStore objects;
};
// An error says what is wrong with the answer.
Result<KubernetesPage> ParseKubernetesPage(std::string_view body);

// The objects of one kind, listed once and then kept by the events of watches. One thread at a
// time.
class KubernetesFeed {
 public:
  enum class Event : unsigned char { kAdd, kUpdate, kDelete };

  // Begins anew with a whole list.
  void TakeList(KubernetesStore objects, std::string version);
  // A new watch begins: what an earlier one left of a line is forgotten.
  void BeginWatch() { partial_.clear(); }
  // The next piece of a watch's body; `on_event` is told of each change to objects(). What is
  // no event, or one that says that the place is forgotten, leaves nothing but to list again.
  void TakePiece(std::string_view piece, const std::function<void(Event)>& on_event);
  void ListAgain() { version_.clear(); }

  // resourceVersion to watch from; "": list first.
  const std::string& version() const { return version_; }
  const KubernetesStore& objects() const { return objects_; }
  bool listed() const { return listed_; }  // ever

 private:
  void TakeLine(std::string_view line, const std::function<void(Event)>& on_event);

  std::string version_;
  std::string partial_;  // of the last line
  KubernetesStore objects_;
  bool listed_ = false;
};

}  // namespace meerkat::discovery
