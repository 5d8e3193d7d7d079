//! Reading a Connection Confirm allocates nothing, whatever comes. Apart from the comparison of times, since counting slows
//! down whoever does allocate.
#![expect(clippy::arithmetic_side_effects, reason = "a bench counts what is its own")]
use std::alloc::System;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use ironrdp_pdu::nego;
use ironrdp_pdu::x224::X224;
use rdp_probe_benches::{Bars, Kind};
use rdp_probe_wire::x224::ConnectionConfirm;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CONFIRM: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // LI 14, CC, DST-REF 0, SRC-REF 0x1234, class 0
    0x02, 0x1F, 0x08, 0x00, 0x02, 0x00, 0x00, 0x00, // RDP_NEG_RSP, flags 0x1F, HYBRID
];
/// Where `type` of the block stands.
const TYPE: usize = 11;

/// What was read, and what it took.
#[derive(Default)]
struct Tally {
    read: u32,
    refused: u32,
    allocations: usize,
}

impl Tally {
    fn read(&mut self, pdu: &[u8]) {
        let region = Region::new(COUNTING);
        let result = black_box(ConnectionConfirm::parse(black_box(pdu)));
        let change = region.change();
        self.allocations += change.allocations + change.reallocations;
        let count = if result.is_ok() { &mut self.read } else { &mut self.refused };
        *count += 1;
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut tally = Tally::default();
    for kind in [2, 3] {
        let mut whole = CONFIRM;
        if let Some(octet) = whole.get_mut(TYPE) {
            *octet = kind;
        }
        // Every cut, and every octet with every value: whole, and cut there.
        for len in 0..=whole.len() {
            tally.read(whole.get(..len).unwrap_or_default());
        }
        for at in 0..whole.len() {
            for value in 0..=u8::MAX {
                let mut pdu = whole;
                if let Some(octet) = pdu.get_mut(at) {
                    *octet = value;
                }
                tally.read(&pdu);
                tally.read(pdu.get(..=at).unwrap_or_default());
            }
        }
        // Every honest length, with a block that is cut or followed by something.
        for len in 0..=u8::MAX {
            let mut pdu = [0_u8; 255];
            if let Some(head) = pdu.get_mut(..whole.len()) {
                head.copy_from_slice(&whole);
            }
            let [_, _, _, length, li, ..] = &mut pdu;
            (*length, *li) = (len, len.saturating_sub(5));
            tally.read(pdu.get(..usize::from(len)).unwrap_or_default());
        }
    }
    assert!(tally.read > 1000 && tally.refused > 1000, "{} read, {} refused", tally.read, tally.refused);

    // That the counter counts: this error of theirs holds a text.
    let mut unknown_type = CONFIRM;
    if let Some(octet) = unknown_type.get_mut(TYPE) {
        *octet = 9;
    }
    let region = Region::new(COUNTING);
    let theirs = black_box(ironrdp_core::decode::<X224<nego::ConnectionConfirm>>(black_box(&unknown_type)));
    assert!(theirs.is_err() && region.change().allocations > 0, "the counter does not count");

    let reads = f64::from(tally.read) + f64::from(tally.refused);
    let mut bars = Bars::new()?;
    let allocations = u32::try_from(tally.allocations).unwrap_or(u32::MAX);
    bars.at_most(
        Kind::Allocations,
        "confirm, every cut and octet: by read",
        f64::from(allocations) / reads,
        0.0,
    );
    Ok(bars.finish())
}
