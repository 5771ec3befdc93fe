#include "collector/ingest/set_watch.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/recipient_set.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_told = 10'000;

Result<Digest> digest_of(const std::filesystem::path& file) {
    const auto blob = read_file(file, max_recipient_set_bytes);
    if (!blob) return fail(ErrorCode::configuration, "recipient set: {}", blob.error().message());
    const auto shape = check_signed_profile(*blob, max_recipient_set_bytes);
    const auto set = shape ? parse_recipient_set(as_text(shape->content))
                           : Result<RecipientSet>(fail(Error(shape.error())));
    if (!set)
        return fail(ErrorCode::configuration,
                    "recipient set {}: {}; only sets that `portcullis policy sign` wrote belong there",
                    file.string(), set.error().message());
    return sha256(*blob);
}

}  // namespace

Result<std::set<Digest>> load_known_sets(const std::filesystem::path& folder) {
    std::set<Digest> sets;
    std::error_code problem;
    std::filesystem::directory_iterator next(folder, problem);
    for (; !problem && next != std::filesystem::directory_iterator(); next.increment(problem)) {
        if (next->path().extension() != ".set") continue;
        if (sets.size() == max_known_sets)
            return fail(ErrorCode::configuration,
                        "recipient sets {}: more than {} files; move the oldest away", folder.string(),
                        max_known_sets);
        sets.insert(TRY(digest_of(next->path())));
    }
    if (problem)
        return fail(ErrorCode::configuration,
                    "recipient sets {}: {}; name the folder of the sets that were issued", folder.string(),
                    problem.message());
    return sets;
}

Result<void> SetWatch::look(const ChainRow& chain, Seq seq, const SetClaim& claim, UtcTime now) {
    if (!known_) return {};
    const bool unknown = !known_->contains(claim.digest);
    if (!unknown && !claim.stale) return {};
    if (told_.size() >= max_told) told_.clear();
    if (!told_.insert({chain.id, claim.digest, unknown}).second) return {};
    IncidentRow incident;
    incident.at = now;
    incident.device = chain.device;
    incident.chain = chain.chain;
    incident.seq = seq;
    incident.what =
        unknown ? fmt::format("alarm: sealed to the recipient set {}, which nobody here issued",
                              to_hex(claim.digest))
                : fmt::format(
                      "sealed to the recipient set {} more than 7 days after it was issued: the device "
                      "gets no new one",
                      to_hex(claim.digest));
    log_warning("collector", "device={} seq={} {}", chain.device, seq, incident.what);
    return store_->incidents.add(incident);
}

}  // namespace portcullis
