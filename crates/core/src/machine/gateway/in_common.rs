//! What the states of a gateway have in common.

/// A state at the gateway: its stage, what it waits for, and what it wants.
macro_rules! at_gateway {
    (|$self:ident, $context:ident| $stage:expr, $awaiting:ident, $wants:expr) => {
        at_gateway!(|$self, $context| $stage, { Awaited::$awaiting }, $wants);
    };
    (|$self:ident, $context:ident| $stage:expr, { $awaiting:expr }, $wants:expr) => {
        fn stage(&$self) -> Stage {
            $stage
        }

        fn hop(&self) -> Hop {
            Hop::Gateway
        }

        fn awaiting(&$self) -> Awaited {
            $awaiting
        }

        fn wants<'a>(&'a $self, $context: &'a Context) -> Wants<'a> {
            $wants
        }
    };
}
pub(super) use at_gateway;

/// One that waits for a packet.
macro_rules! of_packets {
    ($stage:ident, $awaiting:ident) => {
        at_gateway!(|self, _context| Stage::$stage, $awaiting, Wants::Pdu(Framing::Tsgu));
    };
}
pub(super) use of_packets;
