//! A target as it is named: by itself, on a line of a list, or by an .rdp file.
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;

use rdp_probe::{RdpFile, Target};
use zeroize::Zeroizing;

use crate::file_gateway::of_use;
use crate::lists::What;
use crate::options::Options;
use crate::spread::Spread;
use crate::words::is_rdp_file;
use crate::written::{self, Meant, Written};

/// What is named at once.
#[derive(Debug)]
pub(crate) enum Several {
    One(Named),
    Many(Spread),
}

/// A target, and the .rdp file that names it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) target: Target,
    pub(crate) file: Option<Box<RdpFile>>,
}

impl Several {
    /// What a line of a list names.
    ///
    /// # Errors
    /// Why there is nothing.
    pub(crate) fn of(what: What, options: &Options) -> Result<Self, String> {
        match what {
            What::Target(target) => Ok(Self::One(target.into())),
            What::Many(many) => Self::many(many, options),
            What::File(path) => rdp_file(path.as_ref(), options).map(Self::One),
        }
    }

    /// What was typed, and whether a part of that was passed over.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn typed(typed: &OsStr, options: &Options) -> Result<(Self, bool), String> {
        if is_rdp_file(typed) {
            return Ok((Self::One(rdp_file(typed, options)?), false));
        }
        let text = typed.to_str().ok_or("expected the name of a host in UTF-8")?;
        match written::meant(text, options.default_port())? {
            Meant::One(Written { target, more }) => Ok((Self::One(target.into()), more)),
            Meant::Many(many) => Ok((Self::many(many, options)?, false)),
        }
    }

    fn many(many: Spread, options: &Options) -> Result<Self, String> {
        many.fits(options.many.rate.is_some())?;
        Ok(Self::Many(many))
    }

    /// How many targets these are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(many) => usize::try_from(many.len()).unwrap_or(usize::MAX),
        }
    }
}

/// By itself.
impl From<Target> for Named {
    fn from(target: Target) -> Self {
        Self { target, file: None }
    }
}

impl Named {
    /// Whether a gateway stands before it.
    pub(crate) fn is_behind_gateway(&self, options: &Options) -> bool {
        options.gateway.gateway.is_some() || of_use(options, self.file.as_deref()).is_some()
    }

    /// Whether it is connected to from here: there is no gateway, or the direct way comes first.
    pub(crate) fn is_dialled(&self, options: &Options) -> bool {
        let by_file = of_use(options, self.file.as_deref()).is_some_and(|gateway| gateway.usage.is_detect());
        !self.is_behind_gateway(options) || options.gateway.detect || by_file
    }
}

fn rdp_file(path: &OsStr, options: &Options) -> Result<Named, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    // Nobody would end what a pipe begins, and nobody saves such a file in a device.
    if !metadata.is_file() {
        let is = if metadata.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(format!("cannot be read: it is {is}, and no file"));
    }
    // One octet more than it may have, so that the reader sees what is too much.
    let most = RdpFile::MAX_LEN.saturating_add(1);
    let len = usize::try_from(metadata.len()).unwrap_or(most).min(most);
    // With room for all of it: it may hold a token, and what grows leaves copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(len.saturating_add(1)));
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut octets)).map_err(cannot)?;
    let file = RdpFile::parse(&octets).map_err(|error| error.to_string())?;
    let mut target = file.target();
    if !file.names_port {
        target.port = options.default_port();
    }
    target.input = path.to_string_lossy().into_owned();
    Ok(Named { target, file: Some(Box::new(file)) })
}
