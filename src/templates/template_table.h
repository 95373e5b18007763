// SPDX-License-Identifier: Apache-2.0
// The templates of a session, by id, in blocks that copies of the table share: a copy costs one pointer per block, and
// a change to it the copy of one block.
//
//   threads  none of its own; a table that others may read is copied, never changed
//   memory   16 octets per template, and 24 for each kBlock of them
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace weir {

struct KnownTemplate;

class TemplateTable {
 public:
  using Entry = std::shared_ptr<const KnownTemplate>;
  static constexpr size_t kBlock = 64;

  TemplateTable() = default;
  TemplateTable(const TemplateTable& other);
  TemplateTable(TemplateTable&&) = default;
  TemplateTable& operator=(TemplateTable&&) = default;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Entry& at(size_t position) const;
  void insert(size_t position, Entry entry);  // before the entry that is there now
  void replace(size_t position, Entry entry);
  void erase(size_t position);

  template <class Visit>
  void for_each(Visit visit) const {
    for (const Part& part : parts_)
      for (const Entry& entry : *part.block) visit(*entry);
  }

 private:
  using Block = std::vector<Entry>;
  struct Part {
    std::shared_ptr<Block> block;  // never empty
    uint32_t first = 0;            // the position of its first entry
    bool own = true;               // no copy of this table shares it
  };
  size_t part_of(size_t position) const;
  Block& own_block(Part& part);
  void split(size_t part);
  void renumber(size_t from);

  std::vector<Part> parts_;
  size_t size_ = 0;
};

}  // namespace weir
