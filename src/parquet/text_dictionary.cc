// SPDX-License-Identifier: Apache-2.0
#include "parquet/text_dictionary.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/assert.h"
#include "flow/batch.h"
#include "format/spelling.h"

namespace weir {
namespace {

constexpr size_t kFirstSlots = 256;
constexpr uint32_t kNoLength = 255;  // the length of a network whose prefix length does not fit its address

char* write(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

std::optional<TextKey> read_mac(std::string_view text) {
  uint64_t mac = 0;
  if (text.size() != 17) return {};
  for (size_t i = 0; i < 17; i += 3) {
    unsigned byte = 0;
    auto [end, failed] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (failed != std::errc{} || end != text.data() + i + 2) return {};
    mac = mac << 8 | byte;
  }
  return TextKey::of(mac);
}

std::optional<TextKey> read_network(std::string_view text) {
  if (text == kInvalidNetwork) return TextKey{0, 0, kNoLength};
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  auto address = IpAddress::parse(text.substr(0, slash));
  uint32_t length = 0;
  auto [end, failed] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), length);
  if (!address || failed != std::errc{} || end != text.data() + text.size()) return {};
  return TextKey::of(*address, length);
}

std::optional<TextKey> read_type(std::string_view text) {
  for (FlowType type : kFlowTypes)
    if (flow_type_name(type) == text) return TextKey::of(static_cast<uint64_t>(type));
  return {};
}

std::optional<TextKey> read_layer(std::string_view text) {
  for (const LayerName& layer : kLayerNames)
    if (layer.name == text) return TextKey::of(layer.number);
  return TextKey::of(UINT32_MAX);  // a layer without a name
}

}  // namespace

IpAddress TextKey::address() const {
  IpAddress address;
  std::memcpy(address.bytes.data(), &high, 8);
  std::memcpy(address.bytes.data() + 8, &low, 8);
  return address;
}

char* write_text(char* out, Spelling spelling, const TextKey& key) {
  switch (spelling) {
    case Spelling::address:
      return key.address().write(out);
    case Spelling::src_net:
    case Spelling::dst_net:
      return write_network(out, key.address(), key.extra);
    case Spelling::mac:
      return write_mac(out, key.low);
    case Spelling::type:
      return write(out, flow_type_name(static_cast<FlowType>(key.low)));
    case Spelling::layer:
      return write(out, layer_name(static_cast<uint32_t>(key.low)));
    default:
      break;
  }
  WEIR_ASSERT(false);  // columns.cc creates no other kind of text
  return out;
}

std::optional<TextKey> read_text(std::string_view text, Spelling spelling) {
  switch (spelling) {
    case Spelling::address:
      if (auto address = IpAddress::parse(text)) return TextKey::of(*address);
      return {};
    case Spelling::src_net:
    case Spelling::dst_net:
      return read_network(text);
    case Spelling::mac:
      return read_mac(text);
    case Spelling::type:
      return read_type(text);
    case Spelling::layer:
      return read_layer(text);
    default:
      return {};
  }
}

inline uint32_t TextDictionary::find_in(size_t mask, const TextKey& key, uint64_t hash) {
  auto tag = static_cast<uint32_t>(hash >> 32);
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.index == 0) return add(key, slot, tag);
    if (slot.tag == tag && keys_[slot.index - 1] == key) return slot.index - 1;
  }
}

// Both a value's slot and its key usually miss the cache, so each is prefetched a few values ahead.
void TextDictionary::intern_block(std::span<const TextKey> keys, uint32_t* indexes) {
  constexpr size_t kSlotAhead = 24, kKeyAhead = 12;
  while (keys_.size() + keys.size() >= slots_.size() / 2) grow();
  const size_t mask = slots_.size() - 1;
  std::array<uint64_t, kBlock> hashes;
  for (size_t i = 0; i < keys.size(); ++i) hashes[i] = hash(keys[i]);
  for (size_t i = 0; i < std::min(kSlotAhead, keys.size()); ++i) __builtin_prefetch(&slots_[hashes[i] & mask]);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kSlotAhead < keys.size()) __builtin_prefetch(&slots_[hashes[i + kSlotAhead] & mask]);
    if (i + kKeyAhead < keys.size())
      if (uint32_t index = slots_[hashes[i + kKeyAhead] & mask].index) __builtin_prefetch(&keys_[index - 1]);
    indexes[i] = find_in(mask, keys[i], hashes[i]);
  }
}

void TextDictionary::clear() {
  keys_.clear();
  std::fill(slots_.begin(), slots_.end(), Slot{});
}

uint32_t TextDictionary::find(const TextKey& key, uint64_t hash) {
  if (keys_.size() >= slots_.size() / 2) grow();
  return find_in(slots_.size() - 1, key, hash);
}

uint32_t TextDictionary::add(const TextKey& key, Slot& slot, uint32_t tag) {
  keys_.push_back(key);
  slot = {tag, static_cast<uint32_t>(keys_.size())};
  return slot.index - 1;
}

void TextDictionary::grow() {
  size_t size = slots_.empty() ? kFirstSlots : slots_.size() * 2;
  slots_.assign(size, Slot{});
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    uint64_t h = hash(keys_[i]);
    size_t at = h & (size - 1);
    while (slots_[at].index) at = (at + 1) & (size - 1);
    slots_[at] = {static_cast<uint32_t>(h >> 32), i + 1};
  }
}

}  // namespace weir
