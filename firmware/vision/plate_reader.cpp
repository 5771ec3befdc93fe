#include "vision/plate_reader.hpp"

#include <leptonica/allheaders.h>
#include <omp.h>
#include <tesseract/baseapi.h>
#include <tesseract/resultiterator.h>

#include <algorithm>
#include <string>
#include <vector>

#include "vision/plate_reader_decoder.hpp"
#include "vision/plate_reader_model.hpp"
#include "vision/rows.hpp"

namespace portcullis {
namespace {

constexpr int line_resolution_dpi = 300;  // any; without one Tesseract guesses and says so on stderr
// What the network reads when the whole of a two-row plate is shown to it as one line.
constexpr char two_row_mark = '=';

struct Line {
    std::vector<TimeStep> steps;
    bool has_two_rows = false;
};

bool is_plate_letter(const char* letter) {
    return letter[0] != '\0' && letter[1] == '\0' &&
           ((letter[0] >= 'A' && letter[0] <= 'Z') || (letter[0] >= '0' && letter[0] <= '9'));
}

// Tesseract leaves out what is below 0.01 and names the blank "" (as it does '=', which only stands alone).
TimeStep time_step(const std::vector<std::pair<const char*, float>>& choices) {
    TimeStep step;
    float sum = 0;
    for (const auto& [letter, probability] : choices)
        if (is_plate_letter(letter)) {
            step.choices.push_back({letter[0], std::clamp(probability, 0.0F, 1.0F)});
            sum += step.choices.back().confidence;
        }
    step.blank = std::max(0.0F, 1.0F - sum);
    return step;
}

}  // namespace

class PlateReader::Engine {
  public:
    [[nodiscard]] Result<void> load(const Bytes& weights) {
        const std::vector<std::string> names{
            "debug_file",       "load_system_dawg",       "load_freq_dawg",          "invert_threshold",
            "lstm_choice_mode", "lstm_choice_iterations", "classify_enable_learning"};
        const std::vector<std::string> values{"/dev/null", "0", "0", "0", "1", "0", "0"};
        setMsgSeverity(L_SEVERITY_NONE);
        const std::string_view bytes = as_text(weights);
        if (api_.Init(bytes.data(), static_cast<int>(bytes.size()), "plate", tesseract::OEM_LSTM_ONLY,
                      nullptr, 0, &names, &values, false, nullptr) != 0)
            return fail(ErrorCode::corrupt,
                        "plate reader: Tesseract refuses the weights though their digest is right; "
                        "install the model of the same release as this program");
        api_.SetPageSegMode(tesseract::PSM_RAW_LINE);
        return {};
    }

    [[nodiscard]] Result<Line> recognise(const GreyImage& line) {
        omp_set_max_active_levels(0);  // a property of the calling thread: no second thread for a 40 px line
        api_.SetImage(line.pixels.data(), line.width, line.height, 1, line.width);
        api_.SetSourceResolution(line_resolution_dpi);
        if (api_.Recognize(nullptr) != 0)
            return fail(ErrorCode::internal, "plate reader: Tesseract fails to recognise a line");
        Line result;
        const std::unique_ptr<tesseract::ResultIterator> word(api_.GetIterator());
        if (word == nullptr || word->Empty(tesseract::RIL_WORD)) return result;
        do
            collect(*word, result);
        while (word->Next(tesseract::RIL_WORD));
        return result;
    }

  private:
    static void collect(const tesseract::ResultIterator& word, Line& line) {
        const std::unique_ptr<char[]> text(word.GetUTF8Text(tesseract::RIL_WORD));
        if (text == nullptr) return;
        line.has_two_rows =
            line.has_two_rows || std::string_view(text.get()).find(two_row_mark) != std::string_view::npos;
        const auto* characters = word.GetRawLSTMTimesteps();
        if (characters == nullptr) return;
        for (const auto& steps : *characters)
            for (const auto& choices : steps)
                line.steps.push_back(time_step(choices));
    }

    tesseract::TessBaseAPI api_;
};

PlateReader::PlateReader(std::unique_ptr<Engine> engine, float least_confidence)
    : engine_(std::move(engine)), least_confidence_(least_confidence) {}
PlateReader::PlateReader(PlateReader&&) noexcept = default;
PlateReader& PlateReader::operator=(PlateReader&&) noexcept = default;
PlateReader::~PlateReader() = default;

Result<PlateReader> PlateReader::create(const PlateReaderSettings& settings) {
    if (!(settings.least_confidence >= 0 && settings.least_confidence <= 1))
        return fail(ErrorCode::invalid_argument, "plate reader: least_confidence must lie in [0, 1]");
    const PlateReaderModel model = TRY(load_plate_reader_model(settings.model_dir));
    auto engine = std::make_unique<Engine>();
    TRY(engine->load(model.weights));
    return PlateReader(std::move(engine), settings.least_confidence);
}

Result<Reading> PlateReader::read(const PlatePatch& patch) {
    const GreyImage& image = patch.image;
    TRY(with_context(check_patch(image), "plate reader"));
    Line line = TRY(engine_->recognise(line_of(image)));
    if (line.has_two_rows && may_have_two_rows(image)) line = TRY(engine_->recognise(two_row_line_of(image)));
    line.steps.resize(std::min(line.steps.size(), max_time_steps));
    Reading reading = decode(line.steps);
    if (reading.confidence < least_confidence_) return Reading{};
    return reading;
}

}  // namespace portcullis
