//! From the operating system's errors to what they mean. The only place that looks inside an [`io::Error`].
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the operating system has more errors than a connection, and each has its number kept"
)]
use std::io;

use rdp_probe_core::{Address, Close, DialFault, DialFaultKind};

/// What an error of a read or write says about the stream.
pub(crate) fn close_of(error: &io::Error) -> Close {
    use io::ErrorKind as Kind;
    match error.kind() {
        // A write after the peer's RST gives EPIPE: it is the same reset, seen later.
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::NotConnected => Close::Reset,
        Kind::UnexpectedEof => Close::Fin,
        Kind::OutOfMemory | Kind::NetworkDown | Kind::PermissionDenied => {
            Close::Local { os: error.raw_os_error() }
        }
        _ if is_out_of_sockets(error) => Close::Local { os: error.raw_os_error() },
        _ => Close::Broken { os: error.raw_os_error() },
    }
}

/// What an error of `connect` says about the address. A connection that was accepted and then reset may show here, when the reset is
/// faster than whoever asks: it was made, and this is how it ended.
pub(crate) fn ended_or_fault(error: &io::Error, address: Address) -> Result<Close, DialFault> {
    use io::ErrorKind as Kind;
    let kind = match error.kind() {
        Kind::ConnectionReset => return Ok(Close::Reset),
        Kind::ConnectionRefused => DialFaultKind::Refused,
        Kind::ConnectionAborted => DialFaultKind::Reset,
        Kind::HostUnreachable => DialFaultKind::HostUnreachable,
        Kind::NetworkUnreachable | Kind::NetworkDown => DialFaultKind::NetworkUnreachable,
        // EINVAL is what Linux gives for a blackhole route.
        Kind::PermissionDenied | Kind::InvalidInput => DialFaultKind::NotPermitted,
        // Without an IPv6 address of its own, a computer has none to connect from.
        Kind::AddrNotAvailable if address.is_ipv6() => DialFaultKind::NetworkUnreachable,
        // A full disk is what Linux calls it when no more sockets may be watched (epoll_ctl(2), max_user_watches).
        Kind::AddrInUse | Kind::AddrNotAvailable | Kind::OutOfMemory | Kind::StorageFull => {
            DialFaultKind::LocalResources
        }
        // The kernel gave up before our own limit did: the same silence, for as long as the kernel waits.
        Kind::TimedOut => DialFaultKind::TimedOut { limit: std::time::Duration::ZERO, overall: false },
        _ if is_out_of_sockets(error) => DialFaultKind::LocalResources,
        _ => DialFaultKind::Other,
    };
    Err(DialFault { os: error.raw_os_error(), ..DialFault::new(kind) })
}

/// EMFILE, ENFILE and ENOBUFS have no kind of their own.
fn is_out_of_sockets(error: &io::Error) -> bool {
    let codes: &[i32] = if cfg!(windows) {
        &[10024 /* WSAEMFILE */, 10055 /* WSAENOBUFS */]
    } else if cfg!(target_os = "linux") {
        &[24 /* EMFILE */, 23 /* ENFILE */, 105 /* ENOBUFS */]
    } else {
        &[24 /* EMFILE */, 23 /* ENFILE */, 55 /* ENOBUFS */]
    };
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// What the resolver's error says about the name.
pub(crate) fn lookup_fault_of(error: &dns_lookup::LookupError) -> DialFault {
    use dns_lookup::LookupErrorKind as Kind;
    let kind = match error.kind() {
        Kind::NoName | Kind::NoData => DialFaultKind::NotFound,
        Kind::Memory => DialFaultKind::LocalResources,
        _ => DialFaultKind::ResolverFailed,
    };
    DialFault::with_os(kind, error.error_num())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_connect_is_told_apart() {
        let cases = [
            (111, DialFaultKind::Refused),
            (103, DialFaultKind::Reset),
            (113, DialFaultKind::HostUnreachable),
            (101, DialFaultKind::NetworkUnreachable),
            (100, DialFaultKind::NetworkUnreachable),
            (13, DialFaultKind::NotPermitted),
            (1, DialFaultKind::NotPermitted),
            (22, DialFaultKind::NotPermitted),
            (99, DialFaultKind::LocalResources),
            (24, DialFaultKind::LocalResources),
            (105, DialFaultKind::LocalResources),
            (28, DialFaultKind::LocalResources),
            (71, DialFaultKind::Other),
        ];
        for (os, kind) in cases {
            let address = Address::from(([192, 0, 2, 7], 3389));
            let fault = ended_or_fault(&io::Error::from_raw_os_error(os), address).unwrap_err();
            assert_eq!((fault.kind, fault.os), (kind, Some(os)), "errno {os}");
        }
        let no_source = ended_or_fault(&io::Error::from_raw_os_error(99), Address::from(([0_u16; 8], 3389)));
        assert_eq!(no_source.unwrap_err().kind, DialFaultKind::NetworkUnreachable);
    }

    #[test]
    fn a_reset_that_connect_reports_is_the_end_of_a_connection_that_was_made() {
        let error = io::Error::from_raw_os_error(104);
        assert_eq!(ended_or_fault(&error, Address::from(([192, 0, 2, 7], 3389))), Ok(Close::Reset));
    }

    #[test]
    fn every_end_of_a_stream_is_told_apart() {
        let cases = [
            (104, Close::Reset),
            (103, Close::Reset),
            (32, Close::Reset),
            (113, Close::Broken { os: Some(113) }),
            (110, Close::Broken { os: Some(110) }),
            (105, Close::Local { os: Some(105) }),
            (12, Close::Local { os: Some(12) }),
            (100, Close::Local { os: Some(100) }),
            (1, Close::Local { os: Some(1) }),
        ];
        for (os, close) in cases {
            assert_eq!(close_of(&io::Error::from_raw_os_error(os)), close, "errno {os}");
        }
        assert_eq!(close_of(&io::Error::from(io::ErrorKind::UnexpectedEof)), Close::Fin);
    }

    #[test]
    fn a_name_that_does_not_exist_is_not_a_resolver_that_fails() {
        let fault = |number: i32| lookup_fault_of(&dns_lookup::LookupError::new(number)).kind;
        // glibc: EAI_NONAME -2, EAI_NODATA -5, EAI_AGAIN -3, EAI_FAIL -4, EAI_MEMORY -10.
        assert_eq!((fault(-2), fault(-5)), (DialFaultKind::NotFound, DialFaultKind::NotFound));
        assert_eq!((fault(-3), fault(-4)), (DialFaultKind::ResolverFailed, DialFaultKind::ResolverFailed));
        assert_eq!(fault(-10), DialFaultKind::LocalResources);
    }
}
