// SPDX-License-Identifier: Apache-2.0
// Shows every element of every record in arbitrary datagrams (format: decode_fuzz.h; the first octet selects NetFlow v9
// or IPFIX): it must end, read nothing out of bounds, and the JSON must be one line of UTF-8 with matching brackets.
#include "decode/testing/decode_fuzz.h"
#include "show/shown_value.h"

namespace weir {
namespace {

void check_json(const std::string& json) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    WEIR_ASSERT(static_cast<unsigned char>(c) >= 0x20);
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted)
      depth += (c == '{' || c == '[') - (c == '}' || c == ']');
  }
  WEIR_ASSERT(depth == 0 && !quoted);
}

class ShowEverything final : public DecodeObserver {
 public:
  void malformed(const DecodePlace& place, Malformed) override { WEIR_ASSERT(place.offset <= limits::kDatagramBytes); }
  void given_up(const HeldSet& set, bool) override { WEIR_ASSERT(set.context.offset >= 4); }
  void template_record(const DecodePlace& place, const TemplateRecord& record, TemplateNews) override {
    for (const FieldSpecifier& f : record.fields)
      WEIR_ASSERT(!element_name(place.session.protocol, f.pen, f.id).empty());
  }
  void data_set(const DecodePlace& place, const Plan& plan, const SessionPlans* known, Bytes body) override {
    fields_.resize(plan.lengths.size());
    while (body.size() >= plan.record_length) {
      size_t length = walk_record(plan, body, fields_.data());
      if (length == 0) break;
      text_.clear();
      append_json(text_, show_fields({place.session.protocol, known}, plan, fields_.data(), 0, fields_.size()));
      check_json(text_);
      body = body.subspan(length);
    }
  }

 private:
  std::vector<FieldBytes> fields_;
  std::string text_;
};

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  weir::ShowEverything observer;
  return weir::fuzz_decoder(data[0] & 1 ? 10 : 9, data + 1, size - 1, &observer);
}
