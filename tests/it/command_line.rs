//! The program as it is typed: commands that only look at the configuration, and `serve` where nothing is configured.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use tokio::process::Child;

use crate::gateway::harness::{Console, SignedIn, free_tcp, free_udp};
use crate::http_client::{PATIENCE, get, install_tls};
use callbox_proto::codec::Encoding;

/// What cargo runs before it compiles the program.
#[path = "../../build.rs"]
#[expect(dead_code, reason = "cargo calls its `main`")]
mod build_script;

/// The three pages, and where each lies when it is built.
const PAGES: [(&str, &str); 3] = [
    ("/", "index.html"),
    ("/console", "console/index.html"),
    ("/supervisor", "supervisor/index.html"),
];
/// What a page says where none is built.
const HOW_TO_BUILD: &str = "<code>cargo xtask web</code>";

fn callbox(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(arguments)
        .env_remove("CALLBOX_CONFIG")
        .output()
        .expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_accepted_configuration_is_said_to_be() {
    let output = callbox(&["check-config"]);
    assert!(output.status.success() && text(&output.stdout).contains("accepted"));
}

#[test]
fn a_refused_configuration_is_one_sentence_and_a_failure() {
    for command in ["check-config", "serve"] {
        let output = callbox(&[command, "--listen", "0.0.0.0:8911"]);
        assert!(!output.status.success());
        let words = text(&output.stderr);
        assert!(
            words.contains("flag --listen: server.listen: 0.0.0.0:8911 is not a loopback"),
            "{words}"
        );
        assert_eq!(words.lines().count(), 1, "{words}");
    }
}

#[test]
fn what_is_printed_is_read_again_and_holds_no_passphrase() {
    let output = callbox(&["config", "print", "--redacted"]);
    assert!(output.status.success());
    let printed = text(&output.stdout);
    assert!(
        printed.contains("[server.limits]") && !printed.contains("maple"),
        "{printed}"
    );
}

#[test]
fn the_welcome_holds_what_a_newcomer_types() {
    let output = callbox(&["config", "welcome", "--listen", "127.0.0.1:9000"]);
    let words = text(&output.stdout);
    assert!(
        words.contains("http://127.0.0.1:9000/console") && words.contains("tina"),
        "{words}"
    );
}

#[test]
fn a_command_that_does_not_exist_is_refused() {
    assert_eq!(callbox(&["sreve"]).status.code(), Some(2));
}

/// `callbox serve`, started in an empty folder; only its ports are told, by the environment. Killed when dropped.
struct Bare {
    child: Child,
    public: SocketAddr,
    folder: TempDir,
}

impl Bare {
    /// Starts it by this command line, which ends with the program's own, and waits until it takes work.
    async fn start(line: &[&OsStr]) -> Self {
        install_tls();
        let folder = tempfile::tempdir().unwrap();
        let (public, admin) = (free_tcp(), free_tcp());
        let child = tokio::process::Command::new(line[0])
            .args(&line[1..])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("CALLBOX_SERVER__LISTEN", public.to_string())
            .env("CALLBOX_ADMIN__LISTEN", admin.to_string())
            .env("CALLBOX_MEDIA__LISTEN", free_udp().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut bare = Self {
            child,
            public,
            folder,
        };
        let ready = tokio::time::timeout(PATIENCE, bare.ready(admin)).await;
        ready.expect("ready in time");
        bare
    }

    async fn ready(&mut self, admin: SocketAddr) {
        let url = format!("http://{admin}/readyz");
        while !reqwest::get(&url).await.is_ok_and(|a| a.status() == 200) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before it was ready: {ended:?}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// What stands at this path, which must be a page.
    async fn page(&self, path: &str) -> String {
        let answer = get(self.public, path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("text/html; charset=utf-8"), "{path}");
        answer.text()
    }
}

fn program() -> &'static OsStr {
    OsStr::new(env!("CARGO_BIN_EXE_callbox"))
}

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

/// In this state of the source code each page is the built one, or says how to build it: the other test sees to the second.
#[tokio::test]
async fn started_in_an_empty_folder_it_serves_the_pages_and_signs_the_demo_in() {
    let bare = Bare::start(&[program(), OsStr::new("serve")]).await;
    for (path, file) in PAGES {
        let page = bare.page(path).await;
        match std::fs::read_to_string(web().join("dist").join(file)) {
            Ok(built) => assert_eq!(page, built, "{path}"),
            Err(_) => assert!(page.contains(HOW_TO_BUILD), "{path}: {page}"),
        }
    }
    for name in ["tina", "tom", "sue", "sam", "ada", "olga"] {
        let who = SignedIn::sign_in(bare.public, name).await;
        Console::connect(bare.public, &who, Encoding::Json).await;
    }
    let kept = bare.folder.path().join("data");
    assert!(kept.is_dir(), "what it keeps lies where it was started");
}

/// Whoever compiles without Node is told what is missing, and nothing keeps them from compiling.
#[test]
fn only_a_release_without_built_pages_warns_while_it_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("dist");
    let warns = |profile: &str| {
        let lines = build_script::said(profile, &pages);
        assert!(lines.iter().all(|line| !line.starts_with("error")));
        let warnings = lines.iter().filter(|line| line.starts_with("warning="));
        warnings.count() > 0
    };
    assert!(warns("release") && !warns("debug"));
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("index.html"), "a page").unwrap();
    assert!(!warns("release"));
}

/// A debug build reads its pages from the folder of the source code: here an empty disk lies over that, for the program only.
#[tokio::test]
async fn without_built_pages_each_page_says_how_to_build_them() {
    let script = "mount -t tmpfs none \"$0\" && exec \"$1\" serve";
    let web = web();
    let line = ["unshare", "--mount", "--map-root-user", "sh", "-c", script].map(OsStr::new);
    let bare = Bare::start(&[&line[..], &[web.as_os_str(), program()]].concat()).await;
    for (path, _) in PAGES {
        let page = bare.page(path).await;
        assert!(page.contains(HOW_TO_BUILD), "{path}: {page}");
    }
    SignedIn::sign_in(bare.public, "tina").await;
}
