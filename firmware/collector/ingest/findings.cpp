#include "collector/ingest/findings.hpp"

#include <fmt/format.h>

#include <array>

namespace portcullis {

namespace {

struct Words {
    std::string_view name;
    bool doubt;
    std::string_view meaning;
    std::string_view cure;
};

// In the order of FindingKind.
constexpr std::array<Words, 31> words{{
    {"missing", true,
     "The device signed that these items existed, and they did not come: they were dropped on the way.",
     "It keeps them until they are receipted and sends them again. If they stay away after the network is "
     "back, "
     "look at the broker and at the device's uplink."},
    {"late", true, "Later items have come, these have not; no signature says yet that they exist.",
     "Wait for the next checkpoint, a minute at most: then they are here, or missing."},
    {"tail", true,
     "The device's status names more items than have come: the end of its chain was cut off on the way. (A "
     "status "
     "is a hint, nobody signed it.)",
     "Look at the broker: it hands on the status and not the items."},
    {"silent", true, "Neither items nor a status come from this device.",
     "Look at its power and network; if it was stolen, deny its key."},
    {"shed", false, "The device's spool was over its quota; it dropped these items and signed for it.",
     "Give it a larger quota or a better network."},
    {"forged", true, "Blobs in this device's name hold no signature of it. They were not believed.",
     "Look who may publish on this device's topics: the broker, its rules, a stolen TLS key."},
    {"unknown_key", true, "Blobs in this device's name are signed by a key that the collector does not know.",
     "If it has a new key, add its certificate to the signers and reload: everything is then judged anew. If "
     "not, "
     "they are forged."},
    {"resealed", true,
     "The device's signed text came in an envelope that it did not sign: sealed anew, to other recipients, "
     "or in "
     "another device's name. It was not believed.",
     "Only a recipient can do that: look who holds the keys of those whom the device seals to."},
    {"forged_tombstone", true,
     "Somebody tried to pass a deletion off as declared by the device, which did not sign it. It was "
     "refused.",
     "The uplink or the broker is compromised: only they can put it there. Renew the device, then its keys."},
    {"forged_checkpoint", true,
     "Somebody made a statement in this device's name that it did not sign. It was refused.",
     "Look who may publish on this device's topics: its uplink, the broker, its rules."},
    {"damaged", true, "Blobs were truncated or changed on the way. Not a byte of them was used.",
     "The device sends them again. If it happens often, look at the broker and the network."},
    {"misplaced", true,
     "Genuine blobs came in under another place: they were replayed or swapped. They were refused.",
     "Nothing is lost. Look at the broker: nobody else can do that."},
    {"conflicting", true,
     "Other blobs came for places that are taken by judged ones. They wait, and nobody believes them.",
     "Look who may publish on this device's topics."},
    {"duplicate", false,
     "The same blobs came again and were counted once: a device resends, or somebody replays.",
     "Nothing is to be done."},
    {"foreign", true,
     "Blobs are sealed to recipients whose keys the opener does not have: sealed or re-sealed to another "
     "collector, or a key is missing here.",
     "If a recipient's key was lost, give the opener the second recipient's: it then looks again. If not, "
     "compare "
     "the device's recipients with the policy."},
    {"mismatch", true,
     "The link that the device signed is not the one we computed: a blob before it was changed or exchanged.",
     "The device gets no further receipts and sends again; its own blob then gets the place. If it stays, "
     "keep "
     "store and spool as evidence."},
    {"rolled_back", true,
     "From this place on the device sealed a second time, and the first branch has ended: it was set back to "
     "an "
     "older copy of its spool. Both branches are kept.",
     "Find out who restored it. What the first branch holds was sealed before, and remains."},
    {"cloned", true,
     "Two units seal with one identity, and both are alive: the device was copied, key and all.",
     "Deny its key today. Give the genuine unit a new one; what the other one sealed cannot be told from "
     "its."},
    {"forked", true,
     "Two blobs with good signatures stand at one place: the device was set back, or copied. Both are kept.",
     "Wait: if only one branch goes on it was set back, if both do it was copied. Deny the key if in doubt."},
    {"untrusted", true, "These are authentic, but their signing key is revoked or unfit.",
     "Give the device a new key. What was signed with a revoked one proves nothing."},
    {"expired", true,
     "These came after their signing key had expired, at most 30 days, in a chain that a key in its dates "
     "had "
     "confirmed. They are believed, and marked.",
     "Renew the device's key: it was offline, or its renewal stands still."},
    {"lapsed", true,
     "These are authentic by a key that has expired, and are not believed: it expired more than 30 days "
     "before they came, or nobody with a key in its dates has confirmed this chain.",
     "Renew the device's key: as soon as it signs in this chain, what came within the 30 days is believed. "
     "If "
     "the device is gone, somebody else has its old key."},
    {"lapsed_tombstone", true,
     "A key that has lapsed says that the device shed these items. That was the device, offline for too "
     "long, or whoever has its old key: what is missing stays missing.",
     "Ask who has the device: if it shed them, they are gone, and its key must be renewed in time. If it did "
     "not, somebody has its old key: deny it."},
    {"clock", false,
     "The device's clock was not set, ahead or behind. Its place in the chain says when it was made.",
     "Set the device's clock; give it a network time source or a battery."},
    {"unjudged", true, "The opener has not looked at these yet.", "Start the opener, or wait for it."},
    {"altered", true,
     "The store itself does not fit together any more: its rows were changed after they were written.",
     "Keep the file as evidence, restore a backup, and look who may write to it."},
    {"given_up", false,
     "The device could not keep these records, or was too busy for these frames; it counted them and signed "
     "for it. They never had a seq.",
     "Records: look at its disk and its signing key. Frames: at its load."},
    {"superseded", false, "The device has ended this chain and begun another, and says why.",
     "Nothing is to be done, if the disk is sound."},
    {"set_back", true,
     "The device found an older copy of its spool, or another one, in the place of its own. It sealed "
     "nothing "
     "a second time, set that file aside and began a new chain.",
     "Find out who restored it. What it had sealed since that copy and had not delivered is gone."},
    {"cut_off", true,
     "The device says that the chain went on to here before it ended, and these items have not come: they "
     "were "
     "in the spool that was lost.",
     "If a set-aside spool lies at the device, keep it. If not, they are gone."},
    {"anchor_lost", true,
     "The device started without the anchor that it had before, so it could not tell whether its spool was "
     "an older copy.",
     "Look who may write the reader's own folder. If items before this place are missing, it was set back."},
}};

const Words& of(FindingKind kind) {
    return words.at(static_cast<std::size_t>(kind));
}

std::string place_of(const Finding& finding) {
    std::string place = finding.device.empty() ? "(no device)" : finding.device;
    if (finding.chain != ChainId()) place += " chain " + to_string(finding.chain);
    if (finding.branch != 0) place += fmt::format(" branch {}", finding.branch);
    if (finding.first == 0) return place;
    place += fmt::format(" seq {}", finding.first);
    return finding.last > finding.first ? place + fmt::format(" to {}", finding.last) : place;
}

}  // namespace

std::string_view to_string(FindingKind kind) {
    return of(kind).name;
}
std::string_view phrase(Declared declared) {
    switch (declared) {
        case Declared::by_expired_key:
            return "declared by an expired key";
        case Declared::by_lapsed_key:
            return "declared by a lapsed key";
        default:
            return {};
    }
}
bool is_doubt(FindingKind kind) {
    return of(kind).doubt;
}
std::string_view meaning(FindingKind kind) {
    return of(kind).meaning;
}
std::string_view cure(FindingKind kind) {
    return of(kind).cure;
}

std::string sentence(const Finding& finding) {
    return fmt::format("{}: {} ({}){}: {} {}", to_string(finding.kind), place_of(finding), finding.count,
                       finding.detail.empty() ? "" : ", " + finding.detail, meaning(finding.kind),
                       cure(finding.kind));
}

}  // namespace portcullis
