#include "pipeline/patch_budget.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr float clearly_better = 1.04F;
constexpr float could_change_the_vote = 1.15F;
constexpr float nearly_as_good = 0.8F;
constexpr milliseconds another_moment{200};

}  // namespace

bool PatchBudget::admit(float score, BootTime seen) {
    const bool another = admitted_ < settings_.most_patches && seen - last_ >= another_moment;
    const float needed = admitted_ < settings_.first_patches  ? 0
                         : another                            ? best_ * nearly_as_good
                         : admitted_ < settings_.most_patches ? best_ * clearly_better
                                                              : best_ * could_change_the_vote;
    if (score <= needed || admitted_ >= 2 * settings_.most_patches) return false;
    ++admitted_;
    last_ = seen;
    best_ = std::max(best_, score);
    return true;
}

}  // namespace portcullis
