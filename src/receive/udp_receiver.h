// SPDX-License-Identifier: Apache-2.0
// UdpReceiver: receives datagrams from a worker's sockets, one batch per system call.
//
//   in       the worker's own sockets (SO_REUSEPORT: the kernel gives each exporter's 4-tuple to one worker)
//   out      batches of Datagram, valid until the next call
//   threads  one receiver per worker; update_drops() from any thread
//   memory   limits::kReceiveSlots slots of 64 KiB, allocated once
//   joined   datagrams that the kernel delivers in one piece (UDP_GRO) are separated here
//   time     a datagram has the kernel's time of arrival; if that is missing or implausible, the time of the read. Both
//            are corrected by ReceiveClock
//   allowed  datagrams from other senders are counted (not_allowed), and nothing is kept about their sender
//   failure  the kernel counts what it drops, joined datagrams as one; the count is read from it (SO_MEMINFO). A socket
//            that cannot be read is counted, logged at most once a minute, and tried again after some milliseconds
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "os/clock.h"
#include "os/udp_socket.h"
#include "receive/allowed_senders.h"
#include "receive/waiting.h"
#include "run/receive_clock.h"
#include "wire/datagram.h"

namespace weir {

ReceiveError receive_error(int error);  // for an errno

// One socket per listener.
struct ListeningSocket {
  os::UdpSocket socket;
  SocketCounts* entry = nullptr;
  uint32_t drops_seen = 0;   // the kernel's counter at the last reading; it wraps
  int64_t failures = 0;      // failed reads since the last log line
  int64_t next_line_ns = 0;  // monotonic
};

class UdpReceiver {
 public:
  // `clock` and `allowed` must outlive the receiver.
  UdpReceiver(std::vector<ListeningSocket> sockets, ReceiveClock& clock, const AllowedSenders& allowed);

  // Waits for datagrams, at most `timeout_ms`. Calls on_batch(std::span<const Datagram>) for every batch read;
  // each socket is read once, so that one busy listener does not starve another. Returns the number read.
  template <class OnBatch>
  size_t receive(int timeout_ms, OnBatch&& on_batch) {
    const bool waits = last_batch_ == 0;
    if (!wait(timeout_ms)) return 0;
    size_t total = 0, read_slots = 0;
    for (ListeningSocket& socket : sockets_) {
      read(socket);
      read_slots += filled_;
      for (auto batch = next_batch(socket); !batch.empty(); batch = next_batch(socket)) {
        on_batch(batch);
        total += batch.size();
      }
    }
    last_batch_ = std::max(total, read_slots);  // maybe none of what was read is allowed
    // A socket that is readable but fails to be read would keep a core busy.
    if (failed_ || (waits && last_batch_ == 0)) pause();
    return total;
  }

  // Streams that also end waiting, even while datagrams gather; their tags start at 1.
  os::EpollSet& streams() { return waiting_.streams(); }
  // Ends waiting, from any thread: for this and every later receive(), until rest() is called.
  void wake() const { waiting_.wake(); }
  void rest() const { waiting_.rest(); }

  // Reads and discards what the sockets hold, until they are empty or `end_ns` (monotonic), and counts it as kernel
  // drops: the number of datagrams, none of which is in an exporter's entry. Returns it.
  size_t give_up_waiting(int64_t end_ns);
  // Sends all datagrams of a sender to the same worker (of `workers`), whatever their source port (steering.h). The
  // kernel then no longer joins datagrams: those of several domains would all go where the first of them belongs.
  void keep_senders_together(unsigned workers);
  // Reads the kernel's drop counters into the entries.
  void update_drops();

 private:
  bool wait(int timeout_ms);
  void read(ListeningSocket& socket);
  std::span<const Datagram> next_batch(ListeningSocket& socket);
  void add_datagrams(const os::Received& received);
  bool is_allowed(ListeningSocket& socket, const os::Received& received);
  void note_failure(ListeningSocket& socket, int error);
  void pause();

  std::vector<ListeningSocket> sockets_;
  ReceiveClock& clock_;
  AllowedSenders::View allowed_;
  Waiting waiting_;
  os::ReceiveSlots slots_;
  // What was read, and how much of it has been put into batches: the next slot, and the position in it.
  size_t filled_ = 0, slot_ = 0, place_ = 0;
  ReceiveClock::Times read_at_;
  ReceiveClock::Stamp stamp_;
  std::vector<Datagram> batch_;
  size_t last_batch_ = 0;
  int64_t linger_ns_ = 0;  // after a short batch
  bool failed_ = false;    // a socket could not be read since the last pause
};

}  // namespace weir
