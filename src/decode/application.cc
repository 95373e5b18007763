// SPDX-License-Identifier: Apache-2.0
#include "decode/application.h"

#include <algorithm>
#include <charconv>

#include "base/hex.h"

namespace weir {
namespace {

constexpr uint8_t kEngineWithEnterprise = 20;
constexpr size_t kEnterpriseOctets = 4;

char* put_number(char* out, uint64_t number) { return std::to_chars(out, out + 20, number).ptr; }

char* put_selector(char* out, Bytes selector) {
  if (selector.size() <= 8) return put_number(out, load_be_any(selector.data(), selector.size()));
  *out++ = '0', *out++ = 'x';
  for (uint8_t octet : selector) out = write_hex(out, octet);
  return out;
}

}  // namespace

static_assert(kMaxApplicationText > 3 + 1 + 10 + 1 + 2 + 2 * kMaxApplicationOctets);

size_t write_application(Bytes id, char* out) {
  if (id.size() < 2 || id.size() > kMaxApplicationOctets) return 0;
  if (std::ranges::all_of(id, [](uint8_t octet) { return octet == 0; })) return 0;
  const uint8_t engine = id[0];
  char* at = put_number(out, engine);
  Bytes selector = id.subspan(1);
  *at++ = ':';
  if (engine == kEngineWithEnterprise && selector.size() > kEnterpriseOctets) {
    at = put_number(at, load_be32(selector.data()));
    *at++ = ':';
    selector = selector.subspan(kEnterpriseOctets);
  }
  return static_cast<size_t>(put_selector(at, selector) - out);
}

}  // namespace weir
