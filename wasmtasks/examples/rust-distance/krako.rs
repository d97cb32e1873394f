//! The reactor ABI of profile det-1 for Rust (docs/spec/det-1.md, sections 3.2
//! and 6), without the standard library.

#[link(wasm_import_module = "krako")]
extern "C" {
    fn blob_size(name: *const u8, name_len: u32) -> i64;
    fn blob_read(name: *const u8, name_len: u32, offset: u64, dst: *mut u8, dst_len: u32) -> i32;
}

/// Reads the whole blob into `room` and returns its length; `Err` says why not.
pub fn read_blob(name: &str, room: &mut [u8]) -> Result<usize, &'static str> {
    let (at, len) = (name.as_ptr(), name.len() as u32);
    // SAFETY: the host reads the name and writes at most room.len() bytes.
    let size = unsafe { blob_size(at, len) };
    if size < 0 {
        return Err("a blob is not mounted");
    }
    if size as u64 > room.len() as u64 {
        return Err("a blob is too long");
    }
    Ok(unsafe { blob_read(at, len, 0, room.as_mut_ptr(), room.len() as u32) } as usize)
}

/// Whether the envelope, `{"entry":E,"input":I}`, asks for an entry. It is
/// canonical JSON, so that its bytes can be compared; the name must need no escape.
pub fn is_entry(envelope: &[u8], name: &str) -> bool {
    envelope
        .strip_prefix(b"{\"entry\":\"")
        .and_then(|rest| rest.strip_prefix(name.as_bytes()))
        .map_or(false, |rest| rest.starts_with(b"\",\"input\":"))
}

/// The result of `krako_run`: an output, or a message for people. Both must stay
/// where they are until the host has read them.
pub fn answer(result: Result<&'static [u8], &'static str>) -> u64 {
    let range = |b: &[u8]| (b.as_ptr() as usize as u64) << 32 | b.len() as u64;
    match result {
        Ok(output) => range(output),
        Err(message) => 1 << 63 | range(message.as_bytes()),
    }
}
