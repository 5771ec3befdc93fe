#include "guest/usbredir_link.hpp"

#include <unistd.h>
#include <usbredirparser.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace portcullis::test {

struct UsbredirLink::Pending {
    std::uint64_t id;
    usb_redir_bulk_packet_header header;
};

/// The library's C callbacks; priv is the link.
struct Callbacks {
    static UsbredirLink& of(void* link) { return *static_cast<UsbredirLink*>(link); }

    static void log(void*, int level, const char* message) {
        if (level <= usbredirparser_warning) std::fprintf(stderr, "usbredir: %s\n", message);
    }
    static int read(void* link, std::uint8_t* data, int count) {
        const ssize_t got = ::read(of(link).fd(), data, static_cast<std::size_t>(count));
        if (got > 0) return static_cast<int>(got);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
        of(link).closed_ = true;
        return -1;
    }
    static int write(void* link, std::uint8_t* data, int count) {
        const ssize_t put = ::write(of(link).fd(), data, static_cast<std::size_t>(count));
        if (put >= 0) return static_cast<int>(put);
        if (errno == EAGAIN || errno == EINTR) return 0;
        of(link).closed_ = true;
        return -1;
    }
    static void hello(void* link, usb_redir_hello_header*) {
        of(link).greeted_ = true;
        if (of(link).plugged_) of(link).plug();
    }
    static void control(void* link, std::uint64_t id, usb_redir_control_packet_header* header,
                        std::uint8_t* data, int count) {
        of(link).answer_control(id, *header,
                                std::span(data, data == nullptr ? 0 : static_cast<std::size_t>(count)));
        usbredirparser_free_packet_data(of(link).parser_, data);
    }
    static void bulk(void* link, std::uint64_t id, usb_redir_bulk_packet_header* header, std::uint8_t* data,
                     int) {
        of(link).take_bulk(id, *header);
        usbredirparser_free_packet_data(of(link).parser_, data);
    }
    static void cancelled(void* link, std::uint64_t id) { of(link).cancel(id); }
    static void reset(void* link) {
        of(link).pending_.clear();
        of(link).camera_.drop_picture();
    }
    static void set_configuration(void* link, std::uint64_t id, usb_redir_set_configuration_header* header) {
        usb_redir_configuration_status_header status{usb_redir_success, header->configuration};
        usbredirparser_send_configuration_status(of(link).parser_, id, &status);
    }
    static void get_configuration(void* link, std::uint64_t id) {
        usb_redir_configuration_status_header status{usb_redir_success, 1};
        usbredirparser_send_configuration_status(of(link).parser_, id, &status);
    }
    static void set_alternative(void* link, std::uint64_t id, usb_redir_set_alt_setting_header* header) {
        usb_redir_alt_setting_status_header status{usb_redir_success, header->interface, header->alt};
        usbredirparser_send_alt_setting_status(of(link).parser_, id, &status);
    }
    static void get_alternative(void* link, std::uint64_t id, usb_redir_get_alt_setting_header* header) {
        usb_redir_alt_setting_status_header status{usb_redir_success, header->interface, 0};
        usbredirparser_send_alt_setting_status(of(link).parser_, id, &status);
    }
    static void unplugged(void*) {}
    static void rejected(void*) {}
    static void filter(void*, usbredirfilter_rule* rules, int) { std::free(rules); }
};

UsbredirLink::UsbredirLink(UniqueFd socket, UsbCamera& camera)
    : socket_(std::move(socket)), camera_(camera), parser_(usbredirparser_create()) {
    parser_->priv = this;
    parser_->log_func = Callbacks::log;
    parser_->read_func = Callbacks::read;
    parser_->write_func = Callbacks::write;
    parser_->hello_func = Callbacks::hello;
    parser_->control_packet_func = Callbacks::control;
    parser_->bulk_packet_func = Callbacks::bulk;
    parser_->cancel_data_packet_func = Callbacks::cancelled;
    parser_->reset_func = Callbacks::reset;
    parser_->set_configuration_func = Callbacks::set_configuration;
    parser_->get_configuration_func = Callbacks::get_configuration;
    parser_->set_alt_setting_func = Callbacks::set_alternative;
    parser_->get_alt_setting_func = Callbacks::get_alternative;
    parser_->device_disconnect_ack_func = Callbacks::unplugged;
    parser_->filter_reject_func = Callbacks::rejected;
    parser_->filter_filter_func = Callbacks::filter;
    std::array<std::uint32_t, USB_REDIR_CAPS_SIZE> able{};
    for (const int cap :
         {usb_redir_cap_connect_device_version, usb_redir_cap_filter, usb_redir_cap_device_disconnect_ack,
          usb_redir_cap_ep_info_max_packet_size, usb_redir_cap_64bits_ids, usb_redir_cap_32bits_bulk_length})
        usbredirparser_caps_set_cap(able.data(), cap);
    usbredirparser_init(parser_, "portcullis test camera", able.data(), USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
}

UsbredirLink::~UsbredirLink() {
    usbredirparser_destroy(parser_);
}

bool UsbredirLink::wants_to_write() const {
    return usbredirparser_has_data_to_write(parser_) != 0;
}

void UsbredirLink::plug() {
    plugged_ = true;
    if (!greeted_) return;
    camera_.reset();
    usb_redir_interface_info_header interfaces{};
    interfaces.interface_count = 2;
    interfaces.interface[1] = 1;
    interfaces.interface_class[0] = interfaces.interface_class[1] = 0x0e;
    interfaces.interface_subclass[0] = 1;
    interfaces.interface_subclass[1] = 2;
    usbredirparser_send_interface_info(parser_, &interfaces);
    usb_redir_ep_info_header endpoints{};
    std::fill(std::begin(endpoints.type), std::end(endpoints.type), usb_redir_type_invalid);
    constexpr std::size_t in = 16;  // endpoints towards the host stand behind the others
    endpoints.type[0] = endpoints.type[in] = usb_redir_type_control;
    endpoints.max_packet_size[0] = endpoints.max_packet_size[in] = 64;
    endpoints.type[in + 1] = usb_redir_type_bulk;
    endpoints.interface[in + 1] = 1;
    endpoints.max_packet_size[in + 1] = 512;
    usbredirparser_send_ep_info(parser_, &endpoints);
    usb_redir_device_connect_header device{};
    device.speed = usb_redir_speed_high;
    device.device_class = 0xef;
    device.device_subclass = 2;
    device.device_protocol = 1;
    device.vendor_id = 0x1d6b;
    device.product_id = 0x0104;
    device.device_version_bcd = 0x0100;
    usbredirparser_send_device_connect(parser_, &device);
}

void UsbredirLink::unplug() {
    plugged_ = false;
    pending_.clear();
    if (greeted_) usbredirparser_send_device_disconnect(parser_);
}

void UsbredirLink::answer_control(std::uint64_t id, const usb_redir_control_packet_header& header,
                                  std::span<const std::uint8_t> sent) {
    auto answer = camera_.control({header.requesttype, header.request, header.value, header.index}, sent);
    usb_redir_control_packet_header reply = header;
    const bool towards_host = (header.endpoint & 0x80U) != 0;
    reply.status = answer ? usb_redir_success : usb_redir_stall;
    if (!answer || towards_host) reply.length = 0;
    if (answer && towards_host) {
        answer->resize(std::min<std::size_t>(answer->size(), header.length));
        reply.length = static_cast<std::uint16_t>(answer->size());
    }
    usbredirparser_send_control_packet(parser_, id, &reply,
                                       reply.length > 0 && towards_host ? answer->data() : nullptr,
                                       towards_host ? reply.length : 0);
}

void UsbredirLink::take_bulk(std::uint64_t id, const usb_redir_bulk_packet_header& header) {
    if (plugged_) pending_.push_back({id, header});
}

void UsbredirLink::cancel(std::uint64_t id) {
    const auto found = std::ranges::find(pending_, id, &Pending::id);
    if (found == pending_.end()) return;
    usb_redir_bulk_packet_header reply = found->header;
    reply.status = usb_redir_cancelled;
    reply.length = reply.length_high = 0;
    usbredirparser_send_bulk_packet(parser_, id, &reply, nullptr, 0);
    pending_.erase(found);
    if (pending_.empty()) camera_.drop_picture();
}

std::chrono::milliseconds UsbredirLink::time_to_next() const {
    if (pending_.empty() || stalled_) return std::chrono::milliseconds(1000);
    if (camera_.in_picture()) return std::chrono::milliseconds(0);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due_ - Clock::now());
    return std::clamp(left, std::chrono::milliseconds(0), std::chrono::milliseconds(1000));
}

void UsbredirLink::serve() {
    while (!stalled_ && !pending_.empty() && (camera_.in_picture() || Clock::now() >= due_)) {
        if (!camera_.in_picture()) {
            // A guest that was away for long gets no burst.
            const auto interval = std::chrono::microseconds(camera_.picture_interval_us());
            due_ = std::max(due_, Clock::now() - interval) + interval;
        }
        const Pending next = pending_.front();
        pending_.pop_front();
        const std::size_t room = next.header.length | static_cast<std::size_t>(next.header.length_high)
                                                          << 16U;
        UsbBytes payload = camera_.next_payload(room);
        usb_redir_bulk_packet_header reply = next.header;
        reply.status = usb_redir_success;
        reply.length = static_cast<std::uint16_t>(payload.size() & 0xffffU);
        reply.length_high = static_cast<std::uint16_t>(payload.size() >> 16U);
        usbredirparser_send_bulk_packet(parser_, next.id, &reply, payload.data(),
                                        static_cast<int>(payload.size()));
    }
}

void UsbredirLink::work() {
    usbredirparser_do_read(parser_);
    serve();
    if (wants_to_write()) usbredirparser_do_write(parser_);
}

}  // namespace portcullis::test
