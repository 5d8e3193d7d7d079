//! A question at the terminal, whose answer is not shown.
use std::io;

use zeroize::Zeroizing;

/// Asks it. Whoever ends the program before there is an answer calls [`give_back`].
pub(crate) fn ask(question: &str) -> io::Result<Zeroizing<String>> {
    // What is typed as soon as the question stands there is not shown either.
    #[cfg(unix)]
    unix::hide()?;
    let answer = rpassword::prompt_password(question).map(Zeroizing::new);
    #[cfg(unix)]
    unix::answered();
    answer
}

/// Lets the terminal show again what is typed, as it was before the question; nothing where there was none. There is no question after
/// it.
pub(crate) fn give_back() {
    #[cfg(unix)]
    unix::give_back();
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// How it stands with the question: there is one at a time.
    enum Question {
        None,
        /// The terminal, and how it was.
        Open(File, Termios),
        Over,
    }

    static QUESTION: Mutex<Question> = Mutex::new(Question::None);

    fn locked() -> MutexGuard<'static, Question> {
        QUESTION.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hide() -> io::Result<()> {
        // Held until it is hidden: who gives the terminal back in between waits.
        let mut question = locked();
        if matches!(*question, Question::Over) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let terminal = File::open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
        *question = Question::Open(terminal, before);
        Ok(())
    }

    pub(super) fn answered() {
        let mut question = locked();
        if matches!(*question, Question::Open(..)) {
            std::mem::replace(&mut *question, Question::None).restore();
        }
    }

    pub(super) fn give_back() {
        std::mem::replace(&mut *locked(), Question::Over).restore();
    }

    impl Question {
        /// Lets the terminal show again what is typed.
        fn restore(self) {
            if let Self::Open(terminal, before) = self {
                // A terminal that is gone shows nothing.
                _ = tcsetattr(&terminal, OptionalActions::Now, &before);
            }
        }
    }
}
