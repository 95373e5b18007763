// SPDX-License-Identifier: Apache-2.0
// Receiving: datagrams out of a worker's sockets, a batch per system call.
//
//   in       the worker's own sockets (SO_REUSEPORT: the kernel gives each exporter's 4-tuple to one worker)
//   out      batches of Datagram, borrowed until the next call
//   threads  one receiver per worker; update_drops() from any thread
//   memory   limits::kReceiveSlots slots of 64 KiB, made once
//   joined   datagrams that the kernel hands over in one piece (UDP_GRO) are taken apart here
//   time     a datagram's is the kernel's, of when it came; where that is missing or cannot be, the time of the read.
//            Both as ReceiveClock has them
//   allowed  datagrams from elsewhere are counted (not_allowed), and nothing is kept of their sender
//   failure  what the kernel drops is counted by the kernel and read from it (SO_MEMINFO), joined datagrams as one; a
//            socket that cannot be read is counted, logged at most once a minute, and tried again after some
//            milliseconds
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

ReceiveError receive_error(int error);  // errno

// One socket per listener.
struct ListeningSocket {
  os::UdpSocket socket;
  SocketCounts* entry = nullptr;
  uint32_t drops_seen = 0;   // the kernel's counter when last read; it wraps
  int64_t failures = 0;      // to read it, since the last line in the log
  int64_t next_line_ns = 0;  // monotonic
};

class UdpReceiver {
 public:
  // `clock` and `allowed` outlive the receiver.
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
    last_batch_ = std::max(total, read_slots);  // nothing of what was read may be allowed
    // What can be read but does not let itself be read would keep a core busy.
    if (failed_ || (waits && last_batch_ == 0)) pause();
    return total;
  }

  // What else ends waiting, also while datagrams gather; its tags: from 1 on.
  os::EpollSet& streams() { return waiting_.streams(); }
  // Ends waiting, from any thread: for this and every later receive(), until rest().
  void wake() const { waiting_.wake(); }
  void rest() const { waiting_.rest(); }

  // Reads what the sockets hold without looking at it, until they are empty or `end_ns` (monotonic), and counts it as
  // kernel drops: so many datagrams, which no exporter's entry has.
  size_t give_up_waiting(int64_t end_ns);
  // Whatever a sender's source port, its datagrams go to one of the workers, of which there are so many (steering.h).
  // The kernel joins none any more: those of several domains would go where the first of them belongs.
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
  // What was read, and how far it has become batches: the next slot, and the place in it.
  size_t filled_ = 0, slot_ = 0, place_ = 0;
  ReceiveClock::Times read_at_;
  ReceiveClock::Stamp stamp_;
  std::vector<Datagram> batch_;
  size_t last_batch_ = 0;
  int64_t linger_ns_ = 0;  // after a short batch
  bool failed_ = false;    // a socket could not be read since the last pause
};

}  // namespace weir
