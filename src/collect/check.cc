// SPDX-License-Identifier: Apache-2.0
#include "collect/check.h"

#include <errno.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "config/output_option.h"
#include "config/token_option.h"
#include "http/address.h"
#include "http/server.h"
#include "http/tls.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/tcp_socket.h"
#include "store/extra_columns.h"
#include "store/segments.h"

namespace weir {
namespace {

// `path` if it exists; else what exists nearest above it, in which the missing folders would be created.
std::string existing_parent(const std::string& path) {
  std::filesystem::path at = std::filesystem::absolute(path).lexically_normal();
  while (!os::exists(at.string()) && at.has_parent_path() && at != at.parent_path()) at = at.parent_path();
  return at.string();
}

// Permission bits mean nothing for root, and some file systems refuse regardless of them, so this creates a folder.
bool can_create_in(const std::string& folder) {
  std::string probe = folder + "/.weir-check-" + std::to_string(os::realtime_ns());
  std::error_code failed;
  bool made = std::filesystem::create_directory(probe, failed);
  if (made) std::filesystem::remove(probe, failed);
  return made && !failed;
}

void check_data_directory(const std::string& path) {
  if (os::exists(path) && !os::is_directory(path))
    throw usage_error("the data directory " + path + " is a file; name a directory with --data");
  std::string parent = existing_parent(path);
  if (!os::is_directory(parent))
    throw usage_error("the data directory " + path + " cannot be made: " + parent +
                      " is a file; name another with --data");
  if (!can_create_in(parent))
    throw usage_error("cannot write to the data directory " + path + (parent == path ? "" : " (in " + parent + ")") +
                      "; make it writable for this user, or name another with --data");
}

void check_output_file(const std::string& path) {
  if (path == "-") return;
  const std::string remedy = "; make it writable for this user, or name another with --transport.file";
  if (os::is_directory(path))
    throw usage_error("the output " + path + " is a directory; name a file with --transport.file");
  if (os::exists(path)) {
    if (!os::is_writable(path)) throw usage_error("cannot write to the output " + path + remedy);
    return;
  }
  std::string folder = std::filesystem::absolute(path).parent_path().string();
  if (!os::is_directory(folder))
    throw usage_error("the output " + path + " cannot be made: there is no directory " + folder +
                      "; make it, or name "
                      "another file with --transport.file");
  if (!can_create_in(folder)) throw usage_error("cannot make the output " + path + " in " + folder + remedy);
}

// Checks the added fields against columns of the same names in the store.
void check_added_fields(const CollectConfig& config) {
  if (config.no_store || config.keeps_nothing || !os::exists(config.data + "/catalog.db")) return;
  check_extra_columns(Segments::read_extra_columns(config.data), *config.field_table);
}

std::string running_collector(const os::LockState& lock) {
  return "a collector" + (lock.process > 0 ? " (process " + std::to_string(lock.process) + ")" : std::string());
}

// listen() sets SO_REUSEPORT, so it alone would succeed on the port of another collector of the same user, and we would
// take part of its traffic.
void check_listener(const CollectConfig& config, const Listener& listener, const os::LockState& lock,
                    std::vector<std::string>& notes) {
  if (!os::port_in_use(listener.endpoint)) {
    os::UdpSocket::listen(listener.endpoint, static_cast<int>(config.receive_buffer_bytes));
  } else if (lock.locked) {
    notes.push_back(listener.uri + " is in use, as " + running_collector(lock) + " runs; not tried");
  } else {
    throw usage_error("cannot listen on " + listener.uri +
                      ": another program has the port; stop it, or listen elsewhere with --listen");
  }
}

void check_http(const CollectConfig& config, const os::LockState& lock, std::vector<std::string>& notes) {
  if (config.http == "off") return;
  if (!config.http_certificate.empty())
    server_tls(config.http_certificate, config.http_key);  // throws if it is not usable
  int error = 0;
  os::TcpListener::listen(parse_http_address(config.http), error);
  if (error == EADDRINUSE && lock.locked)
    notes.push_back(config.http + " (HTTP) is in use, as " + running_collector(lock) + " runs; not tried");
  else if (error)
    HttpServer server(http_server_config(config));  // throws the reason
}

}  // namespace

std::vector<std::string> check_collect(const CollectConfig& config) {
  std::vector<std::string> notes;
  if (!config.keeps_nothing) check_data_directory(config.data);
  const os::LockState lock = config.keeps_nothing ? os::LockState{} : os::lock_state(config.data + "/lock");
  if (lock.locked)
    notes.push_back("the data directory " + config.data + " is locked: " + running_collector(lock) +
                    " uses it; stop it before another is started there");
  for (const OutputConfig& output : outputs_of(config)) check_output_file(output.path);
  check_added_fields(config);
  for (const Listener& listener : config.listen) check_listener(config, listener, lock, notes);
  check_http(config, lock, notes);
  return notes;
}

}  // namespace weir
