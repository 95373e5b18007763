// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "base/time_units.h"
#include "ledger/ledger_json.h"
#include "os/clock.h"
#include "web/shared_answers.h"

namespace weir {

static std::string page(const BuildInfo& build) {
  return R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Weir</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:40rem;padding:0 1rem;color-scheme:light dark}</style>
</head>
<body>
<h1>Weir</h1>
<p>A flow collector is running here, version )" +
         build.version + R"(.</p>
<ul>
<li><a href="/api/v1/exporters">/api/v1/exporters</a>: what became of everything each exporter sent (also <code>weir exporters</code>)</li>
<li><a href="/metrics">/metrics</a>: the same and more, for Prometheus</li>
<li><a href="/-/status">/-/status</a>: does every output work?</li>
<li><a href="/-/healthy">/-/healthy</a>, <a href="/-/ready">/-/ready</a>: probes</li>
</ul>
</body>
</html>
)";
}

static Response home(const BuildInfo& build) {
  return {200,
          "text/html; charset=utf-8",
          page(build),
          {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"}}};
}

static Response healthy(const Request&) { return {200, "text/plain; charset=utf-8", "healthy\n", {}}; }

static Response ready(const std::atomic<bool>* flag) {
  if (flag && flag->load()) return {200, "text/plain; charset=utf-8", "ready\n", {}};
  return problem(503, "Service Unavailable", "the collector is starting or draining");
}

// An output whose thread has been at one thing for so long stands still: a disk or a pipe does not answer.
static constexpr int64_t kStillNs = 30 * kSecond;

static const char* state_of(const SinkFigures& sink, int64_t now_ns) {
  if (sink.is_failing) return "failing";
  const bool still = sink.queued_batches > 0 && sink.turned_at_ns != 0 && now_ns - sink.turned_at_ns > kStillNs;
  return still ? "standing still" : "working";
}

// 503 if anything is standing still: for people and alarms. Whether datagrams are accepted is reported by /-/ready.
static Response status(const CollectorView& view) {
  const bool takes = view.ready && view.ready->load();
  bool well = takes;
  nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
  for (const SinkFigures& sink : view.sinks ? view.sinks() : std::vector<SinkFigures>()) {
    const std::string state = state_of(sink, os::monotonic_ns());
    well = well && state == "working";
    outputs[sink.name] = {{"state", state}, {"queued_batches", sink.queued_batches}};
  }
  nlohmann::ordered_json body = {{"takes_datagrams", takes},
                                 {"clock_held", view.clock_held && view.clock_held()},
                                 {"outputs", std::move(outputs)}};
  return {well ? 200 : 503, "application/json", body.dump(2) + "\n", {}};
}

// The array, sent object by object.
static std::function<bool(std::string&)> array_in_pieces(std::shared_ptr<const LedgerJson> ledger) {
  return [ledger = std::move(ledger), next = size_t{0}](std::string& out) mutable {
    for (const size_t end = out.size() + kPieceBytes; next < ledger->size() && out.size() < end; ++next) {
      out += next == 0 ? '[' : ',';
      out += ledger->object(next).dump();
    }
    if (next < ledger->size()) return true;
    out += ledger->size() == 0 ? "[]\n" : "]\n";
    return false;
  };
}

static Response exporters(const CollectorView& view, SharedAnswers<LedgerJson>& shared) {
  auto ledger = shared.get(os::monotonic_ns(), [&] { return LedgerJson(view.ledger()); });
  return {200, "application/json", "", {}, array_in_pieces(std::move(ledger))};
}

// A text that fits into one piece is sent with its length.
static Response text_response(const std::string& type, std::shared_ptr<const std::string> text) {
  Response response{200, type, "", {{"Vary", "Accept"}}};
  if (text->size() <= kPieceBytes)
    response.body = *text;
  else
    response.more = in_pieces(std::move(text));
  return response;
}

namespace {
struct SharedMetrics {
  LossHighWater loss;
  SharedAnswers<std::string> texts[2];  // by format
};
}  // namespace

static Response metrics(const CollectorView& view, SharedMetrics& shared, const Request& request) {
  const MetricsFormat format = metrics_format(request.accept);
  auto make = [&] {
    MetricsInput input;
    input.build = view.build;
    input.previous_shutdown_unclean = view.previous_shutdown_unclean;
    if (view.clock_held) input.clock_held = view.clock_held();
    input.process = os::process_figures();
    input.ledger = view.ledger();
    shared.loss.apply(input.ledger);
    if (view.sinks) input.sinks = view.sinks();
    if (view.store) input.store = view.store();
    if (view.reload) input.reload = view.reload();
    return metrics_text(input, format);
  };
  auto text = shared.texts[static_cast<size_t>(format)].get(os::monotonic_ns(), make);
  return text_response(metrics_content_type(format), std::move(text));
}

void add_routes(HttpServer& server, const CollectorView& view) {
  auto shared_metrics = std::make_shared<SharedMetrics>();
  auto shared_ledger = std::make_shared<SharedAnswers<LedgerJson>>();
  const auto probe = [&](const std::string& path, std::function<Response(const Request&)> handler) {
    HttpRoute route;
    route.is_open = true;
    route.handler = std::move(handler);
    server.route(path, std::move(route));
  };
  probe("/-/healthy", healthy);
  probe("/health", healthy);
  probe("/-/ready", [flag = view.ready](const Request&) { return ready(flag); });
  server.route("/", [build = view.build](const Request&) { return home(build); });
  server.route("/-/status", [view](const Request&) { return status(view); });
  server.route("/api/v1/exporters", [view, shared_ledger](const Request&) { return exporters(view, *shared_ledger); });
  server.route("/metrics",
               [view, shared_metrics](const Request& request) { return metrics(view, *shared_metrics, request); });
}

}  // namespace weir
