// SPDX-License-Identifier: Apache-2.0
// SenderCache: keeps what one worker knows about each sender, so that a datagram needs no lock of a shared table.
//
//   in       the key of a datagram's session
//   out      its Sender: valid until the next begin(). While a message is read, the table grows only in pin(), which
//   then
//            updates Message::sender: held data that is read meanwhile belongs to the message's own session
//   threads  one per worker; streams, templates and ledger are shared
//   memory   at most limits::kSessions; senders that have left the table of Streams are removed by drop_forgotten()
//   failure  a sender for which there is no space is counted (Refused::sessions_full), and has no stream
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
  // Applies from the next message on.
  void set_rules(std::shared_ptr<const ExporterRules> rules);

  // The session that a datagram of that protocol and domain belongs to.
  SessionKey session_of(const Datagram& datagram, Protocol protocol, uint32_t domain);
  // Finds the sender of a message whose key, context and times are set; false if there is no space for the sender and
  // the message therefore cannot be read; it is counted.
  bool begin(Message& message);
  // If begin() found that the sender's port must be ignored: the data sets that waited in the sessions of its other
  // ports. For HeldReader.
  std::optional<TemplateStore::TakenOver> take_joined() { return std::exchange(joined_, {}); }
  // The sender of that key, created if it is new; null if there is no space.
  Sender* find(const SessionKey& key, int64_t now_ns);
  // Looks up the session's plans again if they have changed.
  void refresh(Sender& sender) const;
  // Keeps the message's stream in the table while the returned lock is held. Returns no lock if there is no space for
  // the stream.
  std::unique_lock<std::mutex> pin(Message& message);

  // Releases senders whose stream has left the table of streams.
  void drop_forgotten();
  static constexpr size_t kSideBySide = 32;  // datagrams that look_ahead() takes
  // Prefetches the memory that the next datagrams will need. Affects only speed.
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
  uint64_t departures_ = 0;  // Streams::departures() when known_ was last checked
  std::shared_ptr<const IgnoredPorts::Table> ports_;
  uint32_t ports_version_ = 0;  // of ports_
  std::optional<TemplateStore::TakenOver> joined_;
  // The sender of a datagram that is decoded although there is no space for a stream.
  Sender without_stream_;
  std::optional<LedgerHold> without_stream_hold_;
};

}  // namespace weir
