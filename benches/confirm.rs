//! Reading a Connection Confirm, beside ironrdp-pdu and beside a plain nom grammar.
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use ironrdp_pdu::nego;
use ironrdp_pdu::x224::X224;
use rdp_probe_benches::{Bars, Beside, repeat};
use rdp_probe_wire::WireError;
use rdp_probe_wire::x224::ConnectionConfirm;

/// Reads in a batch: some hundred microseconds.
const READS: usize = 20_000;

const RESPONSE: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // LI 14, CC, DST-REF 0, SRC-REF 0x1234, class 0
    0x02, 0x1F, 0x08, 0x00, 0x02, 0x00, 0x00, 0x00, // RDP_NEG_RSP, flags 0x1F, HYBRID
];
const FAILURE: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // LI 14, CC, DST-REF 0, SRC-REF 0x1234, class 0
    0x03, 0x00, 0x08, 0x00, 0x05, 0x00, 0x00, 0x00, // RDP_NEG_FAILURE, HYBRID_REQUIRED_BY_SERVER
];
const MALFORMED: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // LI 14, CC, DST-REF 0, SRC-REF 0x1234, class 0
    0x09, 0x00, 0x08, 0x00, 0x05, 0x00, 0x00, 0x00, // no such type
];

/// The grammar as one writes it first: field by field, in the order of the specification, with nom's own error.
mod plain {
    use nom::combinator::{eof, verify};
    use nom::number::complete::{be_u16, le_u16, le_u32, u8};
    use nom::{IResult, Parser as _};

    #[derive(Debug, PartialEq, Eq)]
    pub(crate) enum Block {
        Absent,
        Response { flags: u8, length: u16, protocol: u32 },
        Failure { length: u16, code: u32 },
    }

    pub(crate) fn confirm(pdu: &[u8]) -> IResult<&[u8], (u16, Block)> {
        let (i, _version) = verify(u8, |version| *version == 3).parse(pdu)?;
        let (i, _reserved) = u8(i)?;
        let (i, _length) = verify(be_u16, |length| usize::from(*length) == pdu.len()).parse(i)?;
        let left = i.len();
        let (i, _li) = verify(u8, |li| usize::from(*li).saturating_add(1) == left).parse(i)?;
        let (i, _code) = verify(u8, |code| code & 0xF0 == 0xD0).parse(i)?;
        let (i, _dst_ref) = be_u16(i)?;
        let (i, src_ref) = be_u16(i)?;
        let (i, _class) = u8(i)?;
        let (i, block) = if i.is_empty() { (i, Block::Absent) } else { block(i)? };
        let (i, _) = eof(i)?;
        Ok((i, (src_ref, block)))
    }

    fn block(i: &[u8]) -> IResult<&[u8], Block> {
        let (i, kind) = verify(u8, |kind| matches!(kind, 2 | 3)).parse(i)?;
        let (i, flags) = u8(i)?;
        let (i, length) = le_u16(i)?;
        let (i, value) = le_u32(i)?;
        Ok((
            i,
            if kind == 2 {
                Block::Response { flags, length, protocol: value }
            } else {
                Block::Failure { length, code: value }
            },
        ))
    }
}

type Theirs = ironrdp_core::DecodeResult<X224<nego::ConnectionConfirm>>;
type Plain<'a> = nom::IResult<&'a [u8], (u16, plain::Block)>;

#[inline(never)]
fn ours(pdu: &[u8]) -> Result<ConnectionConfirm, WireError> {
    ConnectionConfirm::parse(pdu)
}

#[inline(never)]
fn ironrdp(pdu: &[u8]) -> Theirs {
    ironrdp_core::decode(pdu)
}

#[inline(never)]
fn nom_grammar(pdu: &[u8]) -> Plain<'_> {
    plain::confirm(pdu)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut bars = Bars::new()?;
    for (name, pdu, readable) in
        [("response", &RESPONSE, true), ("failure", &FAILURE, true), ("malformed", &MALFORMED, false)]
    {
        // What disagrees is not the same work.
        assert!([ours(pdu).is_ok(), ironrdp(pdu).is_ok(), nom_grammar(pdu).is_ok()] == [readable; 3], "{name}");
        let our_batch = || repeat(READS, || ours(black_box(pdu)));
        bars.beside(
            &format!("confirm, {name}: by ironrdp-pdu"),
            Beside::each(0.35, 0.6),
            our_batch(),
            repeat(READS, || ironrdp(black_box(pdu))),
        )?;
        // On an error the two do not do the same: nom's names no field.
        if readable {
            bars.beside(
                &format!("confirm, {name}: by a plain nom grammar"),
                Beside::each(0.5, 0.35),
                our_batch(),
                repeat(READS, || nom_grammar(black_box(pdu))),
            )?;
        }
    }
    Ok(bars.finish())
}
