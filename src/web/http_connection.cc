// SPDX-License-Identifier: Apache-2.0
#include "web/http_connection.h"

#include <algorithm>
#include <cstdio>

#include "base/log.h"
#include "os/tcp_socket.h"

namespace weir {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kRequestNs = 10 * kSecond;   // to come whole; as long a connection may be silent
constexpr int64_t kProgressNs = 30 * kSecond;  // in which a reader must take something
constexpr int64_t kAnswerNs = 120 * kSecond;
constexpr int64_t kDrainNs = 2 * kSecond;
constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kDrainBytes = 1 << 20;
constexpr size_t kTurnBytes = 4 * kPieceBytes;  // sent before others have their turn

}  // namespace

os::WaitFor HttpConnection::waits_for() const {
  if (state_ == State::answering) return os::WaitFor::writing;
  return unparsed_ ? os::WaitFor::either : os::WaitFor::reading;  // either: the next turn comes at once
}

int64_t HttpConnection::deadline_ns() const {
  if (state_ == State::draining) return since_ns_ + kDrainNs;
  if (state_ == State::answering) return std::min(since_ns_ + kAnswerNs, progress_ns_ + kProgressNs);
  return since_ns_ + kRequestNs;
}

void HttpConnection::enter(State state, int64_t now_ns) {
  state_ = state;
  since_ns_ = progress_ns_ = now_ns;
}

bool HttpConnection::go_on(int64_t now_ns, const Answer& answer) {
  if (state_ == State::answering) return send(now_ns);
  if (!receive(now_ns)) return false;
  if (state_ == State::draining) return !ended_ && drained_ < kDrainBytes;
  if (!take_request(now_ns, answer)) return false;
  return state_ != State::answering || send(now_ns);
}

// False: the connection is broken.
bool HttpConnection::receive(int64_t now_ns) {
  const size_t before = input_.size();
  os::Transfer transfer = os::receive_some(socket_, input_, kReadBytes);
  ended_ = transfer.ended;
  if (state_ == State::draining) drained_ += input_.size(), input_.clear();
  if (state_ == State::idle && input_.size() > before) enter(State::reading, now_ns);
  return transfer.error == 0;
}

// False: no request will come.
bool HttpConnection::take_request(int64_t now_ns, const Answer& answer) {
  unparsed_ = false;
  const size_t skipped = std::min(skip_, input_.size());
  input_.erase(0, skipped);
  skip_ -= skipped;
  RequestHead head = skip_ > 0 ? RequestHead{} : parse_request_head(input_);
  if (head.bytes == 0) return !ended_;
  input_.erase(0, head.bytes);
  skip_ = head.refusal ? 0 : head.body_bytes;
  keep_alive_ = head.keep_alive && !head.refusal && !ended_;
  if (head.refusal) {
    begin(head, problem(head.refusal, "Bad Request", head.why), now_ns);
  } else if (head.method != "GET" && head.method != "HEAD") {
    Response response = problem(405, "Method Not Allowed", "only GET and HEAD are served");
    response.headers.emplace_back("Allow", "GET, HEAD");
    begin(head, std::move(response), now_ns);
  } else {
    begin(head, answer(head.request), now_ns);
  }
  return true;
}

void HttpConnection::begin(const RequestHead& head, Response response, int64_t now_ns) {
  enter(State::answering, now_ns);
  sent_ = 0;
  more_ = nullptr;
  chunked_ = response.more && head.is_http11;
  keep_alive_ = keep_alive_ && (chunked_ || !response.more);
  output_ = response_head(response, chunked_, keep_alive_);
  if (head.method == "HEAD") return;
  more_ = std::move(response.more);
  if (!chunked_) {
    output_ += response.body;
  } else if (!response.body.empty()) {
    std::string first = std::move(response.body);
    more_ = [first = std::move(first), rest = std::move(more_), begun = false](std::string& out) mutable {
      if (begun) return rest(out);
      out = std::move(first);
      return begun = true;
    };
  }
}

// The next piece into output_. False: the connection must end, as the rest cannot be had.
bool HttpConnection::refill() {
  output_.clear();
  sent_ = 0;
  bool last = false;
  try {
    last = !more_(output_);
  } catch (const std::exception& error) {
    log_error("web", std::string("an answer broke off: ") + error.what());
    return false;
  }
  if (last) more_ = nullptr;
  if (!chunked_) return true;
  if (!output_.empty()) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", output_.size());
    output_.insert(0, size);
    output_ += "\r\n";
  }
  if (last) output_ += "0\r\n\r\n";
  return true;
}

// False: broken.
bool HttpConnection::send(int64_t now_ns) {
  for (size_t turn = 0; turn < kTurnBytes;) {
    if (sent_ == output_.size()) {
      if (!more_) {
        finish(now_ns);
        return true;
      }
      if (!refill()) return false;
    }
    os::Transfer transfer = os::send_some(socket_, std::string_view(output_).substr(sent_));
    if (transfer.error) return false;
    if (transfer.bytes == 0 && sent_ < output_.size()) return true;
    sent_ += transfer.bytes;
    turn += std::max<size_t>(transfer.bytes, 1);
    progress_ns_ = now_ns;
  }
  return true;
}

// After the last answer, what the client still sends is read for a while: to close at once would reset the connection
// and take the answer with it.
void HttpConnection::finish(int64_t now_ns) {
  output_ = std::string();
  sent_ = 0;
  if (!keep_alive_) {
    os::end_sending(socket_);
    input_.clear();
    return enter(State::draining, now_ns);
  }
  unparsed_ = !input_.empty();
  enter(unparsed_ ? State::reading : State::idle, now_ns);
}

}  // namespace weir
