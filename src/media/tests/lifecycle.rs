//! Peers that come, change, come back and go.

use str0m::media::Direction;

use super::*;

#[tokio::test]
async fn a_publisher_that_reconnects_is_seen_by_the_same_viewers_without_a_hole() {
    let plane = plane();
    let mut events = plane.events();
    let (first, first_peer) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(20).await;
    let (_second, _) = publish(&plane, 2).await;
    let reason = CloseReason::Replaced;
    heard(&mut events, first_peer, MediaWhat::Closed { reason }).await;
    first.stop_sending();
    let before = viewer.seen().key_frames;
    let seen = viewer.until("the second", |s| s.last_mark == 2).await;
    assert!(seen.key_frames >= before);
    assert_eq!(viewer.more_video(20).await.gaps, 0);
}

#[tokio::test]
async fn a_publisher_that_vanished_is_replaced_by_its_next_connection() {
    let plane = plane();
    let (first, first_peer) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(10).await;
    plane.close_peer(first_peer).await.expect("closed");
    drop(first);
    assert_eq!(plane.snapshot().rooms, 1, "the viewer keeps the room");
    let (_second, _) = publish(&plane, 2).await;
    viewer.until("the second", |s| s.last_mark == 2).await;
}

#[tokio::test]
async fn a_camera_can_be_added_after_the_microphone() {
    let plane = plane();
    let sections = [(Kind::Audio, Direction::SendRecv)];
    let mut resident = Client::new(&sections, &[Codec::Vp8]).await;
    let microphone = Kinds::NONE.with(Kind::Audio, true);
    let answer = plane
        .publish(ROOM, &resident.offer, microphone)
        .await
        .expect("published");
    resident.answer(&answer.sdp);
    resident.send(Sending::both(1));
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_audio(10).await;
    plane.permit(ROOM, Kind::Video).await;
    let offer = resident.offer_more(Kind::Video, Direction::SendOnly).await;
    let again = plane
        .renegotiate(answer.peer, &offer)
        .await
        .expect("renegotiated");
    resident.answer(&again.sdp);
    assert!(viewer.more_video(10).await.began_with_key_frame);
    viewer.more_audio(10).await;
}

#[tokio::test]
async fn an_ice_restart_keeps_the_media_going() {
    let plane = plane();
    let (mut resident, peer) = publish(&plane, 1).await;
    let (mut viewer, viewer_peer) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(20).await;
    let offer = resident.offer_ice_restart().await;
    let answer = plane.renegotiate(peer, &offer).await.expect("restarted");
    resident.answer(&answer.sdp);
    viewer.more_video(50).await;
    let offer = viewer.offer_ice_restart().await;
    let answer = plane.renegotiate(viewer_peer, &offer).await;
    viewer.answer(&answer.expect("restarted").sdp);
    viewer.more_video(50).await;
}

#[tokio::test]
async fn when_all_peers_are_closed_no_room_and_no_name_is_left() {
    let plane = plane();
    let mut events = plane.events();
    let (_resident, publisher) = publish(&plane, 1).await;
    let (one, first) = watch(&plane, ViewerRole::Talk).await;
    let (_two, second) = watch(&plane, ViewerRole::Listen).await;
    one.more_video(5).await;
    assert_eq!(plane.snapshot().registered, 3);
    for peer in [first, publisher, second] {
        plane.close_peer(peer).await.expect("closed");
        let reason = CloseReason::Asked;
        heard(&mut events, peer, MediaWhat::Closed { reason }).await;
    }
    eventually("nothing is left", || {
        let now = plane.snapshot();
        (now.rooms, now.peers, now.registered) == (0, 0, 0)
    })
    .await;
    assert!(matches!(
        plane.close_peer(first).await,
        Err(MediaError::NoSuchPeer)
    ));
}

#[tokio::test]
async fn a_closed_room_closes_everyone_in_it_and_nobody_else() {
    let plane = plane();
    let (_resident, _) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(5).await;
    let other = Client::viewer(false).await;
    plane
        .watch(RoomId(8), &other.offer, ViewerRole::Listen)
        .await
        .expect("another room");
    plane.close_room(ROOM).await;
    let now = plane.snapshot();
    assert_eq!((now.peers, now.registered), (1, 1));
}

#[tokio::test]
async fn a_peer_that_leaves_is_noticed() {
    let plane = plane();
    let mut events = plane.events();
    let (_resident, _) = publish(&plane, 1).await;
    let (viewer, peer) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(5).await;
    drop(viewer);
    let reason = CloseReason::Left;
    heard(&mut events, peer, MediaWhat::Closed { reason }).await;
    assert_eq!(plane.viewer_count(ROOM), ViewerCount::default());
}

#[tokio::test]
async fn a_room_that_fails_ends_alone() {
    let plane = plane();
    let mut events = plane.events();
    let (_resident, publisher) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(5).await;
    plane.break_room(ROOM);
    let reason = CloseReason::Fault;
    heard(&mut events, publisher, MediaWhat::Closed { reason }).await;
    assert_eq!(plane.snapshot().totals.faults, 1);
    let (_resident, _) = publish(&plane, 2).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(5).await;
}

#[tokio::test]
async fn a_full_room_and_a_full_node_say_so() {
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("address");
    let config = MediaConfig {
        max_viewers_per_room: 1,
        max_peers: 2,
        ..MediaConfig::on(any)
    };
    let plane = MediaPlane::start(config).expect("start");
    let (_viewer, _) = watch(&plane, ViewerRole::Listen).await;
    let offer = Client::viewer(false).await.offer;
    let full = plane.watch(ROOM, &offer, ViewerRole::Listen).await;
    assert!(matches!(full, Err(MediaError::RoomFull)), "{full:?}");
    plane
        .watch(RoomId(8), &offer, ViewerRole::Listen)
        .await
        .expect("another room");
    let busy = plane.watch(RoomId(9), &offer, ViewerRole::Listen).await;
    assert!(matches!(busy, Err(MediaError::Busy)), "{busy:?}");
    assert_eq!(busy.expect_err("busy").advice(), Advice::RetryLater);
}

#[tokio::test]
async fn after_shutdown_everyone_is_gone_and_offers_are_refused() {
    let plane = plane();
    let mut events = plane.events();
    let (resident, publisher) = publish(&plane, 1).await;
    resident.until("connected", |s| s.connected).await;
    plane.shutdown().await;
    let reason = CloseReason::Shutdown;
    heard(&mut events, publisher, MediaWhat::Closed { reason }).await;
    assert_eq!(plane.snapshot().registered, 0);
    let refused = plane.watch(ROOM, &resident.offer, ViewerRole::Listen).await;
    assert!(matches!(refused, Err(MediaError::Closing)));
}

#[tokio::test]
async fn a_node_on_both_address_families_serves_both() {
    let config = MediaConfig {
        bind_v6: Some("[::1]:0".parse().expect("address")),
        ..MediaConfig::on("127.0.0.1:0".parse().expect("address"))
    };
    let plane = MediaPlane::start(config).expect("start");
    let (_resident, _) = publish(&plane, 1).await;
    let sections = [(Kind::Video, Direction::RecvOnly)];
    let mut modern = Client::new_at("[::1]:0", &sections, &[Codec::Vp8]).await;
    let answer = plane
        .watch(ROOM, &modern.offer, ViewerRole::Listen)
        .await
        .expect("watching");
    modern.answer(&answer.sdp);
    let (old, _) = watch(&plane, ViewerRole::Listen).await;
    modern.more_video(10).await;
    old.more_video(10).await;
}

#[tokio::test]
async fn a_camera_that_was_switched_off_can_be_switched_on_again() {
    let plane = plane();
    let (mut resident, peer) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(10).await;
    for (direction, on) in [(Direction::Inactive, false), (Direction::SendOnly, true)] {
        let offer = resident.offer_direction(Kind::Video, direction).await;
        let answer = plane.renegotiate(peer, &offer).await.expect("answered");
        resident.answer(&answer.sdp);
        viewer.more_audio(20).await;
        if on {
            viewer.more_video(10).await;
        }
    }
}

#[tokio::test]
async fn a_console_that_only_listened_can_begin_to_talk() {
    let plane = plane();
    let (resident, _) = publish(&plane, 1).await;
    let mut console = Client::viewer(false).await;
    let answer = plane
        .watch(ROOM, &console.offer, ViewerRole::Talk)
        .await
        .expect("watching");
    console.answer(&answer.sdp);
    console.more_audio(5).await;
    let offer = console
        .offer_direction(Kind::Audio, Direction::SendRecv)
        .await;
    let again = plane.renegotiate(answer.peer, &offer).await;
    console.answer(&again.expect("answered").sdp);
    console.send(Sending::voice(9));
    resident.until("the voice", |s| s.last_mark == 9).await;
}

#[tokio::test]
async fn a_further_offer_of_the_same_connection_goes_on_with_it() {
    let plane = plane();
    let sections = [(Kind::Audio, Direction::SendRecv)];
    let mut resident = Client::new(&sections, &[Codec::Vp8]).await;
    let microphone = Kinds::NONE.with(Kind::Audio, true);
    let first = plane.publish(ROOM, &resident.offer, microphone).await;
    let first = first.expect("published");
    resident.answer(&first.sdp);
    resident.send(Sending::both(1));
    let mut console = Client::viewer(false).await;
    let watching = plane.watch(ROOM, &console.offer, ViewerRole::Listen).await;
    let watching = watching.expect("watching");
    console.answer(&watching.sdp);
    console.more_audio(5).await;

    let offer = resident.offer_more(Kind::Video, Direction::SendOnly).await;
    let again = plane.publish(ROOM, &offer, Kinds::BOTH).await;
    let again = again.expect("answered");
    assert_eq!(again.peer, first.peer);
    resident.answer(&again.sdp);
    console.more_video(10).await;

    let offer = console.offer_direction(Kind::Audio, Direction::SendRecv);
    let offer = offer.await;
    let again = plane.watch(ROOM, &offer, ViewerRole::Talk).await;
    let again = again.expect("answered");
    assert_eq!(again.peer, watching.peer);
    console.answer(&again.sdp);
    console.send(Sending::voice(9));
    resident.until("the voice", |s| s.last_mark == 9).await;
    let count = ViewerCount { talk: 1, listen: 0 };
    assert_eq!(plane.viewer_count(ROOM), count);
    assert_eq!(plane.snapshot().peers, 2);
}

/// The offer that `docs/protocol.md` shows, and what it says of the answer.
#[tokio::test]
async fn the_offer_of_the_protocols_page_is_answered_as_it_says() {
    let plane = plane();
    let offer = include_str!("../../../docs/examples/offer.sdp").replace('\n', "\r\n");
    let answer = plane.publish(ROOM, &offer, Kinds::BOTH).await;
    let first = answer.expect("answered");
    eprintln!("{}", first.sdp);
    let has = |line: &str| first.sdp.lines().any(|one| one == line);
    for line in [
        "a=ice-lite",
        "a=setup:passive",
        "a=recvonly",
        "a=sendonly",
        "a=end-of-candidates",
    ] {
        assert!(has(line), "{line} in\n{}", first.sdp);
    }
    let port = plane.candidates()[0].port();
    let candidate = format!("a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host");
    assert!(has(&candidate), "{candidate} in\n{}", first.sdp);
    // The same origin and fingerprint: the same peer connection, with another way to it.
    let moved = offer
        .replace("336 2 IN", "336 3 IN")
        .replace("ufrag:x7Qp", "ufrag:y8Rq");
    let again = plane.publish(ROOM, &moved, Kinds::BOTH).await;
    assert_eq!(again.expect("restarted").peer, first.peer);
    let other = offer.replace("o=- 4611731400430051336", "o=- 17");
    let other = plane.publish(ROOM, &other, Kinds::BOTH).await;
    assert_ne!(other.expect("a second connection").peer, first.peer);
}
