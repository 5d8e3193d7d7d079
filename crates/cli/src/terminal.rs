//! A question at the terminal, whose answer is not shown.
use std::io;

use zeroize::Zeroizing;

/// Asks it. Whoever ends the program before there is an answer calls [`give_back`].
pub(crate) fn ask(question: &str) -> io::Result<Zeroizing<String>> {
    #[cfg(unix)]
    return unix::ask(question);
    #[cfg(not(unix))]
    rpassword::prompt_password(question).map(Zeroizing::new)
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
    use std::io::{self, Read, Write};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use zeroize::Zeroizing;

    /// A terminal gives out one line at a time, and none longer than this, in octets.
    const LINE: usize = 4096;

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

    /// The line is the terminal's own: it takes back a letter, and Ctrl-C is a signal as at any other time. Nothing but this file
    /// changes the terminal, so that nothing can undo what [`give_back`] did.
    pub(super) fn ask(question: &str) -> io::Result<Zeroizing<String>> {
        let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
        // What is typed as soon as the question stands there is not shown either.
        hide(&terminal)?;
        let answer = terminal.write_all(question.as_bytes()).and_then(|()| line(&mut terminal));
        answered();
        answer
    }

    fn line(terminal: &mut File) -> io::Result<Zeroizing<String>> {
        let mut octets = Zeroizing::new([0; LINE]);
        let count = terminal.read(octets.as_mut_slice())?;
        let line = octets.get(..count).unwrap_or_default();
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = std::str::from_utf8(line.strip_suffix(b"\n").unwrap_or(line))
            .map_err(|_| io::Error::other("what was typed is not UTF-8"))?;
        Ok(Zeroizing::new(line.to_owned()))
    }

    fn hide(terminal: &File) -> io::Result<()> {
        // Held until it is hidden: who gives the terminal back in between waits.
        let mut question = locked();
        if matches!(*question, Question::Over) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // The end of the line alone is shown.
        hidden.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        *question = Question::Open(terminal.try_clone()?, before);
        tcsetattr(terminal, OptionalActions::Now, &hidden)?;
        Ok(())
    }

    fn answered() {
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
