//! The edit distance of the blobs "a" and "b": how many bytes must be inserted,
//! deleted or replaced to make one of the other (Wagner and Fischer, 1974).
#![no_std]

mod krako;

use core::{panic::PanicInfo, ptr::addr_of_mut};

/// The longest blob, in bytes.
const LONGEST: usize = 16 << 10;

/// All memory there is. The host calls one function at a time and puts memory
/// back before each unit, so that nobody else has a reference to it.
struct Room {
    envelope: [u8; 4096],
    a: [u8; LONGEST],
    b: [u8; LONGEST],
    row: [u32; LONGEST + 1],
    output: [u8; 32],
}

static mut ROOM: Room = Room {
    envelope: [0; 4096],
    a: [0; LONGEST],
    b: [0; LONGEST],
    row: [0; LONGEST + 1],
    output: [0; 32],
};

fn room() -> &'static mut Room {
    // SAFETY: see Room.
    unsafe { &mut *addr_of_mut!(ROOM) }
}

#[no_mangle]
pub extern "C" fn krako_alloc(len: u32) -> *mut u8 {
    let envelope = &mut room().envelope;
    if len as usize <= envelope.len() {
        envelope.as_mut_ptr()
    } else {
        core::ptr::null_mut()
    }
}

#[no_mangle]
pub extern "C" fn krako_run(_envelope: *const u8, len: u32) -> u64 {
    krako::answer(run(room(), len as usize))
}

fn run(room: &'static mut Room, len: usize) -> Result<&'static [u8], &'static str> {
    if !krako::is_entry(&room.envelope[..len], "distance") {
        return Err("no such entry; this module has distance");
    }
    let a = krako::read_blob("a", &mut room.a)?;
    let b = krako::read_blob("b", &mut room.b)?;
    let n = distance(&room.a[..a], &room.b[..b], &mut room.row);
    Ok(write(n, &mut room.output))
}

/// `row[j]` is the distance of the part of `a` read so far from `b[..j]`.
fn distance(a: &[u8], b: &[u8], row: &mut [u32]) -> u32 {
    let row = &mut row[..b.len() + 1];
    for (j, cell) in row.iter_mut().enumerate() {
        *cell = j as u32;
    }
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i as u32 + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + (x != y) as u32;
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Writes `{"distance":n}` at the end of `room`.
fn write(mut n: u32, room: &mut [u8]) -> &[u8] {
    const BEFORE: &[u8] = b"{\"distance\":";
    let mut at = room.len() - 1;
    room[at] = b'}';
    loop {
        at -= 1;
        room[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    at -= BEFORE.len();
    room[at..at + BEFORE.len()].copy_from_slice(BEFORE);
    &room[at..]
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
