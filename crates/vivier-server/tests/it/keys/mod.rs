//! Key-encryption keys that live elsewhere: AWS KMS against `moto`, Vault's transit engine against a stand-in that speaks its documented
//! shapes and really encrypts. (No package of Vault's own can be installed where these tests run.)

mod moto;
mod services;
mod vault;
