//! What flows from whom to whom.

use str0m::media::Direction;

use super::*;

#[tokio::test]
async fn a_residents_picture_reaches_two_viewers() {
    let plane = plane();
    let mut events = plane.events();
    let (_resident, publisher) = publish(&plane, 1).await;
    let (console, _) = watch(&plane, ViewerRole::Talk).await;
    let (supervisor, _) = watch(&plane, ViewerRole::Listen).await;
    for viewer in [&console, &supervisor] {
        let seen = viewer.more_video(20).await;
        assert!(seen.began_with_key_frame, "{seen:?}");
        viewer.more_audio(5).await;
    }
    heard(&mut events, publisher, MediaWhat::Connected).await;
    let kind = Kind::Video;
    heard(&mut events, publisher, MediaWhat::FirstPacket { kind }).await;
    heard(&mut events, publisher, MediaWhat::FirstKeyFrame).await;
    assert_eq!(plane.viewer_count(ROOM), ViewerCount { talk: 1, listen: 1 });
}

#[tokio::test]
async fn sound_flows_both_ways_between_resident_and_console() {
    let plane = plane();
    let (resident, _) = publish(&plane, 1).await;
    let (console, _) = watch(&plane, ViewerRole::Talk).await;
    console.send(Sending::voice(9));
    console.more_audio(10).await;
    let seen = resident.more_audio(10).await;
    assert_eq!(seen.last_mark, 9);
}

#[tokio::test]
async fn the_talker_that_connected_last_is_heard_and_hands_back_when_it_leaves() {
    let plane = plane();
    let (resident, _) = publish(&plane, 1).await;
    let (first, _) = watch(&plane, ViewerRole::Talk).await;
    first.send(Sending::voice(8));
    resident.until("the first", |s| s.last_mark == 8).await;
    let (second, second_peer) = watch(&plane, ViewerRole::Talk).await;
    second.send(Sending::voice(9));
    resident.until("the second", |s| s.last_mark == 9).await;
    plane.close_peer(second_peer).await.expect("closed");
    resident
        .until("the first again", |s| s.last_mark == 8)
        .await;
}

#[tokio::test]
async fn a_listener_is_never_heard() {
    let plane = plane();
    let (resident, _) = publish(&plane, 1).await;
    let mut listener = Client::viewer(true).await;
    let answer = plane
        .watch(ROOM, &listener.offer, ViewerRole::Listen)
        .await
        .expect("watching");
    assert!(!answer.sdp.contains("a=sendrecv"), "it is told so");
    listener.answer(&answer.sdp);
    listener.send(Sending::voice(9));
    listener.more_video(20).await;
    assert_eq!(resident.seen().audio, 0);
}

#[tokio::test]
async fn a_viewer_that_came_first_sees_the_picture_as_soon_as_there_is_one() {
    let plane = plane();
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.until("connected", |s| s.connected).await;
    let _resident = publish(&plane, 1).await;
    let seen = viewer.more_video(10).await;
    assert!(seen.began_with_key_frame);
}

#[tokio::test]
async fn a_late_viewer_gets_a_key_frame_because_it_is_asked_for() {
    let plane = plane();
    let (resident, _) = publish(&plane, 1).await;
    let (early, _) = watch(&plane, ViewerRole::Listen).await;
    early.more_video(60).await;
    let asked = resident.seen().key_frame_requests;
    let (late, _) = watch(&plane, ViewerRole::Listen).await;
    let seen = late.more_video(10).await;
    assert!(seen.began_with_key_frame);
    assert!(resident.seen().key_frame_requests > asked);
}

#[tokio::test]
async fn many_wishes_for_a_key_frame_are_few_requests() {
    let plane = plane();
    let (resident, _) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(10).await;
    let (asked, video) = (resident.seen().key_frame_requests, viewer.seen().video);
    for _ in 0..50 {
        viewer.want_key_frame();
        viewer.more_video(1).await;
    }
    // Two packets every 20 ms: so many spacings of 300 ms fit into what was watched, and one at each end.
    let spacings = (viewer.seen().video - video) / 30 + 2;
    let more = resident.seen().key_frame_requests - asked;
    assert!(more >= 1 && more <= spacings, "{more} in {spacings}");
}

#[tokio::test]
async fn h264_passes_through() {
    let plane = plane();
    let sections = [(Kind::Video, Direction::SendOnly)];
    let mut resident = Client::new(&sections, &[Codec::H264]).await;
    let (early, _) = watch(&plane, ViewerRole::Listen).await;
    let answer = plane
        .publish(ROOM, &resident.offer, Kinds::BOTH)
        .await
        .expect("published");
    resident.answer(&answer.sdp);
    resident.send(Sending {
        audio: false,
        video: Some(Codec::H264),
        mark: 1,
        key_frames: true,
    });
    let (late, _) = watch(&plane, ViewerRole::Listen).await;
    for viewer in [&early, &late] {
        assert!(viewer.more_video(10).await.began_with_key_frame);
    }
}

#[tokio::test]
async fn a_viewer_without_the_publishers_codec_is_told_so() {
    let plane = plane();
    let mut events = plane.events();
    let sections = [(Kind::Video, Direction::RecvOnly)];
    let mut early = Client::new(&sections, &[Codec::H264]).await;
    let answer = plane
        .watch(ROOM, &early.offer, ViewerRole::Listen)
        .await
        .expect("nobody publishes yet");
    early.answer(&answer.sdp);
    early.until("connected", |s| s.connected).await;
    let _resident = publish(&plane, 1).await;
    heard(&mut events, answer.peer, MediaWhat::CodecMissing).await;
    let late = Client::new(&sections, &[Codec::H264]).await;
    let refused = plane.watch(ROOM, &late.offer, ViewerRole::Listen).await;
    let publisher = Codec::Vp8;
    assert!(
        matches!(refused, Err(MediaError::CodecMissing { publisher: p }) if p == publisher),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_the_resident_withdrew_stops_at_once_and_comes_back_when_allowed() {
    let plane = plane();
    let (_resident, _) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(20).await;
    plane.revoke(ROOM, Kind::Video).await;
    // Sound that was sent later has overtaken nothing: when it is here, all pictures sent before are too.
    viewer.more_audio(5).await;
    let stopped_at = viewer.seen().video;
    viewer.more_audio(25).await;
    assert_eq!(viewer.seen().video, stopped_at);
    assert!(plane.snapshot().totals.packets_refused > 0);
    plane.permit(ROOM, Kind::Video).await;
    let before = viewer.seen().key_frames;
    let seen = viewer.more_video(5).await;
    assert!(seen.key_frames > before, "it goes on with a key frame");
    assert_eq!(seen.gaps, 0, "and without a hole");
}

#[tokio::test]
async fn a_stop_followed_at_once_by_a_new_grant_ends_as_a_grant_and_the_other_way_round() {
    let plane = plane();
    let mut events = plane.events();
    let (_resident, publisher) = publish(&plane, 1).await;
    let kind = Kind::Video;
    heard(&mut events, publisher, MediaWhat::FirstPacket { kind }).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(5).await;
    for _ in 0..50 {
        // Ordered by the calls; the answers come in any order, or are not waited for at all.
        let stopped = plane.revoke(ROOM, kind);
        plane.permit(ROOM, kind).await;
        drop(stopped);
    }
    heard(&mut events, publisher, MediaWhat::FirstPacket { kind }).await;
    viewer.more_video(20).await;
    for _ in 0..50 {
        drop(plane.permit(ROOM, kind));
        plane.revoke(ROOM, kind).await;
    }
    viewer.more_audio(5).await;
    let stopped_at = viewer.seen().video;
    viewer.more_audio(25).await;
    assert_eq!(viewer.seen().video, stopped_at);
}

#[tokio::test]
async fn a_kind_that_was_not_agreed_to_is_refused_in_the_answer_and_never_forwarded() {
    let plane = plane();
    let mut resident = Client::resident().await;
    let allowed = Kinds::NONE.with(Kind::Audio, true);
    let answer = plane
        .publish(ROOM, &resident.offer, allowed)
        .await
        .expect("published");
    assert!(answer.sdp.contains("a=inactive"));
    resident.answer(&answer.sdp);
    resident.send(Sending::both(1));
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_audio(20).await;
    assert_eq!(viewer.seen().video, 0);
    let nothing = plane.publish(RoomId(8), &resident.offer, Kinds::NONE).await;
    assert!(matches!(nothing, Err(MediaError::NothingAllowed)));
}
