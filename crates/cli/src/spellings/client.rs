//! The client's own name in front of its options, and what stands before that: shells' prompts, and programs that start programs.
use std::ffi::OsString;

/// Whose command line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Mstsc,
    FreeRdp,
    Rdesktop,
    /// With the address behind `-c`.
    Remmina,
}

/// What stands in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Front {
    pub(super) program: Program,
    /// How many words there are, the client's name among them.
    pub(super) words: usize,
    /// What leads the client through a proxy.
    pub(super) proxy: Option<&'static str>,
    /// Whether PowerShell's Start-Process starts it, which has options of its own around the client's.
    start_process: bool,
}

/// Programs of FreeRDP, and its name in Flatpak.
const FREERDP: [&str; 10] = [
    "xfreerdp",
    "xfreerdp2",
    "xfreerdp3",
    "wlfreerdp",
    "wlfreerdp3",
    "sdl-freerdp",
    "sdl-freerdp3",
    "wfreerdp",
    "wfreerdp3",
    "com.freerdp.freerdp",
];

/// Options of Start-Process that stand alone.
const START_PROCESS: [&str; 6] = ["-filepath", "-argumentlist", "-args", "-wait", "-nonewwindow", "-passthru"];

impl Front {
    /// The client's own arguments among the words behind its name.
    pub(super) fn arguments(&self, words: &[OsString]) -> Vec<OsString> {
        if !self.start_process {
            return words.to_vec();
        }
        let mut arguments = Vec::new();
        for word in words {
            let Some(text) = word.to_str() else {
                arguments.push(word.clone());
                continue;
            };
            if START_PROCESS.contains(&text.to_ascii_lowercase().as_str()) {
                continue;
            }
            // All arguments may stand in one.
            if text.starts_with('/') {
                arguments.extend(text.split_whitespace().map(OsString::from));
            } else {
                arguments.push(word.clone());
            }
        }
        arguments
    }
}

/// What stands in front of a client's options; `None` where no client's name does.
pub(super) fn front(words: &[OsString]) -> Option<Front> {
    let mut before = Before::default();
    let mut at = 0_usize;
    loop {
        let rest = words.get(at..)?;
        let word = rest.first()?.to_str()?;
        if let Some(program) = program(word) {
            let mut words = at.checked_add(1)?;
            if program == Program::Remmina {
                let behind = |index: usize| rest.get(index).and_then(|word| word.to_str());
                let connects = behind(1).is_some_and(|option| ["-c", "--connect"].contains(&option));
                if !connects || !behind(2)?.starts_with("rdp://") {
                    return None;
                }
                words = words.checked_add(1)?;
            }
            return Some(Front { program, words, proxy: before.proxy, start_process: before.start_process });
        }
        at = at.checked_add(before.take(rest)?)?;
    }
}

/// What was passed over.
#[derive(Default)]
struct Before {
    proxy: Option<&'static str>,
    start_process: bool,
}

impl Before {
    /// How many words the first one takes with it, where it stands before a program's name.
    fn take(&mut self, words: &[OsString]) -> Option<usize> {
        let text = |index: usize| words.get(index).and_then(|word| word.to_str());
        let first = text(0)?;
        // Words that begin with a hyphen, and the next one where it is the option's.
        let options = |from: usize, valued: &[&str]| {
            let mut at = from;
            while let Some(option) = text(at).filter(|word| word.starts_with('-')) {
                at += if valued.contains(&option) { 2 } else { 1 };
            }
            at
        };
        let assignments = |from: usize| {
            let mut at = from;
            while text(at).is_some_and(is_assignment) {
                at += 1;
            }
            at
        };
        if is_assignment(first) || is_prompt(first) {
            return Some(1);
        }
        Some(match stem(first).as_str() {
            "sudo" => assignments(options(1, &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T"])),
            "doas" => options(1, &["-u", "-C"]),
            "env" => assignments(options(1, &["-u", "-C"])),
            "nohup" | "exec" | "time" | "setsid" | "command" => options(1, &[]),
            "nice" => options(1, &["-n"]),
            "timeout" => {
                let at = options(1, &["-k", "-s"]);
                text(at)?.starts_with(|first: char| first.is_ascii_digit()).then_some(at + 1)?
            }
            "proxychains" | "proxychains4" => {
                self.proxy = Some("proxychains");
                options(1, &["-f"])
            }
            "torsocks" => {
                self.proxy = Some("torsocks");
                options(1, &["-a", "-P"])
            }
            "start" => {
                let mut at = 1;
                // A title in quotation marks, and options of its own.
                while text(at).is_some_and(|word| word.is_empty() || (word.starts_with('/') && word.len() < 6))
                {
                    at += 1;
                }
                at
            }
            "start-process" | "saps" => {
                self.start_process = true;
                options(1, &[])
            }
            "cmd" => text(1).filter(|word| ["/c", "/k", "/C", "/K"].contains(word)).map(|_| 2)?,
            "powershell" | "pwsh" => options(1, &[]),
            "flatpak" => text(1).filter(|word| *word == "run").map(|_| options(2, &[]))?,
            "ps" => text(1).filter(|word| word.ends_with('>')).map(|_| 2)?,
            _ => return None,
        })
    }
}

/// `NAME=value`, as shells have it before a command.
fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    let is_start = |first: char| first.is_ascii_alphabetic() || first == '_';
    name.starts_with(is_start) && name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
}

/// A shell's prompt, and PowerShell's operator that calls a program.
fn is_prompt(word: &str) -> bool {
    let ends = word.ends_with(['>', '$', '#', '%']);
    ["&", "$", "#", "%", ">"].contains(&word) || (ends && word.contains([':', '@', '\\', '/']))
}

/// The name of a program without folders, quotation marks, ending and case.
fn stem(word: &str) -> String {
    let word = word.trim_matches(['"', '\'']);
    let name = word.rsplit(['/', '\\', '>']).next().unwrap_or(word).to_ascii_lowercase();
    name.strip_suffix(".exe").map_or_else(|| name.clone(), str::to_owned)
}

/// The client that is called so.
fn program(word: &str) -> Option<Program> {
    let name = stem(word);
    // A shell of Unix takes the backslashes out of a path of Windows.
    let is_path = word.chars().nth(1) == Some(':') || word.starts_with('%');
    Some(match name.as_str() {
        "mstsc" => Program::Mstsc,
        name if is_path && name.ends_with("mstsc") => Program::Mstsc,
        "rdesktop" => Program::Rdesktop,
        "remmina" => Program::Remmina,
        name if FREERDP.contains(&name) => Program::FreeRdp,
        _ => return None,
    })
}

/// The words with the one taken apart that holds a whole command line, as it stands in quotation marks: that begins with a client's name.
pub(super) fn unquoted(words: Vec<OsString>) -> Vec<OsString> {
    let is_whole = |word: &OsString| {
        let first = word.to_str().and_then(|text| text.trim_start().split_once(char::is_whitespace));
        first.is_some_and(|(first, _)| program(first).is_some())
    };
    let Some(at) = words.iter().position(is_whole) else { return words };
    let whole = words.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let (before, behind) = words.split_at_checked(at).unwrap_or((&words, &[]));
    let own = split(whole).into_iter().map(OsString::from);
    before.iter().cloned().chain(own).chain(behind.iter().skip(1).cloned()).collect()
}

/// The words of a text, with what stands in quotation marks in one.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut quote) = (Vec::new(), None);
    let mut word: Option<String> = None;
    for letter in text.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (letter, Some(mark)) if letter == mark => quote = None,
            (letter, None) if letter.is_whitespace() => words.extend(word.take()),
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Whether it is a client's, or stands before one: what may be shown of a command line.
pub(super) fn is_program(word: &str) -> bool {
    program(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn names_of_clients_are_passed_over_with_what_stands_before() {
        for (line, program, count) in [
            ("mstsc /v:srv1", Program::Mstsc, 1),
            ("MSTSC.EXE /v:srv1", Program::Mstsc, 1),
            (r"C:\Windows\System32\mstsc.exe /v:srv1", Program::Mstsc, 1),
            (r#""C:\Windows\System32\mstsc.exe" /v:srv1"#, Program::Mstsc, 1),
            ("C:WindowsSystem32mstsc.exe /v:srv1", Program::Mstsc, 1),
            (r"%windir%\system32\mstsc.exe /v:srv1", Program::Mstsc, 1),
            (r"& C:\Windows\System32\mstsc.exe /v:srv1", Program::Mstsc, 2),
            (r"C:\Users\me>mstsc /v:srv1", Program::Mstsc, 1),
            (r"PS C:\Users\me> mstsc /v:srv1", Program::Mstsc, 3),
            ("cmd /c start mstsc /v:srv1", Program::Mstsc, 4),
            ("start /wait mstsc /v:srv1", Program::Mstsc, 3),
            ("Start-Process -FilePath mstsc.exe -ArgumentList /v:srv1", Program::Mstsc, 3),
            ("xfreerdp /v:srv1", Program::FreeRdp, 1),
            ("$ xfreerdp3 /v:srv1", Program::FreeRdp, 2),
            ("me@pc:~$ wlfreerdp /v:srv1", Program::FreeRdp, 2),
            ("/usr/bin/sdl-freerdp3 /v:srv1", Program::FreeRdp, 1),
            ("wfreerdp.exe /v:srv1", Program::FreeRdp, 1),
            ("sudo -E -u me xfreerdp /v:srv1", Program::FreeRdp, 5),
            ("env -u A DISPLAY=:0 LANG=C wlfreerdp3 /v:srv1", Program::FreeRdp, 6),
            ("DISPLAY=:0 nohup xfreerdp /v:srv1", Program::FreeRdp, 3),
            ("exec timeout -k 5 30 xfreerdp /v:srv1", Program::FreeRdp, 6),
            ("flatpak run --command=xfreerdp com.freerdp.FreeRDP /v:srv1", Program::FreeRdp, 4),
            ("nice -n 5 rdesktop srv1", Program::Rdesktop, 4),
            ("remmina -c rdp://srv1", Program::Remmina, 2),
        ] {
            let found = front(&words(line)).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.program, found.words, found.proxy), (program, count, None), "{line}");
        }
        assert_eq!(front(&words("proxychains4 -q xfreerdp /v:srv1")).unwrap().proxy, Some("proxychains"));
    }

    #[test]
    fn what_names_no_client_is_left() {
        for line in [
            "srv1 /f",
            "sudo srv1",
            "env",
            "timeout soon mstsc",
            "mstsc:3389",
            "remmina -c a.remmina",
            "cmd mstsc",
        ] {
            assert_eq!(front(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn whole_line_in_quotation_marks_is_taken_apart() {
        let whole = |word: &str| unquoted(vec!["cmd".into(), word.into(), "-q".into()]);
        let apart = |words: &[&str]| -> Vec<OsString> {
            ["cmd"].iter().chain(words).chain(&["-q"]).map(OsString::from).collect()
        };
        assert_eq!(whole("mstsc /v:srv1 /f"), apart(&["mstsc", "/v:srv1", "/f"]));
        assert_eq!(whole(" xfreerdp /p:'a \"b'  /u:"), apart(&["xfreerdp", "/p:a \"b", "/u:"]));
        for word in ["mstsc", "srv 1", "/p:mstsc /v:srv1", r"C:\Program Files\x"] {
            assert_eq!(whole(word), apart(&[word]), "{word}");
        }
    }

    #[test]
    fn arguments_of_start_process_are_the_clients() {
        let line: Vec<OsString> =
            ["Start-Process", "mstsc", "-ArgumentList", "/v:srv1 /f", "-Wait"].map(OsString::from).into();
        let front = front(&line).unwrap();
        assert_eq!(front.arguments(&line[front.words..]), words("/v:srv1 /f"));
    }
}
