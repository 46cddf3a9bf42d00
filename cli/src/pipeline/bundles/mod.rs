//! Reviewed plans: what a bundle holds, how it is sealed and found again, and whether it is still exact.

pub(super) mod bundle;
pub(super) mod chosen;
pub(super) mod compare;
pub(super) mod fit;
pub(super) mod inspect;
pub(super) mod seal;
pub(super) mod shelf;
pub(super) mod verify;
