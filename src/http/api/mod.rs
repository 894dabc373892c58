//! The gateway's own HTTP routes: sign-in, sockets, photos for staff and responders, exports, links for responders, the agencies' public faces.
//!
//! Owns: one handler for each row of [`Route`] that is not a page or an upload. Must not: decide rights (the role table
//! does) or know how anything is stored. Called by: `app`, which mounts [`router`].
//!
//! The routes are made from the role table itself, here as in [`super::pages`] and [`super::uploads`]: a route without a row
//! cannot be written, and a row that nobody serves fails the test that walks the table.

mod exports;
mod photos;
mod provider;
mod refusal;
mod responders;
mod sign_in;
mod sockets;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use callbox_domain::access::Route;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, SessionId, StaffId};
use callbox_proto::vocabulary::Role;
use tokio_util::task::TaskTracker;

pub use refusal::Refused;

use crate::auth::SignIn;
use crate::auth::provider::Providers;
use crate::auth::tokens::Tokens;
use crate::http::Origins;
use crate::node::cell::Cell;
use crate::transport::Transport;

/// Which form of a photo is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoForm {
    /// The re-encoded preview.
    Preview,
    /// The re-encoded copy.
    Copy,
    /// The sealed original, as a download.
    Original,
}

/// Where photos are read.
#[async_trait]
pub trait PhotoShelf: Send + Sync + 'static {
    /// The answer with the photo.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchPhoto`] when there is none in this form, or the store's failure.
    async fn photo(
        &self,
        agency: &AgencyId,
        session: SessionId,
        photo: CommandId,
        form: PhotoForm,
    ) -> Result<Response, ErrorCode>;
}

/// Somebody who fetches an export, and may by role.
pub struct Fetch {
    /// Whose session it is.
    pub agency: AgencyId,
    /// Which session.
    pub cell: Arc<Cell>,
    /// Who.
    pub staff: StaffId,
    /// In which role.
    pub role: Role,
    /// By which request.
    pub request: CommandId,
}

/// Where exports are fetched.
#[async_trait]
pub trait ExportDesk: Send + Sync + 'static {
    /// The answer with the pack. The log has it by then.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchRequest`] where two persons did not agree or the time is over, [`ErrorCode::TooFast`] while too many are
    /// fetched, or the store's failure.
    async fn fetch(&self, fetch: Fetch) -> Result<Response, ErrorCode>;
}

/// What the handlers need.
#[derive(Clone)]
pub struct Api {
    /// Connections.
    pub transport: Arc<Transport>,
    /// Accounts.
    pub accounts: Arc<dyn SignIn>,
    /// Agencies' providers.
    pub providers: Arc<Providers>,
    /// Agencies whose people may sign in by passphrase.
    pub by_passphrase: Arc<HashSet<AgencyId>>,
    /// Where this gateway's pages are.
    pub origins: Arc<Origins>,
    /// Tokens.
    pub tokens: Arc<Tokens>,
    /// Photos.
    pub photos: Arc<dyn PhotoShelf>,
    /// Exports.
    pub exports: Arc<dyn ExportDesk>,
    /// The agency of whoever names none.
    pub default_agency: AgencyId,
    /// Agencies that have a name of the gateway for themselves, by the `Host` of requests.
    pub by_host: Arc<HashMap<String, AgencyId>>,
    /// Life of a staff token, in ms.
    pub staff_token_ms: u64,
    /// Bounds of sockets.
    pub sockets: SocketLimits,
    /// Counts open sockets, so that a drain can wait for their good-byes.
    pub open_sockets: TaskTracker,
}

impl Api {
    /// The agency that is meant where none is named: whose own name of the gateway the request is for, else the default one.
    fn agency_meant(&self, headers: &HeaderMap) -> &AgencyId {
        headers
            .get(HOST)
            .and_then(|value| value.to_str().ok())
            .and_then(|host| self.by_host.get(&host.to_ascii_lowercase()))
            .unwrap_or(&self.default_agency)
    }
}

/// Bounds of WebSockets, in bytes.
#[derive(Debug, Clone)]
pub struct SocketLimits {
    /// One message, which browsers send as one frame.
    pub message_bytes: usize,
    /// Read buffer of a resident's socket: most of what an idle session costs.
    pub resident_read_buffer_bytes: usize,
    /// Read buffer of a staff socket.
    pub staff_read_buffer_bytes: usize,
}

/// The ordinary routes, which take bounded bodies and time.
pub fn router(api: &Api) -> Router {
    mount(api, false)
}

/// The sockets, which live as long as they like.
pub fn sockets(api: &Api) -> Router {
    mount(api, true)
}

#[expect(
    clippy::disallowed_methods,
    reason = "mounts rows of the table of rights, and nothing else"
)]
fn mount(api: &Api, sockets: bool) -> Router {
    let mut router = Router::new();
    for route in Route::ALL {
        let is_socket = matches!(
            route,
            Route::ResidentSocket | Route::StaffSocket | Route::ResponderSocket
        );
        if let Some(handler) = handler(*route).filter(|_| is_socket == sockets) {
            router = router.route(route.path(), handler);
        }
    }
    router.with_state(api.clone())
}

/// The handler of a row; `None` for rows that other rooms serve (pages, uploads).
fn handler(route: Route) -> Option<MethodRouter<Api>> {
    Some(match route {
        Route::AgencyInfo => get(sign_in::agency),
        Route::AgencyInfoOf => get(sign_in::agency_of),
        Route::SignIn => post(sign_in::sign_in),
        Route::BeginProviderSignIn => post(provider::begin),
        Route::ProviderReturn => get(provider::came_back),
        Route::EndProviderSignIn => post(provider::end),
        Route::RefreshSignIn => post(sign_in::refresh),
        Route::OpenWallboard => post(sign_in::open_wallboard),
        Route::OpenResponderLink => post(responders::open),
        Route::ResidentSocket => get(sockets::resident),
        Route::StaffSocket => get(sockets::staff),
        Route::ResponderSocket => get(sockets::responder),
        Route::PhotoPreview => get(photos::preview),
        Route::PhotoCopy => get(photos::copy),
        Route::PhotoOriginal => get(photos::original),
        Route::FetchExport => post(exports::fetch),
        _ => return None,
    })
}
