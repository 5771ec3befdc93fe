#pragma once
// One thread a model: with two, OpenMP, OpenBLAS and TBB spend the second core on waiting for each other, and
// the stages of the road share the cores better. Process-wide; called by main before anything else.

namespace portcullis {

/// Starts the program again with the libraries' limits in its environment, once: they are read when the
/// libraries are loaded, which is before main. Returns when the limits are set.
void limit_library_threads(char** argv);

}  // namespace portcullis
