//! Opens connections.
//!
//! Owns: how a connection is set up: RESP3, no delay, TLS, sign-in, a deadline. Must not: decide which server. Called by:
//! `tier`.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, ProtocolVersion, PushInfo,
    RedisConnectionInfo, RedisError, TlsCertificates,
};
use secrecy::ExposeSecret;

use super::fault::OpenError;
use super::options::{Address, Options};

/// How long a connection may take to open, TLS and sign-in included.
const OPEN: Duration = Duration::from_secs(2);
/// Commands that wait for the socket of one connection. More wait in the calls themselves, under their deadline.
const WAITING_MAX: usize = 1_024;

/// What is done with messages that no call asked for.
pub(super) type Hear = Box<dyn Fn(PushInfo) + Send + Sync>;

/// Opens one connection; with `hear` it may subscribe.
pub(super) async fn open(
    options: &Options,
    address: &Address,
    hear: Option<Hear>,
) -> Result<MultiplexedConnection, OpenError> {
    let mut config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(OPEN))
        // Every call has a deadline of its own.
        .set_response_timeout(None)
        .set_pipeline_buffer_size(WAITING_MAX);
    if let Some(hear) = hear {
        config = config.set_push_sender(move |push| -> Result<(), ()> {
            hear(push);
            Ok(())
        });
    }
    let client = client(options, address).map_err(|error| OpenError::of(address, &error))?;
    let opening = client.get_multiplexed_async_connection_with_config(&config);
    match tokio::time::timeout(OPEN, opening).await {
        Ok(opened) => opened.map_err(|error| OpenError::of(address, &error)),
        Err(_) => Err(OpenError::unreachable(address, "no answer within 2 s")),
    }
}

fn client(options: &Options, address: &Address) -> Result<Client, RedisError> {
    let mut redis = RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP3)
        .set_skip_set_lib_name();
    if let Some(password) = &options.password {
        redis = redis.set_password(password.expose_secret());
        if let Some(username) = &options.username {
            redis = redis.set_username(username);
        }
    }
    let (host, port) = (address.host.clone(), address.port);
    let server = if options.url.tls {
        ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let info = server
        .into_connection_info()?
        .set_redis_settings(redis)
        .set_tcp_settings(TcpSettings::default().set_nodelay(true));
    if options.url.tls {
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: options.ca_pem.clone(),
        };
        return Client::build_with_tls(info, certificates);
    }
    Client::open(info)
}
