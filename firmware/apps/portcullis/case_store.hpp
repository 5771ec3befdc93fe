#pragma once
// The collector's store as the maker of case files sees it: a named read with its pictures, sealed.

#include <optional>

#include "casefile/case_maker.hpp"
#include "collector/ingest/store.hpp"

namespace portcullis {

/// Nothing when no believed read stands in that place. Errors: the store's.
[[nodiscard]] Result<std::optional<SealedRead>> sealed_read(Store& store, const CasePlace& place,
                                                            bool pictures);

}  // namespace portcullis
