//! Where a message stopped making sense: the error of every reader.
use nom::IResult;
use nom::error::{ContextError, ErrorKind, ParseError};

/// The protocol layer whose message could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Layer {
    /// TPKT, RFC 1006 section 6.
    Tpkt,
    /// The PDU before a connection, \[MS-RDPEPS\] 2.2.1.
    Preconnection,
    /// X.224 TPDU, ITU-T X.224 section 13.
    X224,
    /// RDP negotiation blocks, \[MS-RDPBCGR\] 2.2.1.1.1 to 2.2.1.2.2.
    RdpNegotiation,
    /// MCS, ITU-T T.125.
    Mcs,
    /// The server's data blocks, \[MS-RDPBCGR\] 2.2.1.4.
    Gcc,
    /// The certificate of Standard RDP Security, \[MS-RDPBCGR\] 2.2.1.4.3.1.
    ServerCertificate,
    /// The basic security header, \[MS-RDPBCGR\] 2.2.8.1.1.2.1.
    Security,
    /// Share control and share data headers, \[MS-RDPBCGR\] 2.2.8.1.1.
    Share,
    /// Fast-path output, \[MS-RDPBCGR\] 2.2.9.1.2.
    FastPath,
    /// Licensing, \[MS-RDPBCGR\] 2.2.1.12 and \[MS-RDPELE\] 2.2.2.
    License,
    /// TLS records and handshake messages, RFC 5246 and RFC 8446.
    Tls,
    /// TSRequest, \[MS-CSSP\] 2.2.1.
    CredSsp,
    /// Early User Authorization Result, \[MS-RDPBCGR\] 2.2.10.2.
    EarlyUserAuth,
    /// SPNEGO, RFC 4178 and \[MS-SPNG\] 2.2.1.
    Spnego,
    /// NTLM, \[MS-NLMP\] 2.2.
    Ntlm,
    /// RDSTLS, \[MS-RDPBCGR\] 2.2.17.
    Rdstls,
    /// Entra sign-in, \[MS-RDPBCGR\] 2.2.18.
    Rdsaad,
    /// The tunnel of an RD Gateway, \[MS-TSGU\] 2.2.10.
    Tsgu,
    /// HTTP, RFC 9110 and RFC 9112.
    Http,
    /// X.509, RFC 5280.
    X509,
}

/// What is wrong with the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Problem {
    /// The input ends inside the field.
    Cut,
    /// The field has a value that this message cannot have.
    Value(u32),
    /// The field is a length, and disagrees with the octets that are there.
    Length(u32),
}

impl Problem {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Value(_) => "value",
            Self::Length(_) => "length",
        }
    }

    /// The value or the length that is wrong.
    #[must_use]
    pub const fn value(self) -> Option<u32> {
        match self {
            Self::Cut => None,
            Self::Value(value) | Self::Length(value) => Some(value),
        }
    }
}

/// A message that cannot be read: the layer, the field by its name in the specification, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{layer:?}: field {field} at octet {offset} of {len}: {problem:?}")]
#[non_exhaustive]
pub struct WireError {
    /// The layer the field belongs to.
    pub layer: Layer,
    /// The field's name in the specification.
    pub field: &'static str,
    /// Where the field begins, in octets from the start of what was given to the reader.
    pub offset: usize,
    /// How many octets the reader was given.
    pub len: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// The error inside this crate: as [`WireError`], but counted from the end of the input, as nom's parsers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Octets from the start of the field to the end of the input.
    rest: usize,
    field: &'static str,
    problem: Problem,
}

impl Fault {
    /// A fault in the field that begins at `at`.
    pub(crate) const fn new(at: &[u8], field: &'static str, problem: Problem) -> Self {
        Self::counted(at.len(), field, problem)
    }

    /// A fault in the field that begins `rest` octets before the end of the input.
    pub(crate) const fn counted(rest: usize, field: &'static str, problem: Problem) -> Self {
        Self { rest, field, problem }
    }

    /// The same fault, when `octets` more follow the input that it was counted in.
    pub(crate) const fn followed_by(self, octets: usize) -> Self {
        Self { rest: self.rest.saturating_add(octets), ..self }
    }
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self::new(input, "", Problem::Cut)
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl ContextError<&[u8]> for Fault {
    /// The innermost name wins: it is the field, the outer ones are the messages around it.
    fn add_context(input: &[u8], ctx: &'static str, other: Self) -> Self {
        if other.field.is_empty() { Self { rest: input.len(), field: ctx, ..other } } else { other }
    }
}

/// Runs a private nom parser and translates its fault; octets after the message are left alone.
pub(crate) fn read<'a, T>(
    layer: Layer,
    input: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> IResult<&'a [u8], T, Fault>,
) -> Result<T, WireError> {
    match parser(input) {
        Ok((_, value)) => Ok(value),
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => Err(locate(layer, input, fault)),
        // Only nom's streaming parsers ask for more, and none is used here.
        Err(nom::Err::Incomplete(_)) => Err(locate(layer, input, Fault::new(&[], "", Problem::Cut))),
    }
}

/// Runs a private parser on the contents of an element, which `after` follows in the input: its faults stay counted from the
/// end of the input.
pub(crate) fn inside<'a, T>(
    contents: &'a [u8],
    after: &[u8],
    parser: impl FnOnce(&'a [u8]) -> Result<T, nom::Err<Fault>>,
) -> Result<T, nom::Err<Fault>> {
    parser(contents).map_err(|error| error.map(|fault| fault.followed_by(after.len())))
}

#[cold]
pub(crate) const fn locate(layer: Layer, input: &[u8], fault: Fault) -> WireError {
    WireError {
        layer,
        field: fault.field,
        offset: input.len().saturating_sub(fault.rest),
        len: input.len(),
        problem: fault.problem,
    }
}

/// A fixed layout in the order of the specification's table: field names and their sizes in octets.
pub(crate) type Layout = &'static [(&'static str, usize)];

/// Takes a fixed layout in one step, so that the fields cost one bounds check together. Which field was cut is worked out
/// only when one was.
pub(crate) fn fixed<const N: usize>(input: &[u8], layout: Layout) -> IResult<&[u8], &[u8; N], Fault> {
    match input.split_first_chunk::<N>() {
        Some((chunk, rest)) => Ok((rest, chunk)),
        None => Err(nom::Err::Error(cut(input, layout))),
    }
}

#[cold]
pub(crate) fn cut(input: &[u8], layout: Layout) -> Fault {
    let mut rest = input;
    let mut name = "";
    for &(field, size) in layout {
        name = field;
        match rest.get(size..) {
            Some(after) => rest = after,
            None => break,
        }
    }
    Fault::new(rest, name, Problem::Cut)
}

/// A fault of a value, as nom wants it.
#[cold]
pub(crate) const fn bad<T>(at: &[u8], field: &'static str, problem: Problem) -> Result<T, nom::Err<Fault>> {
    Err(nom::Err::Error(Fault::new(at, field, problem)))
}
