//! Offers that are read, offers that are refused, and what an answer becomes.
//!
//! Owns: descriptions by hand and what must be made of them. Must not: start the engine: whole connections are in `media/tests`.
//! Called by: `cargo test`.

use callbox_proto::bounds::{SDP_LINE_MAX_BYTES, SDP_MAX_BYTES};

use super::answer::{finish, payload_types};
use super::*;
use crate::media::error::OfferError;
use crate::media::kinds::{Codec, Kind};

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA\r\n";

fn section(kind: &str, mid: u8, direction: &str, formats: &[(u8, &str, &str)]) -> String {
    let list: Vec<String> = formats.iter().map(|f| f.0.to_string()).collect();
    let mut s = format!(
        "m={kind} 9 UDP/TLS/RTP/SAVPF {}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=rtcp-mux\r\na={direction}\r\n",
        list.join(" ")
    );
    for (number, map, parameters) in formats {
        s += &format!("a=rtpmap:{number} {map}\r\n");
        if !parameters.is_empty() {
            s += &format!("a=fmtp:{number} {parameters}\r\n");
        }
    }
    s
}

const OPUS: (u8, &str, &str) = (111, "opus/48000/2", "minptime=10");
const VP8: (u8, &str, &str) = (96, "VP8/90000", "");
const H264: (u8, &str, &str) = (
    102,
    "H264/90000",
    "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
);

fn both() -> String {
    HEAD.to_owned()
        + &section("audio", 0, "sendrecv", &[OPUS])
        + &section("video", 1, "sendonly", &[H264, VP8])
}

#[test]
fn an_ordinary_offer_is_read_in_its_own_order_of_preference() {
    let offer = Offer::read(&both()).expect("read");
    let video = offer.section(Kind::Video).expect("video");
    assert_eq!(video.codecs, [Codec::H264, Codec::Vp8]);
    assert_eq!(video.direction.name(), "sendonly");
    assert_eq!(
        offer.section(Kind::Audio).expect("audio").codecs,
        [Codec::Opus]
    );
}

#[test]
fn candidates_and_simulcast_never_reach_the_engine() {
    let text = both()
        + "a=rid:h send\r\na=simulcast:send h\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n";
    let offer = Offer::read(&text).expect("read");
    for word in ["candidate", "simulcast", "rid:"] {
        assert!(!offer.text.contains(word), "{word}");
    }
}

#[test]
fn every_limit_is_kept_before_any_parser_runs() {
    let too_many = |line: &str, n: usize| Offer::read(&(both() + &line.repeat(n)));
    assert_eq!(
        Offer::read(&"v=0\r\n".repeat(20_000)),
        Err(OfferError::TooLong {
            limit: SDP_MAX_BYTES
        })
    );
    assert_eq!(
        Offer::read(&(both() + "a=" + &"x".repeat(2_000))),
        Err(OfferError::LineTooLong {
            limit: SDP_LINE_MAX_BYTES
        })
    );
    assert!(matches!(
        too_many("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n", 41),
        Err(OfferError::TooMany { limit: 40, .. })
    ));
    assert!(matches!(
        too_many("a=ssrc:1 cname:x\r\n", 65),
        Err(OfferError::TooMany { limit: 64, .. })
    ));
    assert!(matches!(
        too_many("a=rtpmap:97 VP9/90000\r\n", 64),
        Err(OfferError::TooMany { limit: 64, .. })
    ));
    assert!(matches!(
        too_many("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", 3),
        Err(OfferError::TooMany { limit: 4, .. })
    ));
}

#[test]
fn what_cannot_be_served_is_named() {
    let data =
        both() + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=rtcp-mux\r\n";
    assert_eq!(Offer::read(&data), Err(OfferError::UnknownMedia));
    let vp9 = HEAD.to_owned() + &section("video", 0, "sendonly", &[(98, "VP9/90000", "")]);
    assert_eq!(Offer::read(&vp9), Err(OfferError::NoCodec(Kind::Video)));
    let twice = both() + &section("video", 2, "sendonly", &[VP8]);
    assert_eq!(Offer::read(&twice), Err(OfferError::Twice(Kind::Video)));
    assert_eq!(
        Offer::read(&both().replace("a=fingerprint", "a=x")),
        Err(OfferError::Missing("a=fingerprint"))
    );
    assert_eq!(Offer::read("hello"), Err(OfferError::NotSdp));
    assert_eq!(Offer::read(""), Err(OfferError::NotSdp));
    assert_eq!(
        Offer::read(&(both() + "a=x\0y\r\n")),
        Err(OfferError::NotSdp)
    );
}

#[test]
fn only_fragmenting_baseline_h264_counts_as_h264() {
    for parameters in [
        "packetization-mode=0;profile-level-id=42e01f",
        "packetization-mode=1;profile-level-id=640032",
        "",
    ] {
        let text =
            HEAD.to_owned() + &section("video", 0, "sendonly", &[(102, "H264/90000", parameters)]);
        assert_eq!(Offer::read(&text), Err(OfferError::NoCodec(Kind::Video)));
    }
}

#[test]
fn the_answer_carries_our_candidates_and_only_directions_both_sides_allow() {
    let offer = Offer::read(&both()).expect("read");
    let raw = HEAD.to_owned()
        + &section("audio", 0, "sendrecv", &[OPUS])
        + "a=candidate:9 2 udp 1 127.0.0.1 4711 typ host\r\n"
        + &section("video", 1, "sendrecv", &[VP8]);
    let deaf = |s: &Section| Direction {
        sends: s.kind == Kind::Audio,
        receives: s.kind == Kind::Video,
    };
    let ours = "192.0.2.7:5000".parse().expect("address");
    let out = finish(&raw, &offer, &deaf, &[ours]);
    assert!(!out.contains("4711"));
    assert_eq!(out.matches("192.0.2.7 5000 typ host").count(), 2);
    assert_eq!(out.matches("a=sendonly").count(), 1, "audio only goes out");
    assert_eq!(out.matches("a=recvonly").count(), 1, "video only comes in");
    assert_eq!(payload_types(&out), [(111, Codec::Opus), (96, Codec::Vp8)]);
}

#[test]
fn a_section_that_was_switched_off_stays_off() {
    let text = both().replace("m=video 9", "m=video 0");
    let offer = Offer::read(&text).expect("read");
    assert!(offer.section(Kind::Video).is_none());
    let out = finish(&both(), &offer, &|_| Direction::BOTH, &[]);
    assert!(out.contains("m=video 0 "));
}
