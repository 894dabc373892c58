//! Reads an offer without a parser: one pass over its lines, every count bounded.
//!
//! Owns: what is refused before any parser of a library sees it. Must not: answer. Called by: the plane; `crate::probes` with strangers' bytes.

use callbox_proto::bounds::{
    SDP_CANDIDATES_MAX, SDP_FORMATS_MAX, SDP_LINE_MAX_BYTES, SDP_MAX_BYTES, SDP_SECTIONS_MAX,
    SDP_SSRC_LINES_MAX,
};

use crate::media::error::OfferError;
use crate::media::kinds::{Codec, Kind};

/// Which way media of a section may flow, seen from whoever wrote the description (RFC 8866, section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) sends: bool,
    pub(crate) receives: bool,
}

impl Direction {
    pub(crate) const BOTH: Direction = Direction {
        sends: true,
        receives: true,
    };

    pub(crate) fn parse(name: &str) -> Option<Direction> {
        let (sends, receives) = match name {
            "sendrecv" => (true, true),
            "sendonly" => (true, false),
            "recvonly" => (false, true),
            "inactive" => (false, false),
            _ => return None,
        };
        Some(Direction { sends, receives })
    }

    pub(crate) fn name(self) -> &'static str {
        match (self.sends, self.receives) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        }
    }
}

/// One media section of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) mid: String,
    pub(crate) kind: Kind,
    /// What the offerer wants to do.
    pub(crate) direction: Direction,
    /// Switched off: port 0 and not merely bundled.
    pub(crate) off: bool,
    /// Codecs we pass through, in the offerer's order of preference.
    pub(crate) codecs: Vec<Codec>,
}

impl Section {
    /// Media may flow in some direction.
    pub(crate) fn active(&self) -> bool {
        !self.off && (self.direction.sends || self.direction.receives)
    }
}

/// An offer that keeps every limit.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The text for the engine: without candidates and without simulcast, which we do not answer.
    pub(crate) text: String,
    pub(crate) sections: Vec<Section>,
    /// Tells one peer connection from another: its session id and its certificate stay for its whole life.
    pub(crate) connection: String,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({:?})", self.sections)
    }
}

impl Offer {
    /// Checks `text` against every limit.
    pub(crate) fn read(text: &str) -> Result<Offer, OfferError> {
        if text.len() > SDP_MAX_BYTES {
            return Err(OfferError::TooLong {
                limit: SDP_MAX_BYTES,
            });
        }
        let mut reader = Reader::default();
        let mut lines = text.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l));
        if lines.next() != Some("v=0") {
            return Err(OfferError::NotSdp);
        }
        reader.keep("v=0");
        for line in lines {
            if !line.is_empty() {
                reader.line(line)?;
            }
        }
        reader.finish()
    }

    /// The active section of `kind`.
    pub(crate) fn section(&self, kind: Kind) -> Option<&Section> {
        self.sections.iter().find(|s| s.kind == kind && s.active())
    }
}

/// A format of the section being read, before its parameters are known.
struct Format {
    payload_type: String,
    name: String,
    parameters: String,
}

#[derive(Default)]
struct Part {
    kind: Option<Kind>,
    mid: String,
    direction: Option<Direction>,
    port_zero: bool,
    bundle_only: bool,
    rtcp_mux: bool,
    order: Vec<String>,
    formats: Vec<Format>,
}

#[derive(Default)]
struct Reader {
    text: String,
    candidates: usize,
    ssrc_lines: usize,
    fingerprint: String,
    session: String,
    ufrag: bool,
    password: bool,
    session_direction: Option<Direction>,
    parts: Vec<Part>,
}

impl Reader {
    fn keep(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\r\n");
    }

    fn line(&mut self, line: &str) -> Result<(), OfferError> {
        if line.len() > SDP_LINE_MAX_BYTES {
            return Err(OfferError::LineTooLong {
                limit: SDP_LINE_MAX_BYTES,
            });
        }
        let bytes = line.as_bytes();
        if bytes.len() < 2
            || bytes[1] != b'='
            || !bytes[0].is_ascii_lowercase()
            || line.chars().any(char::is_control)
        {
            return Err(OfferError::NotSdp);
        }
        let keep = match bytes[0] {
            b'm' => self.media(&line[2..])?,
            b'a' => self.attribute(&line[2..])?,
            b'o' => {
                // RFC 8866, section 5.2: user name, then session id, then its version.
                let session = line.split(' ').nth(1).unwrap_or_default();
                session.clone_into(&mut self.session);
                true
            }
            _ => true,
        };
        if keep {
            self.keep(line);
        }
        Ok(())
    }

    fn media(&mut self, value: &str) -> Result<bool, OfferError> {
        if self.parts.len() == SDP_SECTIONS_MAX {
            return Err(OfferError::TooMany {
                what: "media sections",
                limit: SDP_SECTIONS_MAX,
            });
        }
        let mut words = value.split(' ');
        let kind = match words.next() {
            Some("audio") => Kind::Audio,
            Some("video") => Kind::Video,
            _ => return Err(OfferError::UnknownMedia),
        };
        let port: u16 = words
            .next()
            .and_then(|p| p.parse().ok())
            .ok_or(OfferError::NotSdp)?;
        let _protocol = words.next().ok_or(OfferError::NotSdp)?;
        let order: Vec<String> = words.map(str::to_owned).collect();
        if order.len() > SDP_FORMATS_MAX {
            return Err(too_many_formats());
        }
        self.parts.push(Part {
            kind: Some(kind),
            port_zero: port == 0,
            order,
            ..Part::default()
        });
        Ok(true)
    }

    /// Takes note of one attribute; `false` leaves it out of what the engine reads.
    fn attribute(&mut self, value: &str) -> Result<bool, OfferError> {
        let (name, rest) = value.split_once(':').unwrap_or((value, ""));
        match name {
            "candidate" | "end-of-candidates" => {
                self.candidates += 1;
                bounded(self.candidates, SDP_CANDIDATES_MAX, "candidates")?;
                return Ok(false);
            }
            "ssrc" | "ssrc-group" => {
                self.ssrc_lines += 1;
                bounded(self.ssrc_lines, SDP_SSRC_LINES_MAX, "ssrc lines")?;
            }
            "simulcast" | "rid" => return Ok(false),
            "fingerprint" if self.fingerprint.is_empty() => rest.clone_into(&mut self.fingerprint),
            "ice-ufrag" => self.ufrag = true,
            "ice-pwd" => self.password = true,
            _ => {
                let direction = Direction::parse(name);
                match self.parts.last_mut() {
                    Some(part) => part.attribute(name, rest, direction)?,
                    None => self.session_direction = direction.or(self.session_direction),
                }
            }
        }
        Ok(true)
    }

    fn finish(self) -> Result<Offer, OfferError> {
        if self.fingerprint.is_empty() {
            return Err(OfferError::Missing("a=fingerprint"));
        }
        if !self.ufrag {
            return Err(OfferError::Missing("a=ice-ufrag"));
        }
        if !self.password {
            return Err(OfferError::Missing("a=ice-pwd"));
        }
        let fallback = self.session_direction.unwrap_or(Direction::BOTH);
        let mut sections: Vec<Section> = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            let section = part.finish(fallback)?;
            let twice = |s: &Section| s.kind == section.kind && s.active();
            if section.active() && sections.iter().any(twice) {
                return Err(OfferError::Twice(section.kind));
            }
            if sections.iter().any(|s| s.mid == section.mid) {
                return Err(OfferError::NotSdp);
            }
            sections.push(section);
        }
        if sections.is_empty() {
            return Err(OfferError::Missing("a media section"));
        }
        Ok(Offer {
            text: self.text,
            sections,
            connection: format!("{} {}", self.session, self.fingerprint),
        })
    }
}

impl Part {
    fn attribute(
        &mut self,
        name: &str,
        rest: &str,
        direction: Option<Direction>,
    ) -> Result<(), OfferError> {
        match name {
            "mid" => self.mid = rest.to_owned(),
            "bundle-only" => self.bundle_only = true,
            "rtcp-mux" => self.rtcp_mux = true,
            "rtpmap" => {
                let (payload_type, map) = rest.split_once(' ').ok_or(OfferError::NotSdp)?;
                let name = map.split('/').next().unwrap_or_default();
                self.formats.push(Format {
                    payload_type: payload_type.to_owned(),
                    name: name.to_ascii_lowercase(),
                    parameters: String::new(),
                });
                if self.formats.len() > SDP_FORMATS_MAX {
                    return Err(too_many_formats());
                }
            }
            "fmtp" => {
                let (payload_type, parameters) = rest.split_once(' ').unwrap_or((rest, ""));
                let known = |f: &&mut Format| f.payload_type == payload_type;
                if let Some(format) = self.formats.iter_mut().find(known) {
                    format.parameters = parameters.to_ascii_lowercase();
                }
            }
            _ => self.direction = direction.or(self.direction),
        }
        Ok(())
    }

    fn finish(self, fallback: Direction) -> Result<Section, OfferError> {
        if self.mid.is_empty() {
            return Err(OfferError::Missing("a=mid"));
        }
        let kind = self.kind.ok_or(OfferError::NotSdp)?;
        let off = self.port_zero && !self.bundle_only;
        if !off && !self.rtcp_mux {
            return Err(OfferError::Missing("a=rtcp-mux"));
        }
        let mut codecs = Vec::new();
        for payload_type in &self.order {
            let format = self
                .formats
                .iter()
                .find(|f| f.payload_type == *payload_type);
            if let Some(codec) = format.and_then(Format::codec)
                && codec.kind() == kind
                && !codecs.contains(&codec)
            {
                codecs.push(codec);
            }
        }
        let section = Section {
            mid: self.mid,
            kind,
            direction: self.direction.unwrap_or(fallback),
            off,
            codecs,
        };
        if section.active() && section.codecs.is_empty() {
            return Err(OfferError::NoCodec(kind));
        }
        Ok(section)
    }
}

impl Format {
    fn codec(&self) -> Option<Codec> {
        match self.name.as_str() {
            "opus" => Some(Codec::Opus),
            "vp8" => Some(Codec::Vp8),
            "h264" if self.is_baseline_mode_1() => Some(Codec::H264),
            _ => None,
        }
    }

    /// Baseline profiles only, and fragments allowed: what every browser and phone can decode.
    fn is_baseline_mode_1(&self) -> bool {
        let has = |wanted: &str| self.parameters.split(';').any(|p| p.trim() == wanted);
        let profile = self
            .parameters
            .split(';')
            .find_map(|p| p.trim().strip_prefix("profile-level-id="));
        has("packetization-mode=1") && profile.is_some_and(|p| p.starts_with("42"))
    }
}

fn bounded(n: usize, limit: usize, what: &'static str) -> Result<(), OfferError> {
    if n > limit {
        return Err(OfferError::TooMany { what, limit });
    }
    Ok(())
}

fn too_many_formats() -> OfferError {
    OfferError::TooMany {
        what: "formats in one section",
        limit: SDP_FORMATS_MAX,
    }
}
