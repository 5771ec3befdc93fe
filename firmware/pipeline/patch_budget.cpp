#include "pipeline/patch_budget.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr float clearly_better = 1.04F;
constexpr float could_change_the_vote = 1.15F;

}  // namespace

bool PatchBudget::admit(float score) {
    const float needed = admitted_ < settings_.first_patches  ? 0
                         : admitted_ < settings_.most_patches ? best_ * clearly_better
                                                              : best_ * could_change_the_vote;
    if (score <= needed || admitted_ >= 2 * settings_.most_patches) return false;
    ++admitted_;
    best_ = std::max(best_, score);
    return true;
}

}  // namespace portcullis
