//! A question at the terminal, whose answer is not shown.
use std::io;

use zeroize::Zeroizing;

/// Asks it. Whoever ends the program before there is an answer calls [`give_back`].
pub(crate) fn ask(question: &str) -> io::Result<Zeroizing<String>> {
    // What is typed as soon as the question stands there is not shown either.
    #[cfg(unix)]
    unix::hide()?;
    let answer = rpassword::prompt_password(question).map(Zeroizing::new);
    give_back();
    answer
}

/// Lets the terminal show again what is typed, as it was before the question; nothing where there was none.
pub(crate) fn give_back() {
    #[cfg(unix)]
    unix::give_back();
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::sync::{Mutex, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// The terminal of a question that has no answer yet, and how it was.
    static BEFORE: Mutex<Option<(File, Termios)>> = Mutex::new(None);

    pub(super) fn hide() -> io::Result<()> {
        let terminal = File::open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // Held until both are done: who gives the terminal back in between waits.
        let mut place = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
        tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
        *place = Some((terminal, before));
        Ok(())
    }

    pub(super) fn give_back() {
        let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((terminal, before)) = before {
            // A terminal that is gone shows nothing.
            _ = tcsetattr(&terminal, OptionalActions::Now, &before);
        }
    }
}
