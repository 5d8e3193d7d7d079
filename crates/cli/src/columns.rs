//! How many columns the terminals have that the program writes to.

/// Of the terminal that standard output is; `None` where it is none, or does not say.
pub(crate) fn of_stdout() -> Option<usize> {
    #[cfg(unix)]
    return of(rustix::stdio::stdout());
    #[cfg(not(unix))]
    None
}

/// Of the terminal that standard error is.
pub(crate) fn of_stderr() -> Option<usize> {
    #[cfg(unix)]
    return of(rustix::stdio::stderr());
    #[cfg(not(unix))]
    None
}

#[cfg(unix)]
fn of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}
