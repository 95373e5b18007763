// SPDX-License-Identifier: Apache-2.0
// Decoder: bringing near what the next datagrams will need.
//
// The state of ten thousand exporters does not fit into a CPU's caches. A datagram needs some ten lines of it, found
// one through the other, so decoding would mostly wait for memory. Here these paths are followed for several datagrams
// side by side, one step of all of them at a time. Of no effect but on speed.
#include <array>
#include <optional>

#include "decode/decoder.h"

namespace weir {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kSideBySide = 32;   // datagrams
constexpr size_t kFewSenders = 256;  // whose state stays in the caches

void bring(const void* object, size_t bytes = kCacheLine) {
  const auto* at = static_cast<const char*>(object);
  for (size_t offset = 0; offset < bytes; offset += kCacheLine) __builtin_prefetch(at + offset);
}

// Headers: see Decoder. sFlow's streams are found by what stands inside the datagram, and are few.
std::optional<SessionKey> sender_of(const Datagram& datagram) {
  const Bytes& bytes = datagram.bytes;
  if (bytes.size() < 24) return {};
  const uint8_t* p = bytes.data();
  switch (load_be16(p)) {
    case 5:
      return session_of(datagram, Protocol::netflow5, load_be16(p + 20));
    case 9:
      return session_of(datagram, Protocol::netflow9, load_be32(p + 16));
    case 10:
      return session_of(datagram, Protocol::ipfix, load_be32(p + 12));
    default:
      return {};
  }
}

}  // namespace

void Decoder::decode(std::span<const Datagram> datagrams) {
  while (!datagrams.empty()) {
    auto next = datagrams.first(std::min(datagrams.size(), kSideBySide));
    if (known_.size() > kFewSenders) look_ahead(next);
    for (const Datagram& datagram : next) decode(datagram);
    datagrams = datagrams.subspan(next.size());
  }
}

void Decoder::look_ahead(std::span<const Datagram> datagrams) const {
  std::array<std::optional<SessionKey>, kSideBySide> senders;
  const size_t count = datagrams.size();
  for (size_t i = 0; i < count; ++i) {
    senders[i] = sender_of(datagrams[i]);
    if (senders[i]) known_.prefetch(*senders[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    if (!senders[i]) continue;
    auto at = known_.find(*senders[i]);
    if (at == known_.end()) continue;
    const Known& known = at->second;
    bring(known.stream.get(), Stream::kHotBytes);
    bring(known.account);
    if (!known.session) continue;
    bring(known.session);
    bring(known.plans.get(), SessionPlans::kHotBytes);
  }
}

}  // namespace weir
