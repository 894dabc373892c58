//! Clients in other languages, made from the protocol's page alone: what it says is enough, and true.

use std::process::Stdio;

use tokio::process::Command;

use super::harness::{Topology, everywhere, soon};

everywhere!(the_python_client_plays_a_whole_session,);

async fn the_python_client_plays_a_whole_session(on: Topology) {
    let gateway = on.start().await;
    let playing = Command::new("python3")
        .arg("docs/examples/client.py")
        .arg(gateway.url(""))
        .arg(format!("http://{}", gateway.desk()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let played = soon(playing).await.expect("python3 is there");
    let (said, complained) = (
        String::from_utf8_lossy(&played.stdout),
        String::from_utf8_lossy(&played.stderr),
    );
    assert!(played.status.success(), "{said}{complained}");
    assert!(
        said.ends_with("everything came as the page says\n"),
        "{said}"
    );
}
