//! What a bar is held to: by hand, or where every change has to pass.
use std::error::Error;

/// The variable that chooses the gate. `tests/run` sets it.
const VARIABLE: &str = "RDP_PROBE_GATE";

/// Where the benchmarks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// By hand: every bar is held, and who misses one looks at the machine first.
    ByHand,
    /// On a machine that others use as well: held is what does not swing.
    Steady,
}

/// What is compared. It says how much of a ratio may be the machine's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Allocations, counted.
    Allocations,
    /// Instructions, counted by callgrind.
    Instructions,
    /// Events, counted by the kernel.
    Count,
    /// The most memory that was resident.
    Memory,
    /// CPU time: others on the machine take caches and clock rate away.
    Cpu,
    /// Time on the clock: others take whole slices of it.
    Wall,
}

impl Gate {
    /// As the environment says.
    ///
    /// # Errors
    /// When the variable has a value that means nothing.
    pub(crate) fn chosen() -> Result<Self, Box<dyn Error>> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::ByHand),
            Some(value) if value == "steady" => Ok(Self::Steady),
            Some(value) => Err(format!("{VARIABLE} is {value:?}; it can be \"steady\", or not set").into()),
        }
    }

    /// How many times its bar a ratio may be.
    pub(crate) const fn times(self, kind: Kind) -> f64 {
        match (self, kind) {
            (Self::ByHand, _)
            | (Self::Steady, Kind::Allocations | Kind::Instructions | Kind::Count | Kind::Memory) => 1.0,
            (Self::Steady, Kind::Cpu) => 2.0,
            (Self::Steady, Kind::Wall) => f64::INFINITY,
        }
    }
}

impl Kind {
    /// As the benchmarks print it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Allocations => "allocations",
            Self::Instructions => "instructions",
            Self::Count => "count",
            Self::Memory => "memory",
            Self::Cpu => "CPU",
            Self::Wall => "wall clock",
        }
    }
}
