#pragma once
// PatchBudget: which patches of one passage are worth an OCR pass. The first few always; then only clearly
// better ones and, since errors of one moment are alike, one of a third of the quality from time to time: the
// rarer, the more there were, for a vehicle that takes its time must not be judged by its far end alone.
// Beyond the budget clearly better is one that could change the vote. Thread-bound.

#include "base/clock.hpp"

namespace portcullis {

struct BudgetSettings {
    int first_patches = 3;
    int most_patches = 12;  // of one passage, in the usual case; never more than four times as many
};

class PatchBudget {
  public:
    explicit PatchBudget(const BudgetSettings& settings) : settings_(settings) {}

    /// True when a patch of this score, seen then, is to be read; counts it.
    [[nodiscard]] bool admit(float score, BootTime seen);
    /// What comes now shows something else than what came before: it is not held against that.
    void begin_anew() { best_ = 0; }

  private:
    BudgetSettings settings_;
    int admitted_ = 0;
    float best_ = 0;
    BootTime last_{};  // read
};

}  // namespace portcullis
