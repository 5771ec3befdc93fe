#include "audit/exposure.hpp"

namespace portcullis {

namespace {

struct Words {
    std::string_view name;
    std::string_view meaning;
};

Words words_of(ExposureReason reason) {
    switch (reason) {
        case ExposureReason::sealed_to_key:
            return {"sealed_to_key",
                    "It is sealed to the key in question: whoever has that key and a copy of the sealed item "
                    "can open it."};
        case ExposureReason::device_saw:
            return {"device_saw",
                    "It came from the device while that was in other hands: whoever holds a running device "
                    "sees what its camera sees."};
        case ExposureReason::account_shown:
            return {"account_shown", "The audit log says that it was shown to the account in that time."};
        case ExposureReason::account_took_out:
            return {"account_took_out",
                    "It left in a case file that the account asked for in that time, sealed to the "
                    "recipient's certificate."};
        case ExposureReason::key_in_copy:
            return {"key_in_copy",
                    "The copy may hold both the sealed item and a file with the key that opens it."};
        case ExposureReason::sealed_to_others:
            return {"sealed_to_others", "It is sealed to other keys: the key in question does not open it."};
        case ExposureReason::key_destroyed_before:
            return {"key_destroyed_before",
                    "Each key that opens it was destroyed before that time: nobody can open it any more."};
        case ExposureReason::sealed_before_theft:
            return {"sealed_before_theft",
                    "It was sealed and received before that time, and the device holds no key that opens "
                    "what it sealed."};
        case ExposureReason::other_device:
            return {"other_device", "It came from another device."};
        case ExposureReason::not_opened:
            return {"not_opened",
                    "The account was not shown it: each look has an entry in the audit log, and there is "
                    "none."};
        case ExposureReason::not_allowed:
            return {"not_allowed",
                    "It is of a site that the access policy does not let the account see, and the audit log "
                    "has no look at it."};
        case ExposureReason::not_in_copy:
            return {"not_in_copy", "It came after that time, so it cannot be in the copy."};
        case ExposureReason::no_key_in_copy:
            return {"no_key_in_copy", "The copy holds it sealed, and no key that opens it."};
        case ExposureReason::key_in_token:
            return {"key_in_token",
                    "Its keys live in a hardware token, which does not give them away: a copy of the disk "
                    "does not hold them."};
        case ExposureReason::key_elsewhere:
            break;
    }
    return {"key_elsewhere", "It is sealed to keys that this host never had."};
}

bool destroyed_before(const std::string& key, const Breach& breach, const ExposureFacts& facts) {
    const auto known = facts.keys.find(key);
    return known != facts.keys.end() && known->second.destroyed && *known->second.destroyed < breach.since;
}

bool all_destroyed(const std::set<std::string>& keys, const Breach& breach, const ExposureFacts& facts) {
    for (const std::string& key : keys)
        if (!destroyed_before(key, breach, facts)) return false;
    return !keys.empty();
}

Exposure by_key(const StoredPassage& passage, const Breach& breach, const ExposureFacts& facts) {
    const bool plate = passage.read_keys.contains(breach.subject);
    const bool pictures = passage.picture_keys.contains(breach.subject);
    if (!plate && !pictures) return {ExposureReason::sealed_to_others};
    if (destroyed_before(breach.subject, breach, facts)) return {ExposureReason::key_destroyed_before};
    return {ExposureReason::sealed_to_key, plate, pictures};
}

Exposure by_device(const StoredPassage& passage, const Breach& breach) {
    if (passage.device != breach.subject) return {ExposureReason::other_device};
    // What was received before was captured before; what came later may have been.
    if (passage.received < breach.since) return {ExposureReason::sealed_before_theft};
    return {ExposureReason::device_saw, true, passage.pictures > 0};
}

Exposure by_account(const StoredPassage& passage, const ExposureFacts& facts) {
    const PassageName name{passage.device, passage.chain.bytes, passage.seq};
    if (facts.taken_out.contains(name)) return {ExposureReason::account_took_out, true, passage.pictures > 0};
    if (facts.shown.contains(name)) return {ExposureReason::account_shown, true};
    if (facts.devices && !facts.devices->contains(passage.device)) return {ExposureReason::not_allowed};
    return {ExposureReason::not_opened};
}

/// A key file of this host that stood there within the breach.
bool is_file_in_copy(const std::string& key, const Breach& breach, const ExposureFacts& facts) {
    const auto known = facts.keys.find(key);
    return known != facts.keys.end() && !known->second.in_token && !destroyed_before(key, breach, facts);
}

Exposure by_copy(const StoredPassage& passage, const Breach& breach, const ExposureFacts& facts) {
    if (passage.received > breach.until) return {ExposureReason::not_in_copy};
    std::set<std::string> keys = passage.read_keys;
    keys.insert(passage.picture_keys.begin(), passage.picture_keys.end());
    if (all_destroyed(keys, breach, facts)) return {ExposureReason::key_destroyed_before};
    if (breach.kind == BreachKind::store_copy) return {ExposureReason::no_key_in_copy};
    const auto opened = [&](const std::set<std::string>& sealed_to) {
        for (const std::string& key : sealed_to)
            if (is_file_in_copy(key, breach, facts)) return true;
        return false;
    };
    const bool plate = opened(passage.read_keys);
    const bool pictures = opened(passage.picture_keys);
    if (plate || pictures) return {ExposureReason::key_in_copy, plate, pictures};
    for (const std::string& key : keys)
        if (const auto known = facts.keys.find(key); known != facts.keys.end() && known->second.in_token)
            return {ExposureReason::key_in_token};
    return {ExposureReason::key_elsewhere};
}

}  // namespace

bool is_exposed(ExposureReason reason) {
    return reason <= ExposureReason::key_in_copy;
}

std::string_view to_string(ExposureReason reason) {
    return words_of(reason).name;
}

std::string_view meaning(ExposureReason reason) {
    return words_of(reason).meaning;
}

Exposure judge_exposure(const StoredPassage& passage, const Breach& breach, const ExposureFacts& facts) {
    switch (breach.kind) {
        case BreachKind::key:
            return by_key(passage, breach, facts);
        case BreachKind::device:
            return by_device(passage, breach);
        case BreachKind::account:
            return by_account(passage, facts);
        case BreachKind::store_copy:
        case BreachKind::host_copy:
            break;
    }
    return by_copy(passage, breach, facts);
}

}  // namespace portcullis
