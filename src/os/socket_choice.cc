// SPDX-License-Identifier: Apache-2.0
#include "os/socket_choice.h"

#include <linux/filter.h>

#include <vector>

namespace weir::os {
namespace {

constexpr uint32_t kIpHeader = static_cast<uint32_t>(SKF_NET_OFF);  // added to IP header offsets; others: payload
constexpr uint32_t kV4Source = 12, kV6Source = 8;
constexpr uint32_t kGolden = 0x9e3779b1, kMix = 0x85ebca6b;  // odd: every bit of the words affects the result

class Program {
 public:
  // X: the source address; for IPv6 its four words combined by XOR.
  void load_source() {
    load(BPF_B, kIpHeader);
    add(BPF_ALU | BPF_RSH | BPF_K, 4);
    jump_unless_equal(4, 3);
    load(BPF_W, kIpHeader + kV4Source);
    add(BPF_MISC | BPF_TAX);
    add(BPF_JMP | BPF_JA, 3 * 4 - 1);  // skips the IPv6 part below
    load(BPF_W, kIpHeader + kV6Source);
    add(BPF_MISC | BPF_TAX);
    for (uint32_t word = 1; word < 4; ++word) {
      load(BPF_W, kIpHeader + kV6Source + 4 * word);
      add(BPF_ALU | BPF_XOR | BPF_X);
      add(BPF_MISC | BPF_TAX);
    }
  }

  // A: the selected word of the payload; 0 if there is none.
  void load_word(std::span<const PayloadWord> words) {
    load(BPF_H, 0);
    auto left = static_cast<uint32_t>(words.size());
    for (const PayloadWord& word : words) {
      jump_unless_equal(word.begins_with, 2);
      load(word.octets == 4 ? BPF_W : BPF_H, word.offset);
      add(BPF_JMP | BPF_JA, 3 * --left + 1);  // to the end
    }
    add(BPF_LD | BPF_IMM, 0);
  }

  void choose(uint32_t sockets) {
    add(BPF_ALU | BPF_MUL | BPF_K, kGolden);
    add(BPF_ALU | BPF_XOR | BPF_X);
    add(BPF_ALU | BPF_MUL | BPF_K, kMix);
    add(BPF_ALU | BPF_RSH | BPF_K, 16);
    add(BPF_ALU | BPF_MOD | BPF_K, sockets);
    add(BPF_RET | BPF_A);
  }

  const std::vector<sock_filter>& instructions() const { return instructions_; }

 private:
  void add(int code, uint32_t k = 0) { instructions_.push_back({static_cast<uint16_t>(code), 0, 0, k}); }
  void load(int size, uint32_t offset) { add(BPF_LD | size | BPF_ABS, offset); }
  // Skips `over` instructions.
  void jump_unless_equal(uint32_t value, uint8_t over) {
    instructions_.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, over, value});
  }

  std::vector<sock_filter> instructions_;
};

}  // namespace

int choose_by_source(const UdpSocket& socket, std::span<const PayloadWord> words, unsigned sockets) {
  Program program;
  program.load_source();
  program.load_word(words);
  program.choose(sockets);
  return socket.choose_socket_by(program.instructions());
}

}  // namespace weir::os
