//! `--exclude`: what is not probed, whoever names it.
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;

use rdp_probe::{Host, Target};

use crate::lists::{Lines, Reading, What};
use crate::quote::{quoted, short};
use crate::spread::Spread;
use crate::words::{behind, is_rdp_file};
use crate::written::{self, Meant};

/// Stands for any port: no target is on it.
const ANY: u16 = 0;

/// What is left out.
#[derive(Debug, Default)]
pub(crate) struct Exclude {
    single: HashSet<(Host, u16)>,
    many: Vec<Spread>,
}

impl Exclude {
    /// Reads it all, files too.
    ///
    /// # Errors
    /// What cannot be read: nothing is probed that somebody may have meant to leave out.
    pub(crate) fn of(typed: &[OsString]) -> Result<Self, String> {
        let mut exclude = Self::default();
        for one in typed {
            if let Some(path) = behind(one, "@").map(PathBuf::from) {
                exclude.read(&path)?;
                continue;
            }
            let text = one.to_str().ok_or("--exclude: expected text in UTF-8")?;
            if is_rdp_file(one) {
                let name = written::shown(&short(one));
                return Err(format!("--exclude {name}: an .rdp file cannot be left out; name its host"));
            }
            let meant = written::meant(text, ANY);
            match meant.map_err(|error| format!("--exclude {}: {error}", written::shown(&short(one))))? {
                Meant::One(one) => exclude.add(&one.target),
                Meant::Many(many) => exclude.many.push(many),
            }
        }
        Ok(exclude)
    }

    fn read(&mut self, path: &PathBuf) -> Result<(), String> {
        let name = format!("--exclude, file {}", quoted(path));
        let file = File::open(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
        for line in Lines::new(file, name, Reading { column: None, port: ANY }) {
            let line = line?;
            match &line.what {
                Ok(What::Target(target)) => self.add(target),
                Ok(What::Many(many)) => self.many.push(many.clone()),
                Ok(What::File(_)) => {
                    return Err(format!("{}: an .rdp file cannot be left out; name its host", line.place));
                }
                Err(error) => return Err(format!("{}: {error}", line.place)),
            }
        }
        Ok(())
    }

    fn add(&mut self, target: &Target) {
        self.single.insert((target.host.bare(), target.port));
    }

    /// Whether a target is left out. What counts is what is written: no name is looked up for it.
    pub(crate) fn has(&self, target: &Target) -> bool {
        if self.single.is_empty() && self.many.is_empty() {
            return false;
        }
        let mut key = (target.host.bare(), target.port);
        if self.single.contains(&key) {
            return true;
        }
        key.1 = ANY;
        self.single.contains(&key) || self.many.iter().any(|many| many.covers(&key.0, target.port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(exclude: &[&str], target: &str) -> bool {
        let typed: Vec<OsString> = exclude.iter().map(Into::into).collect();
        Exclude::of(&typed).unwrap().has(&target.parse().unwrap())
    }

    #[test]
    fn hosts_networks_and_ranges_are_left_out_on_the_port_that_is_named_or_on_any() {
        for (exclude, out, stays) in [
            (&["10.0.0.7"][..], &["10.0.0.7", "10.0.0.7:1"][..], &["10.0.0.8"][..]),
            (&["10.0.0.7:9"], &["10.0.0.7:9"], &["10.0.0.7"]),
            (&["10.0.0.0/24"], &["10.0.0.0", "10.0.0.255:9"], &["10.0.1.0", "srv1"]),
            (&["10.0.0.0/24:9"], &["10.0.0.1:9"], &["10.0.0.1"]),
            (&["10.0.0.1-2"], &["10.0.0.2"], &["10.0.0.3"]),
            (&["SRV1", "srv2:9"], &["srv1", "srv1.", "srv2:9"], &["srv2", "srv1.lab.test"]),
            (&["SRV1.:1,2"], &["srv1:1", "srv1.:2"], &["srv1:3"]),
            (&["10.0.0.0/8"], &["[::ffff:10.0.0.7]:9"], &["[::ffff:11.0.0.7]:9"]),
            (&["10.0.0.7"], &["[::ffff:10.0.0.7]:9"], &["[::ffff:10.0.0.8]:9"]),
            (&["2001:db8::/32"], &["2001:db8::7"], &["2001:db9::7"]),
            (&["0.0.0.0/0"], &["10.0.0.7"], &["::1", "srv1"]),
        ] {
            for target in out {
                assert!(has(exclude, target), "{exclude:?} {target}");
            }
            for target in stays {
                assert!(!has(exclude, target), "{exclude:?} {target}");
            }
        }
        assert!(!has(&[], "srv1"));
    }
}
