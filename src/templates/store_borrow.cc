// SPDX-License-Identifier: Apache-2.0
// TemplateStore: what a session takes from other sessions of its exporter, whose options data announced sampling rates
// and names that its own did not. Routers send options data from another UDP source port (Junos), or under the source
// id of another card (Cisco).
#include <algorithm>

#include "templates/store.h"

namespace weir {
namespace {

using Kind = Borrowed::Kind;

bool has_announced(const OptionsState& options, Kind kind) {
  switch (kind) {
    case Kind::rates:
      return options.has_any_rate();
    case Kind::interface_names:
      return options.interface_names().size() > 0;
    case Kind::vrf_names:
      return options.vrf_names().size() > 0;
    case Kind::application_names:
      return options.has_application_names();
  }
  return false;
}

Kind kind_of(OptionsFact::Kind fact) {
  switch (fact) {
    case OptionsFact::Kind::interface_name:
      return Kind::interface_names;
    case OptionsFact::Kind::vrf_name:
      return Kind::vrf_names;
    case OptionsFact::Kind::application_name:
    case OptionsFact::Kind::long_application:
      return Kind::application_names;
    default:
      return Kind::rates;
  }
}

}  // namespace

// The facts of all lenders combined; facts that one of them contradicts are left out.
std::shared_ptr<const OptionsState> TemplateStore::together(const std::vector<Session*>& lenders, Kind kind) {
  auto announced_by = [](const Session* lender) -> const OptionsState& { return *lender->plans_->options; };
  if (lenders.size() == 1) {
    lenders.front()->options_given_out_ = true;  // its next change is made to a copy
    return lenders.front()->plans_->options;
  }
  auto merged = os::make_shared_state<OptionsState>();
  for (const Session* lender : lenders)
    announced_by(lender).for_each([&](const OptionsFact& fact) {
      if (fact.kind == OptionsFact::Kind::system_init || kind_of(fact.kind) != kind) return;
      if (std::ranges::all_of(lenders, [&](const Session* l) { return announced_by(l).agrees(fact); }))
        merged->apply(fact);
    });
  const uint64_t last = announced_by(lenders.front()).last_rate();
  if (std::ranges::any_of(lenders, [&](const Session* l) { return announced_by(l).last_rate() != last; }))
    merged->forget_last_rate();
  return merged;
}

// What is announced on a connection applies to that connection only.
static bool is_apart(const SessionKey& a, const SessionKey& b) {
  return a.transport != b.transport || a.connection != b.connection;
}

// Other sessions that can lend: of the same protocol, heard from recently, and with options data.
std::vector<Session*> TemplateStore::lenders_of(const Session& borrower) const {
  std::vector<Session*> lenders;
  const auto exporter = exporters_.find(borrower.key.exporter);
  if (exporter == exporters_.end() || exporter->second.sessions.size() > limits::kBorrowingSessions) return lenders;
  const int64_t since = borrower.seen_ns_.load(std::memory_order_relaxed) - limits::kLenderNs;
  for (const auto& other : exporter->second.sessions) {
    if (other.get() == &borrower || other->key.protocol != borrower.key.protocol) continue;
    if (is_apart(other->key, borrower.key)) continue;
    if (other->plans_->options->bytes() == 0 && other->plans_->options->domain_rate() == 0) continue;
    if (other->seen_ns_.load(std::memory_order_relaxed) >= since) lenders.push_back(other.get());
  }
  return lenders;
}

// Null if there is nothing to borrow.
std::shared_ptr<const Borrowed> TemplateStore::borrowed_for(const Session& session) const {
  if (config_.borrow == Borrow::off) return nullptr;
  const std::vector<Session*> lenders = lenders_of(session);
  if (lenders.empty()) return nullptr;
  Borrowed borrowed;
  for (size_t i = 0; i < Borrowed::kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    if (has_announced(*session.plans_->options, kind)) continue;
    std::vector<Session*> same_domain, other_domain;
    std::optional<uint32_t> domain;
    bool is_only = true;
    for (Session* lender : lenders) {
      if (!has_announced(*lender->plans_->options, kind)) continue;
      const bool same = lender->key.domain == session.key.domain;
      if (!same) is_only = is_only && domain.value_or(lender->key.domain) == lender->key.domain;
      if (!same) domain = lender->key.domain;
      (same ? same_domain : other_domain).push_back(lender);
    }
    const bool further = same_domain.empty() && is_only && config_.borrow == Borrow::domain;
    const std::vector<Session*>& from = further ? other_domain : same_domain;
    if (from.empty() || from.size() > limits::kLenders) continue;
    borrowed.states[i] = together(from, kind);
    if (kind == Kind::rates) borrowed.rates_of_other_domain = further;
  }
  if (!has_announced(*session.plans_->options, Kind::rates) && config_.borrow == Borrow::domain)
    borrowed.domain_rate = announced_rate(session.key.domain, lenders);
  return borrowed == Borrowed{} ? nullptr : std::make_shared<const Borrowed>(std::move(borrowed));
}

// From options data whose scope names that domain (IE 149); 0 if there is none, or if the lenders disagree.
uint64_t TemplateStore::announced_rate(uint32_t domain, const std::vector<Session*>& lenders) {
  uint64_t announced = 0;
  for (const Session* lender : lenders) {
    const uint64_t rate = lender->plans_->options->rate(RateScope::domain, domain);
    if (rate != 0 && announced != 0 && rate != announced) return 0;
    if (rate != 0) announced = rate;
  }
  return announced;
}

static size_t bytes_of(const Borrowed* borrowed) {
  if (!borrowed) return 0;
  size_t bytes = sizeof(Borrowed);
  for (const auto& state : borrowed->states) bytes += state ? state->bytes() : 0;
  return bytes;
}

// The lenders' memory is charged to the borrower as well: it may keep states that the lenders have replaced.
void TemplateStore::borrow(Session& session) {
  session.borrow_stale_ = false;
  std::shared_ptr<const Borrowed> borrowed = borrowed_for(session);
  const size_t bytes = bytes_of(borrowed.get());
  if (bytes > session.borrowed_bytes_) {
    const size_t more = bytes - session.borrowed_bytes_;
    const bool fits = options_bytes_ + more <= config_.max_options_bytes &&
                      (!config_.budget || config_.budget->may_keep(session.key.exporter, more));
    if (!fits) borrowed = nullptr;
  }
  if (!borrowed && !session.plans_->borrowed) return;
  const Kept before = kept(session);
  edit(session).borrowed = std::move(borrowed);
  session.borrowed_bytes_ = bytes_of(session.plans_->borrowed.get());
  charge(session, before);
}

// The other sessions of its exporter look for lenders again when they are next asked for.
void TemplateStore::announced_again(const Session& lender) {
  if (config_.borrow == Borrow::off) return;
  const auto exporter = exporters_.find(lender.key.exporter);
  if (exporter == exporters_.end() || exporter->second.sessions.size() > limits::kBorrowingSessions + 1) return;
  for (const auto& other : exporter->second.sessions) {
    if (other.get() == &lender || other->borrow_stale_) continue;
    other->borrow_stale_ = true;
    other->version_.fetch_add(1, std::memory_order_release);
  }
}

}  // namespace weir
