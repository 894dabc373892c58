//! The engine over the `webrtc` crate: builds a connection for an offer.
//!
//! Owns: the settings of a connection and its deadlines. Must not: keep a connection: `leg` does. Called by: the plane, as its [`Engine`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::peer_connection::transport::RTCDtlsRole;
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, RTCConfigurationBuilder, SettingEngine,
    SettingEngineBuilder,
};

use super::codecs::media;
use super::leg::{Handler, Shared, WebrtcLeg};
use super::runtime::PortRuntime;
use super::{Accept, Accepted, Engine, EngineError, Leg};
use crate::media::kinds::{Codec, Kind};

/// A peer that was silent this long is disconnected. Browsers check every 2.5 s.
const DISCONNECTED_AFTER: Duration = Duration::from_secs(5);
/// After that, the library gives up. Longer than the room's own patience, so that the room decides.
const FAILED_AFTER: Duration = Duration::from_secs(60);
/// The library collects its placeholder candidates at once; if it does not, the answer goes out all the same and the
/// client's second check finds them.
const GATHER: Duration = Duration::from_millis(100);

/// The engine that is built in.
pub(crate) struct WebrtcEngine;

#[async_trait]
impl Engine for WebrtcEngine {
    async fn accept(&self, accept: Accept) -> Result<Accepted, EngineError> {
        let shared = Shared::new(Arc::clone(&accept.sink));
        let leg = Arc::new(WebrtcLeg::new(
            Arc::clone(&shared),
            Arc::clone(&accept.port),
        ));
        leg.connect(build(&accept, &shared).await?);
        match leg.negotiate(&accept.offer, accept.plan).await {
            Ok(answer) => {
                let _ = tokio::time::timeout(GATHER, shared.gathered.notified()).await;
                Ok(Accepted { leg, answer })
            }
            Err(e) => {
                leg.close().await;
                Err(e)
            }
        }
    }
}

async fn build(
    accept: &Accept,
    shared: &Arc<Shared>,
) -> Result<Arc<dyn PeerConnection>, EngineError> {
    let (media, registry) = media(accept.plan, &video_codecs(accept))?;
    let addresses: Vec<SocketAddr> = accept.port.placeholders().to_vec();
    let connection = PeerConnectionBuilder::new()
        .with_configuration(RTCConfigurationBuilder::new().build())
        .with_media_engine(media)
        .with_setting_engine(settings())
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(Handler(Arc::clone(shared))))
        .with_runtime(Arc::new(PortRuntime {
            port: Arc::clone(&accept.port),
        }))
        .with_udp_addrs(addresses)
        .build()
        .await?;
    Ok(Arc::new(connection))
}

/// A publisher sends the first codec it offers; a viewer keeps all it offers open.
fn video_codecs(accept: &Accept) -> Vec<Codec> {
    if accept.plan.every_video_codec {
        return vec![Codec::Vp8, Codec::H264];
    }
    let offered = accept.offer.section(Kind::Video);
    let first = offered.and_then(|s| s.codecs.first().copied());
    match first {
        Some(codec) => vec![codec],
        // No camera yet. It may come later with either codec.
        None => vec![Codec::Vp8, Codec::H264],
    }
}

/// ICE credentials are left to the library, which draws new ones for each restart, as clients expect.
fn settings() -> SettingEngine {
    SettingEngineBuilder::new()
        .with_lite(true)
        .with_include_loopback_candidate(true)
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_answering_dtls_role(RTCDtlsRole::Server)
        .with_ice_timeouts(Some(DISCONNECTED_AFTER), Some(FAILED_AFTER), None)
        .build()
}
