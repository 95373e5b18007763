// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <memory>

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

// The array, object by object.
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
    return metrics_text(input, format);
  };
  auto text = shared.texts[static_cast<size_t>(format)].get(os::monotonic_ns(), make);
  return text_response(metrics_content_type(format), std::move(text));
}

void add_routes(HttpServer& server, const CollectorView& view) {
  auto shared_metrics = std::make_shared<SharedMetrics>();
  auto shared_ledger = std::make_shared<SharedAnswers<LedgerJson>>();
  server.route("/", [build = view.build](const Request&) { return home(build); });
  server.route("/-/healthy", healthy);
  server.route("/health", healthy);
  server.route("/-/ready", [flag = view.ready](const Request&) { return ready(flag); });
  server.route("/api/v1/exporters", [view, shared_ledger](const Request&) { return exporters(view, *shared_ledger); });
  server.route("/metrics",
               [view, shared_metrics](const Request& request) { return metrics(view, *shared_metrics, request); });
}

}  // namespace weir
