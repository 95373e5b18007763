// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <memory>

#include "ledger/ledger_json.h"

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

static Response exporters(const CollectorView& view) {
  return {200, "application/json", ledger_json(view.ledger()).dump() + "\n", {}};
}

static Response metrics(const CollectorView& view, LossHighWater& loss, const Request& request) {
  MetricsInput input;
  input.build = view.build;
  input.previous_shutdown_unclean = view.previous_shutdown_unclean;
  if (view.clock_held) input.clock_held = view.clock_held();
  input.process = os::process_figures();
  input.ledger = view.ledger();
  loss.apply(input.ledger);
  if (view.sinks) input.sinks = view.sinks();
  if (view.store) input.store = view.store();
  MetricsFormat format = metrics_format(request.accept);
  return {200, metrics_content_type(format), metrics_text(input, format), {{"Vary", "Accept"}}};
}

void add_routes(HttpServer& server, const CollectorView& view) {
  auto loss = std::make_shared<LossHighWater>();
  server.route("/", [build = view.build](const Request&) { return home(build); });
  server.route("/-/healthy", healthy);
  server.route("/health", healthy);
  server.route("/-/ready", [flag = view.ready](const Request&) { return ready(flag); });
  server.route("/api/v1/exporters", [view](const Request&) { return exporters(view); });
  server.route("/metrics", [view, loss](const Request& request) { return metrics(view, *loss, request); });
}

}  // namespace weir
