//! A file is not read and written in one run.
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::format::OutputSpec;
use crate::quote::quoted;
use crate::words::{behind, is_rdp_file};

/// What is read, and what is written beside the reports.
pub(crate) struct Named<'a> {
    pub(crate) targets: &'a [std::ffi::OsString],
    /// By the options that name them.
    pub(crate) files: [(&'static str, Option<&'a Path>); 8],
    pub(crate) key_log: Option<&'a Path>,
    pub(crate) outputs: &'a [OutputSpec],
}

/// Which file it is, by whatever name.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    #[cfg(unix)]
    Node(u64, u64),
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl Identity {
    /// Of a file that there is. What is no regular file can be both: a terminal is.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Self::with(&metadata, path)
    }

    #[cfg(unix)]
    fn with(metadata: &Metadata, _: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        metadata.is_file().then(|| Self::Node(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn with(metadata: &Metadata, path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        metadata.is_file().then_some(Self::Path(path))
    }

    /// Of a standard stream that leads to a file.
    #[cfg(unix)]
    fn of_stream(stream: impl std::os::fd::AsFd) -> Option<Self> {
        let file = std::fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
        Self::with(&file.metadata().ok()?, Path::new(""))
    }
}

/// What is wrong where a file would be both read and written, or written twice.
pub(crate) fn both_read_and_written(named: &Named<'_>) -> Option<String> {
    let mut read: Vec<(Identity, String)> = Vec::new();
    let mut reads = |identity: Option<Identity>, what: String| read.extend(identity.map(|one| (one, what)));
    for typed in named.targets {
        if typed == "-" {
            #[cfg(unix)]
            reads(Identity::of_stream(std::io::stdin()), "standard input".into());
        } else if let Some(path) = behind(typed, "@").map(PathBuf::from) {
            reads(Identity::of(&path), format!("the list {}", quoted(&path)));
        } else if is_rdp_file(typed) {
            reads(Identity::of(typed.as_ref()), format!("the target {}", quoted(typed)));
        }
    }
    for (option, path) in named.files {
        if let Some(path) = path {
            reads(Identity::of(path), format!("the file of {option}, {},", quoted(path)));
        }
    }
    let to_stdout = named.outputs.is_empty() || named.outputs.iter().any(|output| output.file.is_none());
    let mut written: Vec<Option<Identity>> =
        named.outputs.iter().filter_map(|output| output.file.as_deref()).map(Identity::of).collect();
    #[cfg(unix)]
    if to_stdout {
        written.push(Identity::of_stream(std::io::stdout()));
    }
    #[cfg(not(unix))]
    let _ = to_stdout;
    if let Some(path) = named.key_log {
        let key_log = Identity::of(path);
        if key_log.is_some() && written.contains(&key_log) {
            return Some(format!(
                "reports and session keys go to {}; each needs a file of its own",
                quoted(path)
            ));
        }
        written.push(key_log);
    }
    let both = read.into_iter().find(|(identity, _)| written.iter().flatten().any(|one| one == identity));
    both.map(|(_, what)| format!("{what} is what would be written to; an output needs a file of its own"))
}
