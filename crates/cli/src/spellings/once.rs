//! What may stand but once in a command line.

/// Puts it in its place, where nothing stands yet.
///
/// # Errors
/// That there are two, without what they are.
pub(super) fn once<T>(place: &mut Option<T>, value: T, option: &str) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("two {option}: which of them is meant? give one")),
    }
}
