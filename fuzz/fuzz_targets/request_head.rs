#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    callbox::probes::request_head(bytes);
});
