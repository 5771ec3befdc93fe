#include "apps/portcullis/replay_command.hpp"

#include <CLI/CLI.hpp>

#include "apps/portcullis/models_folder.hpp"
#include "apps/portcullis/replay_passages.hpp"
#include "apps/portcullis/replay_stills.hpp"
#include "base/log.hpp"
#include "wall/wall.hpp"

namespace portcullis {

namespace {

constexpr auto replay_footer =
    "PATH is a folder of JPEG and PNG pictures, one picture, a video, or @FILE with one picture a line.\n"
    "\n"
    "With --stills each picture is read by itself; --predictions then writes one line a picture:\n"
    "  {\"image\": \"a.jpg\", \"reads\": [{\"text\": \"ABC123\", \"confidence\": 0.97, \"characters\": "
    "[0.99, ...],\n"
    "   \"quad\": [[x,y],[x,y],[x,y],[x,y]]}], \"ms\": 12.3}\n"
    "image: the path inside its folder argument. quad: in the upright picture's pixels, clockwise from the "
    "plate's top\n"
    "left. ms: detect, rectify and read, without decoding. A broken picture has \"reads\": [] and "
    "\"error\".\n"
    "Without --stills the pictures are one film: one line a passage, with the voted read.\n"
    "\n"
    "Examples:\n"
    "  portcullis replay --stills photos/\n"
    "  portcullis replay --stills --predictions out.jsonl --annotate seen/ --threads 2 @list.txt\n"
    "  portcullis replay gate.mp4\n"
    "\n"
    "Plate texts are personal data: what this writes is yours to guard.\n"
    "Exit code: 0 something was read, 1 nothing could be read or written, 2 wrong usage or configuration.";

Result<ReplayOutcome> replay(ReplayOptions& options) {
    options.models = TRY(find_models(options.models));
    if (const auto denied = deny_network(); !denied)
        log_warning("replay", "runs without its own wall: {}", denied.error().message());
    return options.stills ? replay_stills(options) : replay_passages(options);
}

int run(ReplayOptions options) {
    options.stills = options.stills || options.patches;
    if (!options.annotate.empty() && !options.stills) {
        fmt::print(
            stderr,
            "portcullis replay: --annotate draws on pictures that are read one by one; add --stills\n");
        return 2;
    }
    const auto outcome = replay(options);
    if (!outcome) {
        fmt::print(stderr, "portcullis replay: {}\n", outcome.error().message());
        return outcome.error().code() == ErrorCode::configuration ? 2 : 1;
    }
    if (outcome->looked_at > outcome->broken) return 0;
    fmt::print(stderr, "portcullis replay: not one picture could be read\n");
    return 1;
}

}  // namespace

std::function<int()> add_replay_command(CLI::App& program) {
    auto options = std::make_shared<ReplayOptions>();
    CLI::App* command =
        program.add_subcommand("replay", "Read pictures or films with the reader's own pipeline");
    command->footer(replay_footer);
    command->add_option("PATH", options->paths, "What to read; may be given several times")->required();
    command->add_flag("--stills", options->stills, "The pictures have nothing to do with each other");
    command->add_flag("--patches", options->patches,
                      "The pictures are cut-out plates: no detection (implies --stills)");
    command->add_flag("--recurse", options->recurse, "Look into subfolders too");
    command->add_option("--predictions", options->predictions, "Write JSON lines to this file; - is stdout");
    command->add_option("--annotate", options->annotate,
                        "Write pictures with quads and texts into this folder");
    command
        ->add_option("--rate", options->pictures_per_second, "Pictures a second where a folder is one film")
        ->check(CLI::Range(0.1, 1000.0))
        ->capture_default_str();
    command->add_option("--threads", options->threads, "Workers with --stills, each with its own models")
        ->check(CLI::Range(1, max_replay_threads))
        ->capture_default_str();
    command->add_option("--models", options->models,
                        "Folder of the models (default: PORTCULLIS_MODELS, else the installed ones)");
    return [options] { return run(*options); };
}

}  // namespace portcullis
