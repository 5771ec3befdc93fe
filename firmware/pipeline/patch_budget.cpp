#include "pipeline/patch_budget.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr float clearly_better = 1.04F;
constexpr float could_change_the_vote = 1.15F;
constexpr float worth_a_look =
    0.35F;                       // quads of one plate differ in width, and with it the score, by so much
constexpr float legible = 0.1F;  // below it hardly a patch can be read: no moment is worth one
constexpr milliseconds another_moment{100};  // for the first budget; then twice as long for each further one
constexpr int most_budgets = 4;

}  // namespace

bool PatchBudget::admit(float score, BootTime seen) {
    if (admitted_ >= most_budgets * settings_.most_patches) return false;
    const bool another = seen - last_ >= another_moment * (1 << (admitted_ / settings_.most_patches));
    float needed = best_ * (admitted_ < settings_.most_patches ? clearly_better : could_change_the_vote);
    if (another) needed = std::min(needed, std::max(best_ * worth_a_look, legible));
    if (admitted_ >= settings_.first_patches && score <= needed) return false;
    ++admitted_;
    last_ = seen;
    best_ = std::max(best_, score);
    return true;
}

}  // namespace portcullis
