// SPDX-License-Identifier: Apache-2.0
#include "show/progress_bar.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/time_units.h"
#include "os/file.h"

namespace weir {

static constexpr int kStandardError = 2;
static constexpr int kWidth = 40;

bool ProgressBar::is_wanted() { return os::is_terminal(kStandardError); }

void ProgressBar::show(double done) {
  if (os::monotonic_ns() - began_ns_ < kSecond || done < 0) return;
  const int filled = static_cast<int>(std::clamp(done, 0.0, 1.0) * kWidth);
  std::string bar(static_cast<size_t>(filled), '#');
  bar.resize(kWidth, '.');
  std::fprintf(stderr, "\r[%s] %3.0f %%", bar.c_str(), std::min(done, 1.0) * 100);
  shown_ = true;
}

void ProgressBar::clear() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace weir
