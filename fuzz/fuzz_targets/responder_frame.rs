#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    callbox::probes::responder_frame(bytes);
});
