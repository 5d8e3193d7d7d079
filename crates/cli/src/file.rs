//! A file that is written beside its place, and takes that place when it is whole.
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How many names are tried for what is written beside: those before it were left by runs that were killed.
const NAMES: u32 = 100;

/// A file under way. Dropped before [`OutputFile::finish`], it leaves the place as it was.
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: io::BufWriter<File>,
    beside: Option<Beside>,
}

/// Where it is written, and where it belongs.
#[derive(Debug)]
struct Beside {
    own: PathBuf,
    place: PathBuf,
}

impl OutputFile {
    /// Begins the file. What is no regular file, such as a pipe or a terminal, is written directly.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let direct = |error: Option<io::Error>| match File::create(path) {
            Ok(file) => Ok(Self { file: io::BufWriter::new(file), beside: None }),
            Err(own) => Err(error.unwrap_or(own)),
        };
        let Some((place, before)) = replaceable(path)? else { return direct(None) };
        match Beside::create(place) {
            Ok((file, beside)) => {
                if let Some(before) = before {
                    file.set_permissions(before.permissions())?;
                }
                Ok(Self { file: io::BufWriter::new(file), beside: Some(beside) })
            }
            // A folder may take no new file, and its files be writable all the same.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                direct(Some(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Goes on with a file, or begins it; what is written stands there at once.
    pub(crate) fn append(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self { file: io::BufWriter::new(file), beside: None })
    }

    /// The file is whole.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        match self.beside.take() {
            Some(beside) => beside.take_place(),
            None => Ok(()),
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.file.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The regular file that this name leads to, with what is there today; `None` for what is to be written directly.
fn replaceable(path: &Path) -> io::Result<Option<(PathBuf, Option<fs::Metadata>)>> {
    // What stands there leads to whatever the program was given, such as its standard output.
    if path.starts_with("/dev") || path.starts_with("/proc") {
        return Ok(None);
    }
    let Ok(there) = fs::metadata(path) else {
        // A link to a file that is not there yet makes it.
        let link = fs::symlink_metadata(path).is_ok();
        return Ok((!link).then(|| (path.to_owned(), None)));
    };
    if !there.is_file() {
        return Ok(None);
    }
    // Whoever protected the file did not mean it to be replaced.
    OpenOptions::new().write(true).open(path)?;
    Ok(Some((fs::canonicalize(path)?, Some(there))))
}

impl Beside {
    fn create(place: PathBuf) -> io::Result<(File, Self)> {
        let process = std::process::id();
        let mut number = 0;
        loop {
            let own = place.with_file_name(format!(".rdp-probe-{process}-{number}.part"));
            match OpenOptions::new().write(true).create_new(true).open(&own) {
                Ok(file) => return Ok((file, Self { own, place })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < NAMES => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn take_place(self) -> io::Result<()> {
        fs::rename(&self.own, &self.place)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After it took its place there is none of that name.
        _ = fs::remove_file(&self.own);
    }
}
