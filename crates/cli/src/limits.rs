//! How many files may be open here.

/// What may be opened beside what the probes need: a list, a file of the resolver's.
const SPARE: u64 = 4;

/// Sees to it that as many probes can run at a time, as far as the system allows. How many can. Each has its connection, and so many of
/// them open another file at a time: what the resolver opens, or a second connection.
#[cfg(unix)]
pub(crate) fn places(asked: usize, twice: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let open = open_files();
    let number = |places: usize| u64::try_from(places).unwrap_or(u64::MAX);
    let twice = number(twice.min(asked));
    let needed = number(asked).saturating_add(twice).saturating_add(open + SPARE);
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|soft| soft < needed) {
        let soft = limit.maximum.map_or(needed, |hard| hard.min(needed));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(soft), ..limit }).is_ok() {
            limit.current = Some(soft);
        }
    }
    let Some(soft) = limit.current else { return asked };
    let left = soft.saturating_sub(open).saturating_sub(SPARE);
    usize::try_from(left.saturating_sub(twice.min(left / 2))).unwrap_or(usize::MAX).clamp(1, asked)
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(crate) const fn places(asked: usize, _: usize) -> usize {
    _ = SPARE;
    asked
}

#[cfg(unix)]
fn open_files() -> u64 {
    /// What a run has open before it begins, and a little more.
    const USUAL: u64 = 16;
    let Ok(entries) = std::fs::read_dir("/dev/fd") else { return USUAL };
    u64::try_from(entries.count()).unwrap_or(USUAL)
}
