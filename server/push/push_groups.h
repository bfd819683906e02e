#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/state_store.h"
#include "server/push/consistency.h"
#include "server/push/group.h"

namespace meerkat::push {

// All groups that jobs pushed, as Pushgateway holds them. Each change is in the journal before it
// is answered, so kill -9 forgets none. A group stays until it is deleted, or for its time to live.
// Threads: any; writes block for the journal.
class PushGroups {
 public:
  struct Options {
    Millis time_to_live{0};  // of a group since its last push; 0: for good
    bool check = true;       // refuse what could not be scraped as one page
  };
  // References outlive the groups.
  PushGroups(StateStore& state, const Clock& clock, Logger log, Options options);

  // What was held before the restart.
  Result<> Load() EXCLUDES(mu_);

  struct Write {
    GroupLabels labels;
    Families families;
    bool replace = false;                // PUT: nothing else stays in the group
    std::optional<Millis> time_to_live;  // instead of the option; 0: for good
  };
  // kInvalid: the metrics have timestamps or contradict what is held; the group then notes the
  // time of the failure and is otherwise as before.
  Result<> Push(Write write) EXCLUDES(mu_);
  // Deleting what is not there is fine.
  Result<> Delete(const GroupLabels& labels) EXCLUDES(mu_);
  Result<> DeleteAll() EXCLUDES(mu_);

  // Every metric of every group in the text format. Made anew only after a change.
  std::shared_ptr<const std::string> Page() EXCLUDES(mu_);
  // In the order of their keys.
  std::vector<std::shared_ptr<const Group>> List() EXCLUDES(mu_);
  // Whether pushes are checked.
  bool checks() const { return options_.check; }

 private:
  using GroupPtr = std::shared_ptr<const Group>;

  Result<> Put(const std::string& key, Group group) REQUIRES(mu_);
  void NoteFailure(const std::string& key, const GroupLabels& labels, Timestamp now) REQUIRES(mu_);
  void Forget(const std::string& key) REQUIRES(mu_);
  void DropExpired() REQUIRES(mu_);

  StateStore& state_;
  const Clock& clock_;
  const Logger log_;
  const Options options_;

  Mutex mu_;
  std::map<std::string, GroupPtr> groups_ GUARDED_BY(mu_);
  Consistency consistency_ GUARDED_BY(mu_);
  std::shared_ptr<const std::string> page_ GUARDED_BY(mu_);  // null: to be made
};

}  // namespace meerkat::push
