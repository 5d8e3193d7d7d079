//! The runtime that everything runs on.
use std::panic;

use tokio::runtime::{Builder, Runtime};

/// One thread is enough: a probe waits for the network, and a cold start is what a person feels. Where it cannot be made, why.
pub(crate) fn runtime() -> Result<Runtime, String> {
    // tokio panics where no descriptor is left for its signals, and what it would say of it is for programmers.
    let told = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let made = panic::catch_unwind(|| Builder::new_current_thread().enable_all().build());
    panic::set_hook(told);
    match made {
        Ok(Ok(runtime)) => Ok(runtime),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("this computer has no file descriptor left".to_owned()),
    }
}
