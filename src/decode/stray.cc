// SPDX-License-Identifier: Apache-2.0
// Decoder: datagrams that wait until their stream tells where they belong.
#include "decode/stray.h"

#include <algorithm>

#include "decode/decoder.h"
#include "os/clock.h"

namespace weir {

// Whether a datagram can be read now. Else it is kept, or it is to be read again once `settled_` has been read. The
// stream's lock is held. `far`: it tells a restart, or is far from where the stream is.
bool Decoder::may_read(const Message& message, const Datagram& datagram, bool far) {
  const std::shared_ptr<Stream>& stream = message.known->stream;
  if (!stream->stray) {
    streams_.keep(stream,
                  std::make_unique<Stray>(datagram, message.exporter, sequence_header(message), os::monotonic_ns()));
    return false;
  }
  Stray& stray = *stream->stray;
  if (stray.agent != message.exporter) return true;  // of several sFlow agents in one stream, one has to prove itself
  const bool confirms = goes_on(stray, message);
  if (!far && !confirms) {
    if (message.context.repeated) return true;  // by its number it was here before: that tells nothing
    stream->strays_in_row = 0;
    if (++stray.gone_on < kMostGoneOn) return true;
    settled_ = streams_.take_stray(*stream, Standing::denied);
    return false;
  }
  if (std::ranges::equal(stray.bytes, datagram.bytes)) {
    if (++stray.copies < kMostCopies) return false;
    --stray.copies;  // this one is read by itself
    settled_ = streams_.take_stray(*stream, Standing::denied);
    return false;
  }
  settled_ = streams_.take_stray(*stream, confirms ? Standing::confirmed : standing_of_another(*stream));
  return false;
}

// Of a stray that is followed by another one.
Standing Decoder::standing_of_another(Stream& stream) {
  if (stream.strays_in_row >= kMostInRow) return Standing::unordered;
  ++stream.strays_in_row;
  return Standing::denied;
}

bool Decoder::goes_on(const Stray& stray, const Message& message) const {
  const Stream& stream = *message.known->stream;
  const SequenceHeader later = sequence_header(message);
  return stream.samples ? stream.samples->goes_on(stray.agent, stray.header, later)
                        : stream.sequence.goes_on(stray.header, later);
}

// Copies of it are what the stream makes of them then.
void Decoder::read_stray(const Stray& stray) {
  read(stray.datagram, stray.standing);
  const bool confirmed = stray.standing == Standing::confirmed;
  for (uint32_t n = 0; n < stray.copies; ++n) read(stray.datagram, confirmed ? Standing::asked : stray.standing);
  standing_ = Standing::asked;
}

void Decoder::read_strays(int64_t monotonic_ns, bool all) {
  for (const std::unique_ptr<Stray>& stray : streams_.take_strays(monotonic_ns, all)) read_stray(*stray);
}

}  // namespace weir
