//! The admin port: liveness, readiness, metrics.

use std::sync::{Arc, Mutex};

use callbox::config;
use callbox::http::admin::{self, AdminServer, Readiness};
use callbox::http::metrics;
use callbox::shutdown::{Drained, Lifecycle};

use crate::http_client::{PATIENCE, get, soon};

#[tokio::test]
async fn readiness_is_told_in_words_and_liveness_asks_nobody() {
    let state = Arc::new(Mutex::new(Readiness::Starting(
        "opening the store".to_owned(),
    )));
    let asked = Arc::clone(&state);
    let readiness = Arc::new(move || asked.lock().expect("state").clone());
    let admin = AdminServer::bind(&config::Admin {
        listen: ([127, 0, 0, 1], 0).into(),
        ..config::Admin::default()
    })
    .expect("bound");
    let address = admin.address();
    let lifecycle = Lifecycle::new();
    admin.spawn(
        admin::router(
            readiness,
            metrics::install().expect("metrics"),
            axum::Router::new(),
        ),
        lifecycle.hard().clone(),
    );
    for (now, status, words) in [
        (
            Readiness::Starting("opening the store".to_owned()),
            503,
            "starting: opening the store\n",
        ),
        (Readiness::Ready("island".to_owned()), 200, "island\n"),
        (
            Readiness::Draining("3 sessions".to_owned()),
            503,
            "draining: 3 sessions\n",
        ),
        (
            Readiness::Unable("the store cannot be written".to_owned()),
            503,
            "unable: the store cannot be written\n",
        ),
    ] {
        *state.lock().expect("state") = now;
        let answer = get(address, "/readyz", &[]).await;
        assert_eq!((answer.status, answer.text().as_str()), (status, words));
        assert_eq!(get(address, "/livez", &[]).await.status, 200);
    }
    lifecycle.stop();
    let scrape = get(address, "/metrics", &[]).await;
    assert_eq!(scrape.status, 200, "metrics stay through a drain");
    assert!(
        scrape.text().contains("callbox_http_connections_total"),
        "{}",
        scrape.text()
    );
    assert_eq!(get(address, "/", &[]).await.status, 404);
    assert_eq!(
        soon(lifecycle.drained(PATIENCE)).await,
        Drained::Completely,
        "a scrape holds no drain open"
    );
}
