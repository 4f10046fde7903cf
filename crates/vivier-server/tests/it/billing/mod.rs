//! Money, against a Stripe of our own: webhooks, payments, failures of payments, and deaths at every step.

mod crash;
mod dunning;
mod faults;
mod invoices;
mod journey;
mod plans;
mod shop;
mod webhooks;
