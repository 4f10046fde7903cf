//! Stripe, as far as we use it: a client, the objects that we read, the calls that we make, and the signature of its webhooks.
//!
//! Source of the shapes: <https://docs.stripe.com/api>, version [`client::VERSION`].

mod calls;
mod client;
mod form;
pub mod objects;
pub mod signature;

pub use self::calls::{CancelHow, CheckoutAsk, LineAsk};
pub use self::client::{Stripe, StripeError, VERSION};
pub use self::form::Form;
