// SPDX-License-Identifier: Apache-2.0
#include "templates/template_table.h"

#include <algorithm>

namespace weir {

// The copy owns no block. The original does not own them either, but it is not changed any more.
TemplateTable::TemplateTable(const TemplateTable& other) : parts_(other.parts_), size_(other.size_) {
  for (Part& part : parts_) part.own = false;
}

size_t TemplateTable::part_of(size_t position) const {
  auto after = std::upper_bound(parts_.begin(), parts_.end(), position,
                                [](size_t wanted, const Part& part) { return wanted < part.first; });
  return static_cast<size_t>(after - parts_.begin()) - 1;
}

const TemplateTable::Entry& TemplateTable::at(size_t position) const {
  const Part& part = parts_[part_of(position)];
  return (*part.block)[position - part.first];
}

TemplateTable::Block& TemplateTable::own_block(Part& part) {
  if (!part.own) part.block = std::make_shared<Block>(*part.block);
  part.own = true;
  return *part.block;
}

void TemplateTable::renumber(size_t from) {
  uint32_t first = from == 0 ? 0 : parts_[from - 1].first + static_cast<uint32_t>(parts_[from - 1].block->size());
  for (size_t i = from; i < parts_.size(); ++i) {
    parts_[i].first = first;
    first += static_cast<uint32_t>(parts_[i].block->size());
  }
}

void TemplateTable::split(size_t index) {
  Block& block = own_block(parts_[index]);
  auto middle = block.begin() + static_cast<ptrdiff_t>(block.size() / 2);
  Part second{std::make_shared<Block>(std::make_move_iterator(middle), std::make_move_iterator(block.end())), 0, true};
  block.erase(middle, block.end());
  parts_.insert(parts_.begin() + static_cast<ptrdiff_t>(index) + 1, std::move(second));
  renumber(index);
}

void TemplateTable::insert(size_t position, Entry entry) {
  // Ids mostly arrive in ascending order: then a new block is begun, and the full ones stay full.
  const bool at_end = position == size_;
  if (parts_.empty() || (at_end && parts_.back().block->size() >= kBlock)) {
    parts_.push_back({std::make_shared<Block>(), static_cast<uint32_t>(size_), true});
  } else if (size_t index = part_of(at_end ? position - 1 : position); parts_[index].block->size() >= kBlock) {
    split(index);
  }
  size_t index = at_end ? parts_.size() - 1 : part_of(position);
  Block& block = own_block(parts_[index]);
  block.insert(block.begin() + static_cast<ptrdiff_t>(position - parts_[index].first), std::move(entry));
  ++size_;
  renumber(index + 1);
}

void TemplateTable::replace(size_t position, Entry entry) {
  Part& part = parts_[part_of(position)];
  own_block(part)[position - part.first] = std::move(entry);
}

void TemplateTable::erase(size_t position) {
  size_t index = part_of(position);
  Block& block = own_block(parts_[index]);
  block.erase(block.begin() + static_cast<ptrdiff_t>(position - parts_[index].first));
  --size_;
  if (block.empty()) parts_.erase(parts_.begin() + static_cast<ptrdiff_t>(index));
  renumber(index);
}

}  // namespace weir
