//! The HTTP routes of the public port.
//!
//! Owns: their paths and methods, in one list. Must not: serve them. Called by: the router, which is built from
//! [`Route::ALL`], and the table of rights, where each has a row as [`Action::Http`](super::Action::Http).

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Reads; `HEAD` is answered with it.
    Get,
    /// Reads the head only.
    Head,
    /// Makes.
    Post,
    /// Goes on with.
    Patch,
    /// Removes.
    Delete,
    /// Asks what is possible.
    Options,
}

impl Method {
    /// The method's word in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident = $method:ident $path:literal;)+) => {
        /// A route: one method at one path.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Route { $($(#[$doc])* $name),+ }

        impl Route {
            /// Every route.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its path in the router's syntax: `{name}` stands for one segment, `{*name}` for the rest.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $(Self::$name => $path),+ }
            }

            /// Its method.
            #[must_use]
            pub const fn method(self) -> Method {
                match self { $(Self::$name => Method::$method),+ }
            }

            /// Its action in the table of rights.
            #[must_use]
            pub const fn action(self) -> super::Action {
                super::Action::Http(self)
            }
        }
    };
}

routes! {
    /// The resident's page.
    ResidentPage = Get "/";
    /// The console.
    ConsolePage = Get "/console/";
    /// The console, without the last slash.
    ConsoleBare = Get "/console";
    /// One panel of the console in a window of its own.
    ConsoleView = Get "/console/{*view}";
    /// The supervisor's page.
    SupervisorPage = Get "/supervisor/";
    /// The supervisor's page, without the last slash.
    SupervisorBare = Get "/supervisor";
    /// One view of the supervisor's page.
    SupervisorView = Get "/supervisor/{*view}";
    /// The page of responders, for whoever has a link.
    ResponderPage = Get "/responder/";
    /// The page of responders, without the last slash.
    ResponderBare = Get "/responder";
    /// The page of an agency's residents.
    AgencyResidentPage = Get "/a/{agency}/";
    /// The page of an agency's residents, without the last slash.
    AgencyResidentBare = Get "/a/{agency}";
    /// An agency's console.
    AgencyConsolePage = Get "/a/{agency}/console/";
    /// An agency's console, without the last slash.
    AgencyConsoleBare = Get "/a/{agency}/console";
    /// One panel of an agency's console in a window of its own.
    AgencyConsoleView = Get "/a/{agency}/console/{*view}";
    /// An agency's supervisor's page.
    AgencySupervisorPage = Get "/a/{agency}/supervisor/";
    /// An agency's supervisor's page, without the last slash.
    AgencySupervisorBare = Get "/a/{agency}/supervisor";
    /// One view of an agency's supervisor's page.
    AgencySupervisorView = Get "/a/{agency}/supervisor/{*view}";
    /// An agency's page of responders.
    AgencyResponderPage = Get "/a/{agency}/responder/";
    /// An agency's page of responders, without the last slash.
    AgencyResponderBare = Get "/a/{agency}/responder";
    /// The manifest with which an agency's resident page is put on a phone's screen.
    AgencyManifest = Get "/a/{agency}/manifest.webmanifest";
    /// Files beside the pages: icon, manifest, service worker.
    RootFile = Get "/{file}";
    /// Scripts, styles and pictures of the pages.
    Asset = Get "/assets/{*file}";
    /// The agency of this name of the gateway as residents see it: the default one where the name is nobody's own.
    AgencyInfo = Get "/api/v1/agency";
    /// An agency as residents see it.
    AgencyInfoOf = Get "/api/v1/agencies/{agency}";
    /// Signs a person in by name and passphrase.
    SignIn = Post "/api/v1/sign-in";
    /// Begins a sign-in at the agency's provider: where the browser goes.
    BeginProviderSignIn = Post "/api/v1/sign-in/provider";
    /// Where the provider sends the browser back to; leads on to the page that began.
    ProviderReturn = Get "/api/v1/sign-in/provider/{agency}/return";
    /// Ends a sign-in at the agency's provider: what it said for a token.
    EndProviderSignIn = Post "/api/v1/sign-in/provider/end";
    /// Renews a sign-in that is still valid.
    RefreshSignIn = Post "/api/v1/sign-in/refresh";
    /// Trades a supervisor's sign-in for a wallboard's, which reads the board and nothing else.
    OpenWallboard = Post "/api/v1/sign-in/wallboard";
    /// Trades the secret of a link for responders, with a name, for a token.
    OpenResponderLink = Post "/api/v1/responder-links/open";
    /// WebSocket of residents.
    ResidentSocket = Get "/ws/resident";
    /// WebSocket of staff.
    StaffSocket = Get "/ws/staff";
    /// WebSocket of responders.
    ResponderSocket = Get "/ws/responder";
    /// What uploads can do (tus).
    UploadOptions = Options "/api/v1/uploads";
    /// The same, asked of one upload.
    UploadOptionsOfOne = Options "/api/v1/uploads/{id}";
    /// Begins an upload (tus).
    UploadCreate = Post "/api/v1/uploads";
    /// How far an upload has come (tus).
    UploadHead = Head "/api/v1/uploads/{id}";
    /// Goes on with an upload (tus).
    UploadPatch = Patch "/api/v1/uploads/{id}";
    /// Gives an upload up (tus).
    UploadDelete = Delete "/api/v1/uploads/{id}";
    /// The small picture that came with the announcement, re-encoded.
    PhotoPreview = Get "/api/v1/sessions/{session}/photos/{photo}/preview";
    /// The original re-encoded, without metadata.
    PhotoCopy = Get "/api/v1/sessions/{session}/photos/{photo}/copy";
    /// The original as it came, as a download.
    PhotoOriginal = Get "/api/v1/sessions/{session}/photos/{photo}/original";
    /// The export of a session that two persons agreed on. It stands in the log before its first byte: so no reading, and no `GET`.
    FetchExport = Post "/api/v1/sessions/{session}/exports/{request}";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_routes_are_the_same() {
        let all: BTreeSet<_> = (Route::ALL.iter())
            .map(|r| (r.method(), r.path()))
            .collect();
        assert_eq!(all.len(), Route::ALL.len());
    }
}
