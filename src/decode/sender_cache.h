// SPDX-License-Identifier: Apache-2.0
// SenderCache: what one worker remembers of each sender, so that a datagram takes no shared table's lock.
//
//   in       the key of a datagram's session
//   out      its Sender: valid until the next begin(), for only begin() adds to the table before it takes an address
//   threads  one per worker; streams, templates and ledger are shared
//   memory   at most limits::kSessions; who has left the table of Streams goes with drop_forgotten()
//   failure  a sender that there is no room for is counted (Refused::sessions_full), and has no stream
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "decode/message.h"
#include "os/state_memory.h"
#include "wire/datagram.h"

namespace weir {

class SenderCache {
 public:
  SenderCache(std::shared_ptr<const ExporterRules> rules, TemplateStore& templates, Streams& streams, Ledger& ledger);
  // From the next message on.
  void set_rules(std::shared_ptr<const ExporterRules> rules);

  // The session that a datagram of that protocol and domain belongs to.
  SessionKey session_of(const Datagram& datagram, Protocol protocol, uint32_t domain);
  // The sender of a message whose key, context and times are set; false where the message cannot be read for want of
  // room, and is counted.
  bool begin(Message& message);
  // Data sets that waited with other ports of a sender, whose port begin() has found not to count: for HeldReader.
  std::optional<TemplateStore::TakenOver> take_joined() { return std::exchange(joined_, {}); }
  // The sender of that key, made on first sight; null where there is no room.
  Sender* find(const SessionKey& key, int64_t now_ns);
  // Looks up the plans where the session's have changed.
  void refresh(Sender& sender) const;
  // Keeps the message's stream in the table while the lock is held. No lock where there is no room for it.
  std::unique_lock<std::mutex> pin(Message& message);

  // Lets go of senders that have left the table of streams.
  void drop_forgotten();
  static constexpr size_t kSideBySide = 32;  // datagrams that look_ahead() takes
  // Brings near what the next datagrams will need. Of no effect but on speed.
  void look_ahead(std::span<const Datagram> datagrams);

 private:
  bool begin_without_stream(Message& message);
  Sender* known(const SessionKey& key);
  Sender* remember(const SessionKey& key, std::shared_ptr<Stream> stream);
  void look_at_ports();

  std::shared_ptr<const ExporterRules> rules_;
  TemplateStore& templates_;
  Streams& streams_;
  Ledger& ledger_;
  os::StateMap<SessionKey, Sender> known_{os::table_memory()};
  uint64_t departures_ = 0;  // Streams::departures() when known_ was last gone through
  std::shared_ptr<const IgnoredPorts::Table> ports_;
  uint32_t ports_version_ = 0;  // of ports_
  std::optional<TemplateStore::TakenOver> joined_;
  // The sender of a datagram that is decoded although there is no room for a stream.
  Sender without_stream_;
  std::optional<LedgerHold> without_stream_hold_;
};

}  // namespace weir
