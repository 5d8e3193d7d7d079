//! `--resume`: which targets a file of `-o ndjson` has a report of. Of each of them a hash is held, and nothing else.
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read as _, Write as _};
use std::path::Path;

use rdp_probe::{Host, SCHEMA_VERSION};
use serde::Deserialize;

use crate::exit::INTERRUPTED;
use crate::file::OutputFile;
use crate::keys::Keys;
use crate::quote::quoted;
use crate::words::is_rdp_file;

/// The longest line, in octets: no report is as long.
const MAX_LINE: u64 = 16 << 20;
/// As many targets are held, of each eight octets; those before them are asked once more.
const MOST: usize = 8 << 20;

/// The targets that are not asked again.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// In order.
    keys: Vec<u64>,
    /// Whether there were more than are held: those are asked once more.
    pub(crate) more: bool,
}

/// What counts of a report.
#[derive(Deserialize)]
struct Stored {
    schema_version: u64,
    target: StoredTarget,
    verdict: StoredVerdict,
}

#[derive(Deserialize)]
struct StoredTarget {
    input: String,
    host: String,
    port: u16,
}

#[derive(Deserialize)]
struct StoredVerdict {
    exit_code: u8,
}

/// The version alone: what else stands in a report of another one nobody knows.
#[derive(Deserialize)]
struct Version {
    schema_version: u64,
}

impl Done {
    /// Reads a file.
    ///
    /// # Errors
    /// Which line is no report of this version, or why it cannot be read.
    pub(crate) fn of(path: &Path, keys: &Keys) -> Result<Self, String> {
        let name = format!("--resume {}", quoted(path));
        let cannot = |error: io::Error| format!("{name}: cannot be read: {error}");
        let mut reader = BufReader::new(File::open(path).map_err(cannot)?);
        let mut done = Self::default();
        let mut line = Vec::new();
        let mut number = 0_usize;
        while next_line(&mut reader, &mut line).map_err(cannot)? {
            number += 1;
            done.forget(2 * MOST);
            match read(&line) {
                Ok(Some(stored)) if stored.verdict.exit_code != INTERRUPTED => done.keys.push(stored.key(keys)),
                // Interrupted, or the beginning of a report that nobody came to write to its end.
                Ok(_) => {}
                Err(why) => return Err(format!("{name}, line {number}: {why}")),
            }
        }
        done.forget(MOST);
        done.keys.sort_unstable();
        done.keys.shrink_to_fit();
        Ok(done)
    }

    /// Keeps the last ones, where there are more than so many.
    fn forget(&mut self, more: usize) {
        if self.keys.len() > more {
            self.keys.drain(..self.keys.len().saturating_sub(MOST));
            self.more = true;
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn has(&self, key: u64) -> bool {
        self.keys.binary_search(&key).is_ok()
    }
}

impl Stored {
    fn key(&self, keys: &Keys) -> u64 {
        let StoredTarget { input, host, port } = &self.target;
        if is_rdp_file(input) {
            return keys.of_file(input);
        }
        let host = host.parse().map_or_else(|_| Host::Name(host.clone()), Host::Ip);
        keys.of(&host, *port)
    }
}

/// The report on a line; `None` for none, and for the last one that was cut.
fn read(line: &[u8]) -> Result<Option<Stored>, String> {
    let is_whole = line.ends_with(b"\n");
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let stored = serde_json::from_slice::<Stored>(line).ok();
    let version = match &stored {
        Some(stored) => Some(stored.schema_version),
        // A later one may have its keys elsewhere.
        None => serde_json::from_slice::<Version>(line).ok().map(|version| version.schema_version),
    };
    if let Some(version) = version.filter(|version| *version != u64::from(SCHEMA_VERSION)) {
        return Err(format!(
            "a report of schema_version {version}, and this program writes {SCHEMA_VERSION}: resume it with the program that wrote it, or begin \
             another file"
        ));
    }
    match stored {
        Some(stored) => Ok(Some(stored)),
        None if !is_whole => Ok(None),
        None => Err("no report; expected what -o ndjson writes, a report on each line".to_owned()),
    }
}

/// Whether there was one; with its end, where that is not the file's.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    reader.take(MAX_LINE).read_until(b'\n', line)?;
    if u64::try_from(line.len()).is_ok_and(|len| len >= MAX_LINE) && !line.ends_with(b"\n") {
        return Err(io::Error::new(ErrorKind::InvalidData, "a line is longer than 16 MiB"));
    }
    Ok(!line.is_empty())
}

/// Takes from a file what does not count, so that reports can be put behind the others: the report that was cut, and those of targets that
/// were interrupted, which are asked again. A file that is not there stays so.
pub(crate) fn cleared(path: &Path) -> io::Result<()> {
    if !has_remains(path)? {
        return Ok(());
    }
    let mut reader = BufReader::new(File::open(path)?);
    let mut clean = BufWriter::new(OutputFile::create(path)?);
    let mut line = Vec::new();
    while next_line(&mut reader, &mut line)? {
        if counts(&line) {
            clean.write_all(line.trim_ascii_end())?;
            clean.write_all(b"\n")?;
        }
    }
    clean.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

/// Whether something has to be taken out.
fn has_remains(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while next_line(&mut reader, &mut line)? {
        if !line.ends_with(b"\n") || !counts(&line) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn counts(line: &[u8]) -> bool {
    matches!(read(line), Ok(Some(stored)) if stored.verdict.exit_code != INTERRUPTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(host: &str, code: u8) -> String {
        format!(
            "{{\"schema_version\":{SCHEMA_VERSION},\"target\":{{\"input\":\"{host}\",\"host\":\"{host}\",\"port\":9}},\"verdict\":{{\"exit_code\":{code}}}}}"
        )
    }

    fn in_file<T>(name: &str, text: &str, with: impl FnOnce(&Path) -> T) -> T {
        let path = std::env::temp_dir().join(format!("rdp-probe-done-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let result = with(&path);
        std::fs::remove_file(path).unwrap();
        result
    }

    #[test]
    fn what_was_reported_whole_is_done_and_what_was_interrupted_or_cut_is_not() {
        let [first, second, third, cut] =
            [line("srv1", 0), line("::1", 30), line("srv3", INTERRUPTED), line("srv4", 0)];
        let text = format!("{first}\n{third}\n\n{second}\n{}", &cut[..cut.len() - 9]);
        in_file("whole", &text, |path| {
            let keys = Keys::default();
            let done = Done::of(path, &keys).unwrap();
            let has = |host: Host| done.has(keys.of(&host, 9));
            assert!(has(Host::Name("SRV1".into())) && has(Host::Ip("::1".parse().unwrap())));
            assert!(!has(Host::Name("srv3".into())) && !has(Host::Name("srv4".into())));
            assert!(!done.has(keys.of(&Host::Name("srv1".into()), 10)));
            cleared(path).unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), format!("{first}\n{second}\n"));
            cleared(path).unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), format!("{first}\n{second}\n"));
        });
        // The last one is whole, but for its end of line.
        in_file("end", &first, |path| {
            cleared(path).unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), format!("{first}\n"));
        });
    }

    #[test]
    fn what_is_no_report_of_this_version_is_named_by_its_line() {
        let first = line("srv1", 0);
        for (text, part) in [
            (format!("{first}\nnothing\n{first}\n"), "line 2: no report; expected what -o ndjson writes"),
            (format!("{first}\n{{}}\n"), "line 2: no report"),
            (
                first.replace(&format!("n\":{SCHEMA_VERSION}"), "n\":99"),
                "line 1: a report of schema_version 99",
            ),
            (
                "{\"schema_version\":99,\"target\":\"srv1\"}\n".to_owned(),
                "line 1: a report of schema_version 99",
            ),
        ] {
            let error = in_file("bad", &text, |path| Done::of(path, &Keys::default()).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
        assert!(
            Done::of(Path::new("/nonexistent/x"), &Keys::default()).unwrap_err().contains("cannot be read")
        );
    }
}
