// Labels as files write them, made into labels as they are meant.
#pragma once

#include "data/files/bad_rows.h"
#include "data/files/storage.h"
#include "data/texts/reader.h"

namespace bertune::data {

// Normalizes the labels of all rows: drops fastText's prefix; reads decimals with commas as numbers, and
// lists of 0 and 1 as the places of the ones; takes "N/A" among numbers for no label. Leaves out pairs whose
// label is "-" among words, and a last row that sums up the others. All is noted. Rows without a label that
// `labels_required` asks for are `bad`. What is made lies in `arena`. The form of the labels is the one of
// training, where that had one that could mean two things, if these labels can have it; else the one that
// their rows show.
void settle_labels(Dataset& dataset, Arena& arena, const ReadOptions& options, BadRows& bad);

}  // namespace bertune::data
