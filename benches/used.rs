//! What a process has used.
use std::error::Error;

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Used {
    /// The most memory that was resident, in KiB.
    pub memory: f64,
    /// CPU time, in ticks of a hundredth of a second.
    pub cpu: f64,
}

impl Used {
    /// What two runs have used: the memory of the larger one, the time of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { memory: self.memory.max(other.memory), cpu: self.cpu + other.cpu }
    }

    /// What a process has used.
    ///
    /// # Errors
    /// When it is there no more.
    pub fn by(process: u32) -> Result<Self, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        let memory = most.trim().trim_end_matches("kB").trim().parse()?;
        // proc(5): behind the name, which may have spaces, utime is the twelfth field and stime the one after it.
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no stat")?;
        let cpu = fields.split(' ').skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(Self { memory, cpu })
    }
}

/// What the children of this process have used that have ended, in ticks (proc(5): cutime and cstime, fields 16 and 17).
///
/// # Errors
/// When the kernel does not tell.
pub fn cpu_of_children() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("no stat")?;
    Ok(fields.split(' ').skip(13).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?)
}
