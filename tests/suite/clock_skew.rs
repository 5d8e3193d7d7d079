//! How far a server's clock is ahead: its time is compared with ours when it was read, not when it arrived.
use std::time::Duration;

use rdp_probe::Stage;
use rdp_probe_testkit::machine;

use crate::scenarios;

#[test]
fn half_of_the_time_that_connecting_took_is_allowed_for_the_way_back() {
    let name = "challenge-with-the-right-clock";
    let scenario = scenarios::all().iter().find(|scenario| scenario.name == name).unwrap();
    let mut evidence = machine::play(scenario).evidence;
    let stages = &mut evidence.attempts.last_mut().unwrap().stages;
    // The answer came after ten seconds, however long connecting took.
    stages.iter_mut().flat_map(|record| &mut record.facts).for_each(|fact| fact.at = Duration::from_secs(10));
    let mut skew = |connect: Duration| {
        let stages = &mut evidence.attempts.last_mut().unwrap().stages;
        let record = stages.iter_mut().find(|record| record.stage == Stage::TcpConnect).unwrap();
        record.duration = Some(connect);
        evidence.challenge().unwrap().1.unwrap()
    };
    let near = skew(Duration::ZERO);
    // From further away the same answer was sent longer ago, and the clock that it shows is further ahead.
    for (round_trip, way_back) in [(100, 50), (1000, 500), (3000, 1500)] {
        assert_eq!(skew(Duration::from_millis(round_trip)), near + way_back, "{round_trip}");
    }
}
