//! Offers and answers as text: limits before any parser, and the few lines of an answer that this node decides itself.
//!
//! Owns what is checked and rewritten in a session description. Must not know peers, rooms or the engine. The plane
//! calls it with every offer, the engine's answer passes through [`answer`] on its way out.

pub(crate) mod answer;
pub(crate) mod offer;
#[cfg(test)]
mod tests;

pub(crate) use offer::{Direction, Offer, Section};
