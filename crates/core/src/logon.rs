//! What became of the credentials: as far as the server's answer tells, and no further.
use rdp_probe_wire::credssp::NtStatus;
use rdp_probe_wire::early_user_auth::EarlyUserAuthorizationResult;
use rdp_probe_wire::tls::AlertDescription;

use crate::attempt::{AttemptRecord, NotTried, Outcome};
use crate::awaited::Awaited;
use crate::close::Close;
use crate::evidence::Evidence;
use crate::fact::Observed;
use crate::failure::{Failure, FailureKind};
use crate::stage::Stage;

/// What became of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogonResult {
    /// There were none, or nobody came to the point.
    NotTried,
    /// The server proved that it knows them.
    Accepted,
    /// They are wrong, as the server says.
    Rejected,
    /// They may be right, and the account must not log on.
    AccountState,
    /// They are right, and the account must not log on from afar.
    NoRemoteRight,
    /// They could not be tested here, with what was given.
    NotTestable,
    /// The server ended it, and did not say why in a way that anybody can read.
    Unknown,
}

impl LogonResult {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NotTried,
        Self::Accepted,
        Self::Rejected,
        Self::AccountState,
        Self::NoRemoteRight,
        Self::NotTestable,
        Self::Unknown,
    ];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::NotTried => "not_tried",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::AccountState => "account_state",
            Self::NoRemoteRight => "no_remote_right",
            Self::NotTestable => "not_testable",
            Self::Unknown => "unknown",
        }
    }
}

/// What a status of a refused logon is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// User or password.
    Secret,
    /// The state of the account, or its own policy.
    Account,
    /// The right to log on from afar.
    Right,
    /// The server's domain: nobody could check.
    Domain,
    /// NTLM itself.
    Ntlm,
    /// Something else.
    Other,
}

/// The last build of Windows that has no errorCode in CredSSP ([MS-CSSP] appendix A): Windows 8 and Server 2012.
const MUTE_BEFORE: u16 = 9600;

/// What a server says that makes an errorCode of a status of SSPI (sspi-rs: the low word of it in the facility of Win32), as the status it
/// is made of; every other one as it came.
#[must_use]
pub const fn unfolded(status: NtStatus) -> NtStatus {
    match status.0 {
        0xC007_0300..=0xC007_036F => NtStatus(0x8009_0000 | (status.0 & 0xFFFF)),
        _ => status,
    }
}

/// What a status of a refused logon is about ([MS-ERREF] 2.3.1; SSPI's from winerror.h).
#[must_use]
pub const fn refusal_of(status: NtStatus) -> Refusal {
    match unfolded(status).0 {
        0xC000_006D | 0xC000_006A | 0xC000_0064 | 0x8009_030C => Refusal::Secret,
        0xC000_006E..=0xC000_0072 | 0xC000_0193 | 0xC000_0224 | 0xC000_0234 => Refusal::Account,
        0xC000_015B | 0xC000_0022 => Refusal::Right,
        0xC000_005E | 0xC000_0133 | 0xC000_018B..=0xC000_018D | 0xC000_0413 => Refusal::Domain,
        0xC000_00BB | 0xC000_0418 => Refusal::Ntlm,
        _ => Refusal::Other,
    }
}

/// Whether the peer, or somebody in between, ended the stream, and not this computer.
const fn ends(how: Close) -> bool {
    match how {
        Close::Fin | Close::Reset | Close::CloseNotify | Close::Alert(_) | Close::Broken { .. } => true,
        Close::Tunnel(end) => end.is_the_targets(),
        Close::TimedOut { .. } | Close::TlsBroken(_) | Close::Local { .. } | Close::Cancelled => false,
    }
}

impl Evidence {
    /// The connection on which the logon went out. Of all addresses it need not be the one that decides.
    fn logon(&self) -> Option<&AttemptRecord> {
        let sent = |fact: &Observed| matches!(fact, Observed::LogonSent(_));
        self.attempts.iter().find(|attempt| attempt.facts().any(sent))
    }

    /// What came of it in place of the server's proof.
    fn logon_failure(&self) -> Option<&Failure> {
        self.logon()?.failure.as_deref().filter(|failure| failure.awaiting == Awaited::ServerProof)
    }

    /// Whether the logon to the target went out.
    #[must_use]
    pub fn logon_was_sent(&self) -> bool {
        self.logon().is_some()
    }

    /// The status that the server refused the logon with, as it came.
    #[must_use]
    pub fn logon_status(&self) -> Option<NtStatus> {
        let failure = self.logon_failure()?;
        if let FailureKind::CredsspError(status) = failure.kind { Some(status) } else { None }
    }

    /// Whether the server refused the logon by the alert that says so ([MS-RDPBCGR] 5.4.5.2.2).
    #[must_use]
    pub fn logon_denied_by_alert(&self) -> bool {
        let denied = Close::Alert(AlertDescription::ACCESS_DENIED.0);
        let kind = self.logon_failure().map(|failure| &failure.kind);
        matches!(kind, Some(FailureKind::Closed { how, partial }) if *how == denied && partial.is_empty())
    }

    /// Whether the server ended the connection after the logon went out, and gave no reason: by an end of the stream, an alert that
    /// says something else, or a disconnect.
    #[must_use]
    pub fn logon_ended_without_a_reason(&self) -> bool {
        let Some(failure) = self.logon_failure().filter(|_| !self.logon_denied_by_alert()) else {
            return false;
        };
        if let FailureKind::Closed { how, partial } = &failure.kind {
            return partial.is_empty() && ends(*how);
        }
        matches!(failure.kind, FailureKind::Ultimatum(_))
    }

    /// Whether the server is of a build that has no way to say why: then an end is its answer to wrong credentials.
    #[must_use]
    pub fn cannot_say_why(&self) -> bool {
        let build = self.challenge().and_then(|(facts, _)| facts.build);
        build.is_some_and(|(_, _, build)| build < MUTE_BEFORE)
    }

    /// Whether the server proved that it knows the credentials.
    #[must_use]
    pub fn logon_accepted(&self) -> bool {
        self.logon().is_some_and(|attempt| attempt.facts().any(|fact| *fact == Observed::LogonAccepted))
    }

    /// Whether credentials were to be proven, nothing failed, and they were not tested all the same.
    #[must_use]
    pub fn logon_is_untested(&self) -> bool {
        let to_be_proven = self.plan.account.is_some() && self.plan.until.rank() >= Stage::Credssp.rank();
        // Who was never connected to was not asked for anything.
        let came_to = || self.answer().is_some() && !self.ended_at_gateways_question();
        to_be_proven && self.failure().is_none() && came_to() && !self.logon_accepted()
    }

    /// Why credentials were not tested, in words, where nothing failed.
    #[must_use]
    pub fn logon_is_untested_because(&self) -> Option<&'static str> {
        let records = self.logon_is_untested().then(|| self.path().last())??.stages.iter();
        let mut reasons = records.filter_map(|record| match record.outcome {
            Outcome::NotTried(
                why @ (NotTried::CertificateNotAccepted
                | NotTried::AccountStopped
                | NotTried::NoRestrictedAdmin),
            ) => Some(why.text()),
            Outcome::Passed | Outcome::Failed | Outcome::NotReached | Outcome::NotTried(_) => None,
        });
        Some(reasons.next().unwrap_or("the server has no logon before the session"))
    }

    /// What became of the credentials.
    #[must_use]
    pub fn logon_result(&self) -> LogonResult {
        let denied = FailureKind::NotAuthorized(EarlyUserAuthorizationResult::ACCESS_DENIED);
        if self.failure().is_some_and(|failure| failure.kind == denied) {
            return LogonResult::NoRemoteRight;
        }
        if self.logon_accepted() {
            return LogonResult::Accepted;
        }
        if self.logon_is_untested() {
            return LogonResult::NotTestable;
        }
        if let Some(status) = self.logon_status() {
            return match refusal_of(status) {
                Refusal::Secret => LogonResult::Rejected,
                Refusal::Account => LogonResult::AccountState,
                Refusal::Right => LogonResult::NoRemoteRight,
                Refusal::Domain | Refusal::Ntlm => LogonResult::NotTestable,
                Refusal::Other => LogonResult::Unknown,
            };
        }
        if self.logon_denied_by_alert() {
            return LogonResult::Rejected;
        }
        match (self.logon().is_some(), self.logon_ended_without_a_reason() && self.cannot_say_why()) {
            (true, true) => LogonResult::Rejected,
            (true, false) => LogonResult::Unknown,
            (false, _) => LogonResult::NotTried,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_sspi_that_was_folded_is_unfolded_and_no_other_is() {
        for (folded, status) in [
            (0xC007_030C, 0x8009_030C),
            (0xC007_0300, 0x8009_0300),
            (0xC007_036F, 0x8009_036F),
            (0xC007_0370, 0xC007_0370),
            (0xC007_02FF, 0xC007_02FF),
            (0xC007_00EA, 0xC007_00EA),
            (0xC000_006D, 0xC000_006D),
        ] {
            assert_eq!(unfolded(NtStatus(folded)), NtStatus(status), "{folded:08X}");
        }
        assert_eq!(refusal_of(NtStatus(0xC007_030C)), Refusal::Secret);
        assert_eq!(refusal_of(NtStatus(0xC007_00EA)), Refusal::Other);
    }
}
